/* SPDX-License-Identifier: MIT */
/*
 * Children that behave badly, one kind per word:
 *
 *	zoo KIND PIDFILE [ARGUMENT]
 *
 * Every process that takes part appends its number to PIDFILE. When all is in
 * place, "ready" appears on standard output. Nothing lives for longer than a
 * few minutes, so that a failing test leaves nothing for good; none ends while
 * a test still looks for it.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIFE_MS 300000
#define FORKS 50
#define MEMORY ((size_t)64 * 1024 * 1024)
#define CHUNK 65536

struct zoo {
	const char *self; /* the program's path */
	const char *pidfile;
	const char *argument; /* NULL if there is none */
};

struct kind {
	const char *name;
	void (*run)(const struct zoo *zoo);
};

static void
announce(const struct zoo *zoo)
{
	char line[32];
	int fd =
	    open(zoo->pidfile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int len = snprintf(line, sizeof(line), "%ld\n", (long)getpid());
	if (fd == -1 || write(fd, line, (size_t)len) != len)
		_exit(99);
	close(fd);
}

static void
say_ready(void)
{
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		_exit(98);
}

static void
linger(void)
{
	poll(NULL, 0, LIFE_MS);
	_exit(0);
}

static void
ignore_signals(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void
run_linger(const struct zoo *zoo)
{
	announce(zoo);
	say_ready();
	linger();
}

/* What a clean-up is for: PIDFILE.notes says how far it came. */
static void
note(const struct zoo *zoo, const char *text)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s.notes", zoo->pidfile) >=
	    (int)sizeof(path))
		_exit(92);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		_exit(92);
	close(fd);
}

static int
number(const struct zoo *zoo)
{
	return zoo->argument == NULL ? 0 : (int)strtol(zoo->argument, NULL, 10);
}

/* Takes its time to clean up: ARGUMENT in milliseconds. */
static void
run_slow_term(const struct zoo *zoo)
{
	sigset_t term;
	int signo = 0;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	announce(zoo);
	say_ready();
	alarm(LIFE_MS / 1000);
	sigwait(&term, &signo);
	note(zoo, "cleaning\n");
	poll(NULL, 0, number(zoo));
	note(zoo, "cleaned\n");
}

static void
run_ignore_term(const struct zoo *zoo)
{
	ignore_signals();
	run_linger(zoo);
}

/*
 * Forks; the child announces itself after leave(), and the parent goes on
 * when it has.
 */
static pid_t
fork_away(const struct zoo *zoo, void (*leave)(const struct zoo *))
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		_exit(97);
	pid_t pid = fork();
	if (pid == -1)
		_exit(96);
	if (pid == 0) {
		close(ends[0]);
		leave(zoo);
		announce(zoo);
		close(ends[1]);
		linger();
	}
	close(ends[1]);
	char byte;
	while (read(ends[0], &byte, 1) == -1 && errno == EINTR)
		continue;
	close(ends[0]);
	return pid;
}

static void
leave_group(const struct zoo *zoo)
{
	(void)zoo;
	ignore_signals();
	if (setpgid(0, 0) != 0)
		_exit(95);
}

static void
leave_session(const struct zoo *zoo)
{
	(void)zoo;
	ignore_signals();
	if (setsid() == -1)
		_exit(95);
}

static void
leave_twice(const struct zoo *zoo)
{
	leave_session(zoo);
	pid_t pid = fork();
	if (pid != 0)
		_exit(pid == -1 ? 95 : 0);
}

static void
leave_without_trace(const struct zoo *zoo)
{
	char *const argv[] = { (char[]){ "zoo" }, (char[]){ "nameless" }, NULL,
		NULL };
	char *const env[] = { NULL };
	leave_twice(zoo);
	announce(zoo);
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	execve(zoo->self, argv, env);
	_exit(94);
}

static void
run_new_group(const struct zoo *zoo)
{
	fork_away(zoo, leave_group);
	run_linger(zoo);
}

static void
run_setsid(const struct zoo *zoo)
{
	fork_away(zoo, leave_session);
	run_linger(zoo);
}

static void
run_daemon(const struct zoo *zoo)
{
	waitpid(fork_away(zoo, leave_twice), NULL, 0);
	announce(zoo);
	say_ready();
}

static void
run_daemon_clean(const struct zoo *zoo)
{
	waitpid(fork_away(zoo, leave_without_trace), NULL, 0);
	announce(zoo);
	say_ready();
}

static void
run_stop_self(const struct zoo *zoo)
{
	announce(zoo);
	say_ready();
	raise(SIGSTOP);
	linger();
}

static void
run_stop_parent(const struct zoo *zoo)
{
	announce(zoo);
	kill(getppid(), SIGSTOP);
	say_ready();
	linger();
}

/* A chain: each forks the next and stays. */
static void
run_fork_forever(const struct zoo *zoo)
{
	announce(zoo);
	say_ready();
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();
		if (pid != 0)
			linger();
		announce(zoo);
		poll(NULL, 0, 1);
	}
	linger();
}

static void
run_flood_stdout(const struct zoo *zoo)
{
	static char bytes[CHUNK];
	uintmax_t left = UINTMAX_MAX;
	if (zoo->argument != NULL)
		left = strtoumax(zoo->argument, NULL, 10);
	announce(zoo);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 26);
	while (left > 0) {
		size_t len =
		    left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
		ssize_t n = write(STDOUT_FILENO, bytes, len);
		if (n == -1)
			_exit(1);
		left -= (uintmax_t)n;
	}
}

static void
run_close_stdout(const struct zoo *zoo)
{
	announce(zoo);
	say_ready();
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	linger();
}

static void
run_read_tty(const struct zoo *zoo)
{
	char byte;
	announce(zoo);
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd == -1)
		_exit(3);
	_exit(read(fd, &byte, 1) == 1 ? 0 : 4);
}

static void
run_eat_memory(const struct zoo *zoo)
{
	char *memory = malloc(MEMORY);
	if (memory == NULL)
		_exit(93);
	for (size_t i = 0; i < MEMORY; i += 1024)
		((volatile char *)memory)[i] = (char)i;
	run_linger(zoo);
}

static void
run_kill_group(const struct zoo *zoo)
{
	announce(zoo);
	kill(0, SIGKILL);
	linger();
}

static void
run_exit(const struct zoo *zoo)
{
	announce(zoo);
	_exit(number(zoo));
}

static void
run_signal(const struct zoo *zoo)
{
	announce(zoo);
	kill(getpid(), number(zoo));
	linger();
}

static const struct kind kinds[] = {
	{ "close-stdout", run_close_stdout },
	{ "daemon", run_daemon },
	{ "daemon-clean", run_daemon_clean },
	{ "eat-memory", run_eat_memory },
	{ "exit", run_exit },
	{ "flood-stdout", run_flood_stdout },
	{ "fork-forever", run_fork_forever },
	{ "ignore-term", run_ignore_term },
	{ "kill-group", run_kill_group },
	{ "never-read", run_linger },
	{ "new-group", run_new_group },
	{ "read-tty", run_read_tty },
	{ "setsid", run_setsid },
	{ "signal", run_signal },
	{ "slow-term", run_slow_term },
	{ "stop-parent", run_stop_parent },
	{ "stop-self", run_stop_self },
};

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "nameless") == 0)
		linger();
	if (argc < 3) {
		fprintf(stderr, "usage: zoo KIND PIDFILE [ARGUMENT]\n");
		return 2;
	}
	const struct zoo zoo = { argv[0], argv[2], argc > 3 ? argv[3] : NULL };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].run(&zoo);
			return 0;
		}
	}
	fprintf(stderr, "zoo: no such kind: %s\n", argv[1]);
	return 2;
}
