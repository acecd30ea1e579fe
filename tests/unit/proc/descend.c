/* SPDX-License-Identifier: MIT */
/* Whole trees of the zoo are killed, whatever they do to get away. */
#include "config.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proc/descend.h"
#include "proc/process.h"
#include "support.h"

struct kind {
	const char *name;
	unsigned announced; /* at least, when it is ready */
};

static const struct kind kinds[] = { { "never-read", 1 }, { "ignore-term", 1 },
	{ "new-group", 2 }, { "setsid", 2 }, { "daemon", 2 },
	{ "daemon-clean", 2 }, { "stop-self", 1 }, { "fork-forever", 1 },
	{ "close-stdout", 1 }, { "eat-memory", 1 } };

static void
test_kind(struct loop *loop, const struct kind *kind)
{
	struct seen seen = { 0 };
	start_zoo(loop, kind->name, NULL, &seen);
	turn_until(loop, says_ready, &seen);
	tap_ok(zoo_announced() >= kind->announced, "%s: %zu processes",
	    kind->name, zoo_announced());
	int64_t before = clock_now();
	bool gone = descend_kill_all();
	tap_ok(gone, "%s: all killed in %jd ms", kind->name,
	    (intmax_t)(clock_now() - before));
	tap_is_int((long long)zoo_survivors(), 0, "%s: survivors", kind->name);
	tap_ok(turn_until(loop, is_done, &seen),
	    "%s: its child is left to the child module", kind->name);
	tap_ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "%s: no zombie is left", kind->name);
	seen_release(&seen);
}

static void
test_stop_parent(struct loop *loop)
{
	struct seen seen = { 0 };
	autofree char *script =
	    mem_format("%s stop-parent %s; :", zoo_path(), zoo_pidfile());
	start_shell(loop, script, &seen);
	turn_until(loop, says_ready, &seen);
	tap_ok(descend_kill_all(), "a stopped parent is killed");
	tap_is_int((long long)zoo_survivors(), 0, "with its child");
	tap_ok(turn_until(loop, is_done, &seen), "and reaped");
	seen_release(&seen);
}

static bool
chain_is_complete(const void *arg)
{
	(void)arg;
	return zoo_announced() == 51;
}

static void
test_chain(struct loop *loop)
{
	struct seen seen = { 0 };
	start_zoo(loop, "fork-forever", NULL, &seen);
	int64_t deadline = clock_now() + PATIENCE_MS;
	autoerror struct error why = { 0 };
	while (!chain_is_complete(NULL) && clock_now() < deadline) {
		if (!loop_turn(loop, 1, &why))
			break;
	}
	tap_is_int((long long)zoo_survivors(), 51, "a chain of 51 processes");
	tap_ok(descend_kill_all(), "all killed");
	tap_is_int((long long)zoo_survivors(), 0, "none survives");
	turn_until(loop, is_done, &seen);
	seen_release(&seen);
}

/* Many at once, without a loop turning. */
static void
test_crowd(struct loop *loop)
{
	static struct seen seen[20];
	const char *pidfile = zoo_pidfile();
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		const char *argv[] = { zoo_path(),
			i % 2 == 0 ? "setsid" : "daemon-clean", pidfile, NULL };
		start(loop, argv, &seen[i]);
		turn_until(loop, says_ready, &seen[i]);
	}
	tap_ok(zoo_survivors() >= 30, "%zu processes", zoo_survivors());
	int64_t before = clock_now();
	bool gone = descend_kill_all();
	tap_ok(gone, "all killed in %jd ms", (intmax_t)(clock_now() - before));
	tap_is_int((long long)zoo_survivors(), 0, "none survives");
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		turn_until(loop, is_done, &seen[i]);
		seen_release(&seen[i]);
	}
}

static size_t
count_children(void)
{
	autopids struct pids pids = { 0 };
	return process_children(getpid(), &pids) ? pids.n : 0;
}

/* An orphan that ends is reaped by the loop. */
static void
test_stray(struct loop *loop)
{
	struct seen seen = { 0 };
	autoerror struct error why = { 0 };
	start_zoo(loop, "daemon-clean", NULL, &seen);
	turn_until(loop, is_done, &seen);
	tap_is_int((long long)count_children(), 1, "an orphan is adopted");
	zoo_clean();
	int64_t deadline = clock_now() + PATIENCE_MS;
	while (count_children() > 0 && clock_now() < deadline) {
		if (!loop_turn(loop, 1000, &why))
			break;
	}
	tap_is_int((long long)count_children(), 0, "and reaped when it ends");
	seen_release(&seen);
}

static bool
has_pid(const struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->n; i++) {
		if (pids->items[i] == pid)
			return true;
	}
	return false;
}

/* Both ways to find children, of which a kernel may offer but one. */
static void
test_children(struct loop *loop)
{
	struct seen seen = { 0 };
	autopids struct pids listed = { 0 };
	autopids struct pids scanned = { 0 };
	struct child *child = start_zoo(loop, "setsid", NULL, &seen);
	turn_until(loop, says_ready, &seen);
	tap_ok(process_children(getpid(), &listed), "children are listed");
	tap_ok(process_children_by_scan(getpid(), &scanned),
	    "children are scanned");
	tap_is_int((long long)listed.n, 1, "one is listed");
	tap_is_int((long long)scanned.n, 1, "one is scanned");
	tap_ok(has_pid(&listed, child_pid(child)) &&
		has_pid(&scanned, child_pid(child)),
	    "the right one");
	descend_kill_all();
	turn_until(loop, is_done, &seen);
	seen_release(&seen);
}

/* A shell that starts another in a session of its own, which cleans up. */
#define CLEANER                                                                \
	"trap 'echo cleaned; exit' TERM; echo ready; "                         \
	"while :; do sleep 0.05; done"

static void
test_ask(struct loop *loop)
{
	struct seen seen = { 0 };
	tap_ok(descend_is_empty(), "nothing is below");
	struct child *child = start_shell(
	    loop, "setsid sh -c \"" CLEANER "\"; echo after", &seen);
	turn_until(loop, says_ready, &seen);
	tap_ok(!descend_is_empty(), "something is below");
	descend_ask(child_pid(child));
	tap_ok(
	    turn_until(loop, is_done, &seen), "what left the group is asked");
	tap_is_text(str_text(&seen.out), "ready\ncleaned\nafter\n",
	    "and the group itself is not");
	tap_ok(descend_is_empty(), "nothing is below again");
	seen_release(&seen);
}

static void
test_end_all(struct loop *loop)
{
	struct seen seen = { 0 };
	start_shell(loop, CLEANER, &seen);
	turn_until(loop, says_ready, &seen);
	int64_t before = clock_now();
	tap_ok(descend_end_all(PATIENCE_MS), "all end when they are asked");
	tap_ok(clock_now() - before < PATIENCE_MS, "and are not waited for");
	turn_until(loop, is_done, &seen);
	tap_is_text(str_text(&seen.out), "ready\ncleaned\n",
	    "they had time to clean up");
	seen_release(&seen);
	start_zoo(loop, "ignore-term", NULL, &seen);
	turn_until(loop, says_ready, &seen);
	before = clock_now();
	tap_ok(descend_end_all(100), "who ignores that is killed");
	tap_ok(clock_now() - before >= 100, "when the time is over");
	turn_until(loop, is_done, &seen);
	seen_release(&seen);
}

static pid_t
start_with_token(struct loop *loop, const char *token, struct seen *seen)
{
	autoerror struct error why = { 0 };
	autostrv struct strv argv = { 0 };
	autostrv struct strv env = { 0 };
	strv_add(&argv, zoo_path());
	strv_add(&argv, "setsid");
	strv_add(&argv, zoo_pidfile());
	strv_env_inherit(&env);
	strv_env_set(&env, DESCEND_TOKEN, token);
	const struct child_spec spec = { .argv = strv_array(&argv),
		.env = strv_array(&env),
		.on_out = seen_out,
		.own_group = true,
		.on_done = seen_done,
		.arg = seen };
	struct child *child = child_start(loop, &spec, &why);
	if (child == NULL)
		tap_ok(false, "%s", error_text(&why));
	turn_until(loop, says_ready, seen);
	return child == NULL ? 0 : child_pid(child);
}

static void
test_sweep(struct loop *loop)
{
	struct seen ours = { 0 };
	struct seen other = { 0 };
	autofree char *job = mem_format("test-%ld", (long)getpid());
	autofree char *one = mem_format("%s/item/1", job);
	autofree char *ten = mem_format("%s/item/10", job);
	start_with_token(loop, ten, &other);
	start_with_token(loop, one, &ours);
	tap_is_int((long long)descend_sweep(""), 0, "no token means nobody");
	tap_is_int(
	    (long long)descend_sweep("test-0"), 0, "another token finds none");
	tap_is_int((long long)descend_sweep(one), 2,
	    "the token's processes are killed");
	tap_is_int((long long)zoo_wait_gone(), 0, "both of them");
	tap_ok(turn_until(loop, is_done, &ours), "the first is reaped");
	tap_is_int(other.done, 0, "a longer number is another attempt");
	tap_is_int((long long)descend_sweep(job), 2,
	    "the job's name means all its attempts");
	tap_ok(turn_until(loop, is_done, &other), "the second is reaped");
	seen_release(&ours);
	seen_release(&other);
}

/* In a child, whose parent is this process or a number that is not. */
static void
test_parent(void)
{
	pid_t us = getpid();
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		int signo = 0;
		bool ok = descend_bind_to_parent(us) &&
		    prctl(PR_GET_PDEATHSIG, &signo) == 0 && signo == SIGCONT &&
		    descend_bind_to_parent(0) && !descend_bind_to_parent(1);
		_exit(ok ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "a bound child knows its parent");
}

int
main(void)
{
	struct loop *loop = loop_new();
	test_parent();
	tap_ok(descend_adopt(), "orphans are adopted");
	tap_ok(descend_kill_all(), "nothing to kill is no failure");
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		test_kind(loop, &kinds[i]);
	test_stop_parent(loop);
	test_chain(loop);
	test_crowd(loop);
	test_stray(loop);
	test_children(loop);
	test_ask(loop);
	test_end_all(loop);
	test_sweep(loop);
	descend_kill_all();
	loop_free(loop);
	return tap_done();
}
