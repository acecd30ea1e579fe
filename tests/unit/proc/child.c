/* SPDX-License-Identifier: MIT */
/* One child at a time: how it is started, fed, read, stopped. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proc/ladder.h"
#include "proc/process.h"
#include "support.h"

static void
test_output(struct loop *loop)
{
	struct seen seen = { 0 };
	start_shell(loop, "echo to out; echo to err >&2; exit 7", &seen);
	tap_ok(turn_until(loop, is_done, &seen), "the end of a shell is told");
	tap_is_text(
	    str_text(&seen.out), "to out\n", "what it prints comes to us");
	tap_is_text(str_text(&seen.err), "to err\n", "so do its errors");
	tap_ok(!seen.end.signalled && !seen.end.stopped_by_us,
	    "it is told to have ended by itself");
	tap_is_int(seen.end.status, 7, "its status is told");
	tap_is_int(seen.done, 1, "its end is told once");
	seen_release(&seen);
}

static void
test_signal_end(struct loop *loop)
{
	struct seen seen = { 0 };
	start_zoo(loop, "signal", "9", &seen);
	turn_until(loop, is_done, &seen);
	tap_ok(seen.end.signalled && seen.end.status == SIGKILL,
	    "death by a signal is told");
	tap_is_int(child_end_code(&seen.end), 137, "as a shell tells it");
	tap_ok(!seen.end.stopped_by_us, "and that it was not ours");
	seen_release(&seen);
	start_zoo(loop, "exit", "255", &seen);
	turn_until(loop, is_done, &seen);
	tap_is_int(child_end_code(&seen.end), 255, "a status of 255 is told");
	seen_release(&seen);
	start_zoo(loop, "kill-group", NULL, &seen);
	turn_until(loop, is_done, &seen);
	tap_is_int(child_end_code(&seen.end), 137,
	    "one that kills its own group does not reach us");
	seen_release(&seen);
}

static void
expect_failure(struct loop *loop, char *const *argv, char *const *env,
    const char *dir, int code, const char *word)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	const struct child_spec spec = { .argv = argv,
		.env = env,
		.dir = dir,
		.input = CHILD_INPUT_PIPE,
		.on_out = seen_out,
		.on_err = seen_err,
		.on_done = seen_done,
		.arg = &seen };
	size_t before = open_descriptors();
	struct child *child = child_start(loop, &spec, &why);
	tap_ok(
	    child == NULL && why.kind == ERROR_SYSTEM, "%s", error_text(&why));
	tap_is_int(why.code, code, "the failure has the code of errno");
	tap_ok(strstr(error_text(&why), word) != NULL,
	    "the failure names the %s", word);
	tap_is_int((long long)open_descriptors(), (long long)before,
	    "no descriptor stays open");
}

static void
test_failures(struct loop *loop)
{
	char truth[] = "true";
	char missing[] = "no-such-program-of-prodigy";
	char missing_path[] = "./nowhere/program";
	char directory[] = "/usr";
	char plain[] = "/etc/passwd";
	char empty[] = "";
	char no_path[] = "PATH=:.:relative";
	char *const env[] = { no_path, NULL };
	char *argv[] = { truth, NULL };
	expect_failure(loop, argv, NULL, "/nowhere", ENOENT, "directory");
	expect_failure(loop, argv, NULL, plain, ENOTDIR, "directory");
	expect_failure(loop, argv, env, "/usr/bin", ENOENT, "program");
	argv[0] = missing;
	expect_failure(loop, argv, NULL, NULL, ENOENT, "program");
	argv[0] = missing_path;
	expect_failure(loop, argv, NULL, "/", ENOENT, "program");
	argv[0] = directory;
	expect_failure(loop, argv, NULL, NULL, EACCES, "program");
	argv[0] = plain;
	expect_failure(loop, argv, NULL, NULL, EACCES, "program");
	argv[0] = empty;
	expect_failure(loop, argv, NULL, NULL, ENOENT, "program");
	size_t size = (size_t)4 * 1024 * 1024;
	autofree char *huge = mem_zalloc(size);
	memset(huge, 'x', size - 1);
	char *const long_argv[] = { truth, huge, NULL };
	expect_failure(loop, long_argv, NULL, NULL, E2BIG, "true");
}

static void
test_missing_interpreter(struct loop *loop)
{
	char path[] = "/tmp/proc-child-XXXXXX";
	int fd = mkstemp(path);
	const char text[] = "#!/no/such/interpreter\n";
	if (fd == -1 || write(fd, text, strlen(text)) == -1 ||
	    fchmod(fd, 0700) != 0)
		tap_ok(false, "writing a script");
	close(fd);
	char *const argv[] = { path, NULL };
	expect_failure(loop, argv, NULL, NULL, ENOENT, "interpreter");
	unlink(path);
}

/* 32 and 33 belong to the C library, which leaves them ignored. */
#define LIBC_SIGNALS ((uintmax_t)0x180000000)

static uintmax_t
mask_of(const struct str *status, const char *name)
{
	const char *line = strstr(str_text(status), name);
	return line == NULL ? UINTMAX_MAX
			    : strtoumax(line + strlen(name), NULL, 16);
}

/* What a child sees: only 0, 1, 2, all signals as at birth. */
static void
test_inheritance(struct loop *loop)
{
	struct seen seen = { 0 };
	int leak = open("/dev/null", O_RDONLY);
	sigset_t blocked;
	sigset_t before;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGTTOU, SIG_IGN);
	const char *const argv[] = { "cat", "/proc/self/status", NULL };
	start(loop, argv, &seen);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGTTOU, SIG_DFL);
	turn_until(loop, is_done, &seen);
	tap_is_int((long long)mask_of(&seen.out, "SigBlk:"), 0,
	    "no signal is blocked");
	tap_is_int((long long)(mask_of(&seen.out, "SigIgn:") & ~LIBC_SIGNALS),
	    0, "none is ignored");
	seen_release(&seen);
	start_shell(loop, "ls /proc/self/fd | tr '\\n' ' '", &seen);
	turn_until(loop, is_done, &seen);
	tap_is_text(str_text(&seen.out), "0 1 2 3 ",
	    "no descriptor but 0, 1, 2 (and that of ls)");
	seen_release(&seen);
	close(leak);
}

static void
test_dir_and_env(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "pwd; echo $COLOUR; /bin/cat";
	char colour[] = "COLOUR=green";
	char path[] = "PATH=/usr/bin:/bin";
	char *const argv[] = { sh, c, script, NULL };
	char *const env[] = { colour, path, NULL };
	const struct child_spec spec = { .argv = argv,
		.env = env,
		.dir = "/usr",
		.on_out = seen_out,
		.on_done = seen_done,
		.arg = &seen };
	if (child_start(loop, &spec, &why) == NULL)
		tap_ok(false, "%s", error_text(&why));
	turn_until(loop, is_done, &seen);
	tap_is_text(str_text(&seen.out), "/usr\ngreen\n",
	    "directory, environment, empty standard input");
	seen_release(&seen);
}

static void
test_given_descriptors(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "echo out; echo err >&2";
	char *const argv[] = { sh, c, script, NULL };
	char name[] = "/tmp/proc-child-XXXXXX";
	int fd = mkstemp(name);
	const struct child_spec spec = { .argv = argv,
		.out_fd = fd,
		.err_fd = fd,
		.on_done = seen_done,
		.arg = &seen };
	if (child_start(loop, &spec, &why) == NULL)
		tap_ok(false, "%s", error_text(&why));
	turn_until(loop, is_done, &seen);
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	tap_is_int(n, 8, "both outputs go to a given file");
	tap_is_text(text, "out\nerr\n", "in their order");
	unlink(name);
	close(fd);
}

/* Started from a process that has no standard input or output. */
static void
test_without_standard(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "cat; echo err >&2";
	char *const argv[] = { sh, c, script, NULL };
	const struct child_spec spec = { .argv = argv,
		.input = CHILD_INPUT_PIPE,
		.on_out = seen_out,
		.on_err = seen_err,
		.on_done = seen_done,
		.arg = &seen };
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	struct child *child = child_start(loop, &spec, &why);
	bool low = fcntl(STDIN_FILENO, F_GETFD) != -1 ||
	    fcntl(STDOUT_FILENO, F_GETFD) != -1;
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	tap_ok(child != NULL && !low, "started without descriptors 0 and 1");
	child_feed(child, "fed ", 4);
	child_feed_end(child);
	turn_until(loop, is_done, &seen);
	tap_is_text(str_text(&seen.out), "fed ", "input and output are right");
	tap_is_text(str_text(&seen.err), "err\n", "and errors");
	seen_release(&seen);
}

static void
test_idle(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	unsigned turns = 0;
	start_shell(loop, "sleep 0.3", &seen);
	while (seen.done == 0 && turns < 1000) {
		turns++;
		if (!loop_turn(loop, -1, &why))
			break;
	}
	/* The end of two pipes, the signal, the last callback. */
	tap_ok(turns <= 5, "a sleeping child costs nothing: %u turns", turns);
	seen_release(&seen);
}

static void
test_feeding(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	char cat[] = "cat";
	char *const argv[] = { cat, NULL };
	const struct child_spec spec = { .argv = argv,
		.input = CHILD_INPUT_PIPE,
		.on_out = seen_out,
		.on_done = seen_done,
		.arg = &seen };
	struct child *child = child_start(loop, &spec, &why);
	child_feed(child, "one ", 4);
	for (int i = 0; i < 10; i++) {
		if (!loop_turn(loop, 10, &why))
			tap_ok(false, "%s", error_text(&why));
	}
	tap_is_int(seen.done, 0, "the input stays open");
	child_feed(child, "two", 3);
	child_feed_end(child);
	child_feed(child, "three", 5);
	turn_until(loop, is_done, &seen);
	tap_is_text(str_text(&seen.out), "one two",
	    "what was fed before the end arrives");
	seen_release(&seen);
}

static void
test_closed_input(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "exec <&-; echo closed; read x <&1 || exit 5";
	char *const argv[] = { sh, c, script, NULL };
	const struct child_spec spec = { .argv = argv,
		.input = CHILD_INPUT_PIPE,
		.on_out = seen_out,
		.on_done = seen_done,
		.arg = &seen };
	struct child *child = child_start(loop, &spec, &why);
	static char bytes[1000000];
	child_feed(child, bytes, sizeof(bytes));
	child_feed_end(child);
	tap_ok(turn_until(loop, is_done, &seen),
	    "a child that closes its input does no harm");
	tap_is_text(str_text(&seen.out), "closed\n", "and is heard");
	seen_release(&seen);
}

static void
test_ladder(struct loop *loop)
{
	static const char *const stubborn[] = { "ignore-term", "stop-self",
		"new-group", "never-read", "eat-memory", "close-stdout" };
	for (size_t i = 0; i < COUNT_OF(stubborn); i++) {
		struct seen seen = { 0 };
		struct child *child = start_zoo(loop, stubborn[i], NULL, &seen);
		turn_until(loop, says_ready, &seen);
		int64_t before = clock_now();
		child_stop(child, 100);
		tap_ok(turn_until(loop, is_done, &seen), "%s is stopped",
		    stubborn[i]);
		int64_t took = clock_now() - before;
		tap_ok(took < PATIENCE_MS, "within %jd ms", (intmax_t)took);
		tap_ok(seen.end.signalled && seen.end.stopped_by_us,
		    "by signal %d, which was ours", seen.end.status);
		zoo_clean(); /* what made itself a group of its own */
		seen_release(&seen);
	}
}

static void
test_term_first(struct loop *loop)
{
	struct seen seen = { 0 };
	struct child *child = start_shell(loop,
	    "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; "
	    "done",
	    &seen);
	turn_until(loop, says_ready, &seen);
	child_stop(child, PATIENCE_MS);
	turn_until(loop, is_done, &seen);
	tap_is_int(child_end_code(&seen.end), 3, "SIGTERM comes first");
	tap_is_text(str_text(&seen.out), "ready\nbye\n",
	    "and the last words are heard");
	seen_release(&seen);
	child = start_zoo(loop, "ignore-term", NULL, &seen);
	turn_until(loop, says_ready, &seen);
	child_signal(child, SIGTERM);
	child_kill(child);
	turn_until(loop, is_done, &seen);
	tap_ok(seen.end.status == SIGKILL && seen.end.stopped_by_us,
	    "child_kill() does not wait");
	seen_release(&seen);
}

/* What a shell started has its time, though the shell dies at once. */
static void
test_grace_of_group(struct loop *loop)
{
	struct seen seen = { 0 };
	struct child *child = start_shell(loop,
	    "sh -c \"trap 'sleep 0.3; echo cleaned; exit' TERM; echo ready; "
	    "while :; do sleep 0.05; done\"; echo after",
	    &seen);
	turn_until(loop, says_ready, &seen);
	child_stop(child, 2 * PATIENCE_MS);
	tap_ok(turn_until(loop, is_done, &seen),
	    "the grace ends with the last of the group");
	tap_is_text(str_text(&seen.out), "ready\ncleaned\n",
	    "what the shell started could clean up");
	tap_is_int(seen.end.status, SIGTERM, "the shell's own end is told");
	seen_release(&seen);
}

static bool
has_no_leader(const void *arg)
{
	return process_signal(*(const pid_t *)arg, 0) == false;
}

static void
test_grace_over(struct loop *loop)
{
	struct seen seen = { 0 };
	autofree char *script = mem_format(
	    "%s ignore-term %s; echo after", zoo_path(), zoo_pidfile());
	struct child *child = start_shell(loop, script, &seen);
	turn_until(loop, says_ready, &seen);
	int64_t before = clock_now();
	child_stop(child, 400);
	child_stop(child, PATIENCE_MS);
	turn_until(loop, is_done, &seen);
	tap_ok(clock_now() - before >= 400,
	    "who ignores SIGTERM below a shell has its time");
	tap_is_int((long long)zoo_wait_gone(), 0, "and no more");
	seen_release(&seen);

	child = start_shell(loop, script, &seen);
	turn_until(loop, says_ready, &seen);
	pid_t leader = child_pid(child);
	child_stop(child, 2 * PATIENCE_MS);
	turn_until(loop, has_no_leader, &leader);
	tap_is_int((long long)zoo_survivors(), 1, "its shell is gone first");
	child_kill(child);
	tap_ok(turn_until(loop, is_done, &seen),
	    "a kill ends the grace of what is left");
	tap_is_int((long long)zoo_wait_gone(), 0, "all of it");
	seen_release(&seen);

	child = start_shell(loop, script, &seen);
	turn_until(loop, says_ready, &seen);
	leader = child_pid(child);
	child_stop(child, 2 * PATIENCE_MS);
	turn_until(loop, has_no_leader, &leader);
	child_abandon(child);
	tap_is_int((long long)zoo_wait_gone(), 0,
	    "nothing is left of one that is abandoned meanwhile");
	seen_release(&seen);
}

/* A group that outlives its leader is killed, or kept, at reaping. */
static void
test_leftovers(struct loop *loop)
{
	struct seen seen = { 0 };
	autofree char *script = mem_format(
	    "%s never-read %s & while ! test -s %s; do sleep 0.01; done",
	    zoo_path(), zoo_pidfile(), zoo_pidfile());
	int64_t before = clock_now();
	start_shell(loop, script, &seen);
	turn_until(loop, is_done, &seen);
	tap_is_int((long long)zoo_announced(), 1, "a background process");
	tap_is_int(
	    (long long)zoo_wait_gone(), 0, "is gone when its shell is done");
	tap_ok(clock_now() - before < PATIENCE_MS && seen.end.status == 0,
	    "though it held the pipe");
	seen_release(&seen);
}

static void
test_kept_group(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	char sh[] = "sh";
	char c[] = "-c";
	autofree char *script = mem_format(
	    "%s never-read %s >/dev/null & while ! test -s %s; do sleep 0.01; "
	    "done; echo $!",
	    zoo_path(), zoo_pidfile(), zoo_pidfile());
	char *const argv[] = { sh, c, script, NULL };
	const struct child_spec spec = { .argv = argv,
		.on_out = seen_out,
		.own_group = true,
		.keep_group_on_exit = true,
		.on_done = seen_done,
		.arg = &seen };
	if (child_start(loop, &spec, &why) == NULL)
		tap_ok(false, "%s", error_text(&why));
	turn_until(loop, is_done, &seen);
	tap_is_int((long long)zoo_survivors(), 1,
	    "keep_group_on_exit spares what is left");
	pid_t pid = (pid_t)strtol(str_text(&seen.out), NULL, 10);
	tap_ok(process_signal(pid, SIGKILL), "until somebody kills it");
	seen_release(&seen);
}

static void
test_daemon(struct loop *loop)
{
	struct seen seen = { 0 };
	int64_t before = clock_now();
	start_zoo(loop, "daemon", NULL, &seen);
	turn_until(loop, is_done, &seen);
	int64_t took = clock_now() - before;
	tap_ok(took >= LADDER_DRAIN_MS - 1 && took < PATIENCE_MS,
	    "a daemon with the pipe holds us for the drain only (%jd ms)",
	    (intmax_t)took);
	tap_is_int(seen.end.status, 0, "the child's own end counts");
	tap_is_text(str_text(&seen.out), "ready\n", "its output is there");
	tap_is_int((long long)zoo_survivors(), 1, "the daemon got away");
	zoo_clean();
	seen_release(&seen);
}

static void
test_terminal(struct loop *loop)
{
	struct seen seen = { 0 };
	start_zoo(loop, "read-tty", NULL, &seen);
	tap_ok(turn_until(loop, is_done, &seen),
	    "reading the terminal does not stop a child");
	tap_is_int(child_end_code(&seen.end), 3, "there is none to read");
	seen_release(&seen);
}

static void
test_abandon(struct loop *loop)
{
	struct seen seen = { 0 };
	struct child *child = start_zoo(loop, "stop-self", NULL, &seen);
	pid_t pid = child_pid(child);
	turn_until(loop, says_ready, &seen);
	child_abandon(child);
	tap_ok(kill(pid, 0) == -1 && errno == ESRCH,
	    "an abandoned child is dead and reaped");
	start_zoo(loop, "ignore-term", NULL, &seen);
	start_zoo(loop, "never-read", NULL, &seen);
	child_abandon_all(loop);
	tap_is_int((long long)zoo_survivors(), 0, "all of them");
	tap_is_int(seen.done, 0, "without a callback");
	seen_release(&seen);
}

int
main(void)
{
	struct loop *loop = loop_new();
	test_output(loop);
	test_signal_end(loop);
	test_failures(loop);
	test_missing_interpreter(loop);
	test_inheritance(loop);
	test_dir_and_env(loop);
	test_given_descriptors(loop);
	test_without_standard(loop);
	test_idle(loop);
	test_feeding(loop);
	test_closed_input(loop);
	test_ladder(loop);
	test_term_first(loop);
	test_grace_of_group(loop);
	test_grace_over(loop);
	test_leftovers(loop);
	test_kept_group(loop);
	test_daemon(loop);
	test_terminal(loop);
	test_abandon(loop);
	child_abandon_all(loop);
	loop_free(loop);
	return tap_done();
}
