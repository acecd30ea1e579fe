/* SPDX-License-Identifier: MIT */
/* Tests of allocation, its end included. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"

/* AddressSanitizer would report an impossible size instead of giving NULL. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:print_summary=0";
}

/* Kept from the compiler, which would warn of sizes that cannot be. */
static volatile size_t half = SIZE_MAX / 2;

static void
array_overflow(void)
{
	free(mem_array(half, 4));
}

static void
resize_overflow(void)
{
	free(mem_resize(NULL, half, 4));
}

static void
grow_overflow(void)
{
	size_t cap = 0;
	free(mem_grow(NULL, &cap, half + 2, 1));
}

static void
room_overflow(void)
{
	autostr struct str s = { 0 };
	str_add(&s, "x");
	str_room(&s, half * 2 + 1);
}

/* Runs it in a child, whose standard error comes back in out. */
static int
status_of(void (*run)(void), char *out, size_t size)
{
	int fds[2];
	if (pipe(fds) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		run();
		_exit(0);
	}
	close(fds[1]);
	size_t len = 0;
	ssize_t n;
	while ((n = read(fds[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(fds[0]);
	int status = -1;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ends(void)
{
	static const struct {
		const char *what;
		void (*run)(void);
	} cases[] = { { "array", array_overflow },
		{ "resize", resize_overflow }, { "grow", grow_overflow },
		{ "room", room_overflow } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[4096];
		int status = status_of(cases[i].run, out, sizeof(out));
		tap_is_int(status, 1, "%s: overflow exits 1", cases[i].what);
		/* AddressSanitizer may warn before it */
		const char *line = strstr(out, "prodigy: ");
		tap_is_text(line, "prodigy: out of memory\n",
		    "running out of memory says so in one line");
	}
}

static void
blocks(void)
{
	char *block = mem_zalloc(100);
	char zero[100] = { 0 };
	tap_ok(memcmp(block, zero, 100) == 0, "a new block is zero");
	block = mem_resize(block, 200, 1);
	tap_ok(
	    memcmp(block, zero, 100) == 0, "a resized block keeps its bytes");
	free(block);
	block = mem_zalloc(0);
	tap_ok(block != NULL, "a block of no bytes is a pointer");
	free(block);
	int *array = mem_array(10, sizeof(*array));
	tap_is_int(array[9], 0, "a new array is zero");
	free(array);
	block = mem_array(0, 8);
	tap_ok(block != NULL, "an array of none gives a pointer");
	free(block);
}

static void
growing(void)
{
	int *items = NULL;
	size_t cap = 0, grown = 0;
	for (size_t n = 0; n < 1000; n++) {
		size_t before = cap;
		items = mem_grow(items, &cap, n + 1, sizeof(*items));
		grown += cap != before;
		items[n] = (int)n;
	}
	tap_ok(cap >= 1000 && items[999] == 999,
	    "a growing array has room for all");
	tap_ok(grown < 12, "an array grows in few steps (%zu)", grown);
	free(items);
}

static void
texts(void)
{
	autofree char *copy = mem_text("abc");
	tap_is_text(copy, "abc", "a text is copied");
	tap_ok(mem_text(NULL) == NULL, "the copy of no text is none");
	autofree char *part = mem_text_n("abcdef", 3);
	tap_is_text(part, "abc", "a part of a text is copied");
	autofree char *formatted = mem_format("%s-%d", "x", 3);
	tap_is_text(formatted, "x-3", "a text is formatted");
}

int
main(void)
{
	ends();
	blocks();
	growing();
	texts();
	return tap_done();
}
