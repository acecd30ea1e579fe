/* SPDX-License-Identifier: MIT */
/* Helpers of the tests of proc. */
#include "config.h"

#include <dirent.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "proc/process.h"
#include "support.h"

#define PIDS_MAX ((size_t)1024 * 1024)

void
seen_out(const void *bytes, size_t len, void *arg)
{
	struct seen *seen = arg;
	str_add_n(&seen->out, bytes, len);
}

void
seen_err(const void *bytes, size_t len, void *arg)
{
	struct seen *seen = arg;
	str_add_n(&seen->err, bytes, len);
}

void
seen_done(const struct child_end *end, void *arg)
{
	struct seen *seen = arg;
	seen->end = *end;
	seen->done++;
}

void
seen_release(struct seen *seen)
{
	str_release(&seen->out);
	str_release(&seen->err);
	*seen = (struct seen){ 0 };
}

bool
is_done(const void *seen)
{
	return ((const struct seen *)seen)->done > 0;
}

bool
says_ready(const void *seen)
{
	const struct seen *s = seen;
	return strstr(str_text(&s->out), "ready\n") != NULL;
}

bool
turn_until(struct loop *loop, bool (*test)(const void *), const void *arg)
{
	int64_t deadline = clock_now() + PATIENCE_MS;
	autoerror struct error why = { 0 };
	while (!test(arg)) {
		int64_t left = deadline - clock_now();
		if (left <= 0)
			return false;
		if (!loop_turn(loop, left, &why))
			errx(1, "%s", error_text(&why));
	}
	return true;
}

struct child *
start(struct loop *loop, const char *const *argv, struct seen *seen)
{
	autoerror struct error why = { 0 };
	autostrv struct strv copy = { 0 };
	strv_add_all(&copy, argv);
	const struct child_spec spec = { .argv = strv_array(&copy),
		.on_out = seen_out,
		.on_err = seen_err,
		.own_group = true,
		.on_done = seen_done,
		.arg = seen };
	struct child *child = child_start(loop, &spec, &why);
	if (child == NULL)
		errx(1, "%s", error_text(&why));
	return child;
}

struct child *
start_shell(struct loop *loop, const char *script, struct seen *seen)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	return start(loop, argv, seen);
}

struct child *
start_zoo(struct loop *loop, const char *kind, const char *argument,
    struct seen *seen)
{
	const char *argv[] = { zoo_path(), kind, zoo_pidfile(), argument,
		NULL };
	return start(loop, argv, seen);
}

const char *
zoo_path(void)
{
	static char *path;
	const char *top = getenv("top_builddir");
	if (path == NULL)
		path = mem_format("%s/tests/zoo/zoo", top == NULL ? "." : top);
	return path;
}

static const char *
pidfile(void)
{
	static char path[64];
	const char *tmp = getenv("TMPDIR");
	if (path[0] == '\0')
		snprintf(path, sizeof(path), "%.20s/zoo.%ld.pids",
		    tmp == NULL || strlen(tmp) > 20 ? "/tmp" : tmp,
		    (long)getpid());
	return path;
}

static void
remove_pidfile(void)
{
	unlink(pidfile());
}

const char *
zoo_pidfile(void)
{
	static bool registered;
	remove_pidfile();
	if (!registered)
		atexit(remove_pidfile);
	registered = true;
	return pidfile();
}

/* There is none of that number, or it only waits to be reaped. */
static bool
is_gone(long pid)
{
	autofree char *path = mem_format("/proc/%ld/stat", pid);
	FILE *file = fopen(path, "re");
	char text[512] = "";
	if (file == NULL)
		return true;
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	const char *state = strrchr(text, ')');
	return n == 0 || state == NULL || strncmp(state, ") Z", 3) == 0 ||
	    strncmp(state, ") X", 3) == 0;
}

/* Calls fn, if there is one, for each that lives. */
static size_t
count_pids(bool living_only, void (*fn)(pid_t))
{
	autoerror struct error why = { 0 };
	autostr struct str text = { 0 };
	size_t n = 0;
	if (!file_read(pidfile(), PIDS_MAX, &text, &why))
		return 0;
	const char *next = str_text(&text);
	while (*next != '\0') {
		char *end = NULL;
		long pid = strtol(next, &end, 10);
		bool lives = !is_gone(pid);
		if (!living_only || lives)
			n++;
		if (lives && fn != NULL)
			fn((pid_t)pid);
		if (end == next)
			break;
		next = *end == '\n' ? end + 1 : end;
	}
	return n;
}

size_t
zoo_announced(void)
{
	return count_pids(false, NULL);
}

size_t
zoo_survivors(void)
{
	return count_pids(true, NULL);
}

size_t
zoo_wait_gone(void)
{
	int64_t deadline = clock_now() + PATIENCE_MS;
	size_t n = zoo_survivors();
	while (n > 0 && clock_now() < deadline) {
		poll(NULL, 0, 1);
		n = zoo_survivors();
	}
	return n;
}

static void
kill_one(pid_t pid)
{
	process_signal(pid, SIGKILL);
}

void
zoo_clean(void)
{
	count_pids(true, kill_one);
}

size_t
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;
	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

size_t
resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size = 0;
	unsigned long resident = 0;
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}
