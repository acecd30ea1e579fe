/* SPDX-License-Identifier: MIT */
/* Tests of kernel locks between processes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "scratch.h"

#define ROUNDS 300
#define RACERS 4

static void
taking(void)
{
	autoerror struct error err = { 0 };
	struct stat st;
	tap_ok(!lock_is_held("l") && access("l", F_OK) != 0,
	    "looking at a lock creates no file");
	int fd = lock_take("l", "pid 77 on host\nmore", &err);
	tap_ok(fd >= 0, "a free lock is taken: %s", error_text(&err));
	tap_ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
	    "its descriptor is not inherited");
	tap_ok(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600,
	    "its file is for the owner only");
	tap_ok(lock_is_held("l"), "a taken lock is held");
	tap_is_int(lock_take("l", "other", &err), -1,
	    "a held lock is not taken again");
	tap_is_int(err.kind, ERROR_STATE, "the failure is one of state");
	tap_is_text(error_text(&err), "l is locked by pid 77 on host",
	    "the message says by whom it is held");
	error_release(&err);
	close(fd);
	tap_ok(!lock_is_held("l"), "a closed descriptor releases the lock");
	fd = lock_take("l", "b", &err);
	autostr struct str content = { 0 };
	tap_ok(file_read("l", 100, &content, &err),
	    "the file of a lock can be read");
	tap_is_text(str_text(&content), "b", "it names the holder of now");
	close(fd);
}

static void
refused(void)
{
	autoerror struct error err = { 0 };
	scratch_write("victim", "keep");
	if (symlink("victim", "link") != 0)
		return;
	tap_is_int(lock_take("link", "x", &err), -1,
	    "a lock that is a link is refused");
	tap_is_int(err.code, ELOOP, "the failure says that it is a link");
	error_release(&err);
	tap_is_int(
	    lock_take("none/l", NULL, &err), -1, "a lock needs its directory");
	tap_is_int(err.kind, ERROR_SYSTEM, "%s", error_text(&err));
}

static void
directories(void)
{
	autoerror struct error err = { 0 };
	if (mkdir("d", 0700) != 0 || symlink("d", "dlink") != 0)
		return;
	int fd = lock_take("d", NULL, &err);
	tap_ok(fd >= 0, "a directory can be locked: %s", error_text(&err));
	tap_ok(lock_is_held("d"), "a locked directory is held");
	tap_is_int(lock_take("d", NULL, &err), -1,
	    "a held directory is not taken again");
	tap_is_text(error_text(&err), "d is locked",
	    "the message says that it is locked");
	error_release(&err);
	close(fd);
	tap_ok(
	    !lock_is_held("d"), "a closed descriptor releases the directory");
	tap_is_int(scratch_entries("d"), 0,
	    "a lock on a directory makes nothing in it");
	tap_is_int(lock_take("dlink", NULL, &err), -1,
	    "a link to a directory is not locked");
	error_release(&err);
	tap_is_int(lock_take("d", "x", &err), -1,
	    "a directory has no place for a name");
}

/* A holder that is killed leaves nothing behind. */
static void
dead_holder(void)
{
	autoerror struct error err = { 0 };
	int ready[2];
	char byte;
	if (pipe(ready) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		int held = lock_take("dead", "child", &err);
		(void)!write(ready[1], held >= 0 ? "y" : "n", 1);
		for (;;)
			pause();
	}
	tap_ok(read(ready[0], &byte, 1) == 1 && byte == 'y',
	    "a child takes the lock");
	tap_is_int(lock_take("dead", NULL, &err), -1,
	    "a lock that a child has is refused");
	error_release(&err);
	tap_is_int(lock_wait("dead", clock_now() + 30, &err), -1,
	    "waiting for it ends at the deadline");
	tap_is_int(err.kind, ERROR_STATE, "%s", error_text(&err));
	error_release(&err);
	kill(pid, SIGKILL);
	int fd = lock_wait("dead", clock_now() + 10000, &err);
	tap_ok(fd >= 0, "taken when the child dies: %s", error_text(&err));
	waitpid(pid, NULL, 0);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

/* Adds one to the number in a file, under the lock, many times. */
static int
race(void)
{
	struct error err = { 0 };
	for (int i = 0; i < ROUNDS; i++) {
		struct str number = { 0 };
		int fd = lock_wait("race", clock_now() + 60000, &err);
		if (fd < 0 || !file_read("number", 100, &number, &err))
			return 1;
		int n = (int)strtol(str_text(&number), NULL, 10) + 1;
		str_clear(&number);
		str_format(&number, "%d", n);
		scratch_write("number", str_text(&number));
		str_release(&number);
		close(fd);
		lock_is_held("race");
	}
	return 0;
}

static void
racing(void)
{
	autoerror struct error err = { 0 };
	autostr struct str number = { 0 };
	scratch_write("number", "0");
	for (int i = 0; i < RACERS; i++)
		if (fork() == 0)
			_exit(race());
	int failures = 0, status;
	while (wait(&status) > 0)
		failures += status != 0;
	tap_is_int(failures, 0, "all racers got there");
	tap_ok(file_read("number", 100, &number, &err),
	    "the number of the race is read");
	tap_is_int(strtol(str_text(&number), NULL, 10), RACERS * ROUNDS,
	    "never two at once");
}

/* Those who only look never make a taker fail. */
static void
looking(void)
{
	struct error err = { 0 };
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			lock_is_held("looked");
	int refusals = 0;
	for (int i = 0; i < 2000; i++) {
		int fd = lock_take("looked", NULL, &err);
		refusals += fd < 0;
		error_release(&err);
		if (fd >= 0)
			close(fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(
	    refusals < 20, "%d of 2000 refused while another looks", refusals);
}

int
main(void)
{
	scratch_enter();
	taking();
	refused();
	directories();
	dead_holder();
	racing();
	looking();
	scratch_leave();
	return tap_done();
}
