/* SPDX-License-Identifier: MIT */
/* Tests of removal, of hostile trees above all. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "scratch.h"

#define DEEP 3000
#define NOBODY 65534

static bool
removed(const char *path)
{
	autoerror struct error err = { 0 };
	bool done = file_remove_tree(path, &err);
	if (!done)
		tap_note("%s", error_text(&err));
	return done && !path_exists(path);
}

static void
files(void)
{
	autoerror struct error err = { 0 };
	scratch_write("f", "x");
	tap_ok(
	    file_remove("f", &err) && !path_exists("f"), "a file is removed");
	tap_ok(file_remove("f", &err), "none is no failure");
	tap_ok(!file_remove(".", &err), "a directory is: %s", error_text(&err));
	scratch_write("f", "x");
	tap_ok(removed("f"), "a tree may be a file");
	tap_ok(removed("none"), "what is not there is no failure");
}

static void
tree(void)
{
	autoerror struct error err = { 0 };
	scratch_write("victim", "keep");
	tap_ok(path_make_dirs("outside/d", &err), "a directory outside");
	scratch_write("outside/d/f", "keep");
	tap_ok(path_make_dirs("t/a/b", &err), "a tree");
	for (int i = 0; i < 500; i++) {
		autofree char *name = mem_format("t/a/f%d", i);
		scratch_write(name, "");
	}
	scratch_write("t/a/b/-rf \n*", "");
	if (symlink("../victim", "t/link") != 0 ||
	    symlink("../../outside", "t/a/dirlink") != 0 ||
	    symlink("/", "t/a/b/root") != 0 || mkfifo("t/fifo", 0600) != 0)
		tap_ok(false, "links");
	tap_ok(removed("t"), "is removed with all its kinds of entries");
	tap_ok(path_exists("victim") && path_exists("outside/d/f"),
	    "what its links point to stays");
	tap_ok(symlink("outside", "toplink") == 0 && removed("toplink") &&
		path_exists("outside/d/f"),
	    "so it does when the tree itself is a link");
}

static void
make_deep(int levels)
{
	if (mkdir("deep", 0700) != 0)
		return;
	int at = open("deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < levels && at >= 0; i++) {
		if (mkdirat(at, "d", 0700) != 0)
			break;
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
}

static void
deep(void)
{
	const struct rlimit few = { 100, 100 };
	make_deep(DEEP);
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_NOFILE, &few);
		struct error err = { 0 };
		bool done = file_remove_tree("deep", &err);
		if (!done)
			printf("# %s\n", error_text(&err));
		error_release(&err);
		fflush(stdout);
		_exit(done ? 0 : 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "%d levels with 100 descriptors", DEEP);
	tap_ok(!path_exists("deep"), "are gone");
}

static bool
make_locked(void)
{
	struct error err = { 0 };
	bool made = path_make_dirs("locked/a/b/c", &err) &&
	    path_make_dirs("locked/e", &err);
	error_release(&err);
	scratch_write("locked/a/b/c/f", "");
	scratch_write("locked/e/f", "");
	return made && chmod("locked/a/b/c", 0) == 0 &&
	    chmod("locked/a/b", 0500) == 0 && chmod("locked/a", 0) == 0 &&
	    chmod("locked/e", 0400) == 0 && chmod("locked", 0500) == 0;
}

/* Permissions mean nothing to root, so this part is another's. */
static int
locked_as_user(void)
{
	if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		return 2;
	if (!make_locked())
		return 3;
	return removed("locked") ? 0 : 1;
}

static void
locked(void)
{
	struct stat st;
	if (mkdir("user", 0777) != 0 || chmod("user", 0777) != 0 ||
	    chmod(".", 0755) != 0 || stat("user", &st) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		int status = chdir("user") == 0 ? locked_as_user() : 4;
		fflush(stdout);
		_exit(status);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	tap_is_int(WEXITSTATUS(status), 0, "directories without permissions");
	tap_is_int(scratch_entries("user"), 0, "are gone");
}

/* A child goes on writing into the tree for a while. */
static void
busy(void)
{
	if (mkdir("busy", 0700) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0;; i++) {
			autofree char *name = mem_format("busy/%d", i);
			int fd =
			    open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
			if (fd < 0)
				_exit(0);
			close(fd);
		}
	}
	usleep(20000);
	autoerror struct error err = { 0 };
	bool done = file_remove_tree("busy", &err);
	tap_ok(done || err.code == ENOTEMPTY, "ends while another writes: %s",
	    error_text(&err));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(removed("busy"), "and removes all when the other has stopped");
}

/* Directories exchanged for links while they are being removed. */
static void
exchanged(void)
{
	struct error err = { 0 };
	pid_t pid = fork();
	if (pid == 0) {
		for (;;) {
			(void)!symlink("../outside", "race/x");
			(void)!rename("race/x", "race/y");
			(void)!mkdir("race/x", 0);
			(void)!unlink("race/y");
			(void)!symlink("../outside/d", "race/x");
		}
	}
	for (int i = 0; i < 200; i++) {
		(void)!mkdir("race", 0700);
		(void)!mkdir("race/x", 0700);
		(void)!file_remove_tree("race", &err);
		error_release(&err);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(path_exists("outside/d/f"), "nothing outside is removed");
	tap_ok(removed("race"), "and at rest the tree goes");
}

int
main(void)
{
	scratch_enter();
	files();
	tree();
	deep();
	locked();
	busy();
	exchanged();
	scratch_leave();
	return tap_done();
}
