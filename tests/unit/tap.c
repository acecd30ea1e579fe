/* SPDX-License-Identifier: MIT */
/* Test Anything Protocol for C tests. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static int checks;
static int failures;

static void
print_note(const char *label, const char *text)
{
	printf("#   %s: ", label);
	for (const char *c = text == NULL ? "(null)" : text; *c != '\0'; c++) {
		putchar(*c);
		if (*c == '\n')
			printf("#     ");
	}
	putchar('\n');
}

/* One line, and no '#' that would be read as a directive. */
__attribute__((__format__(printf, 1, 0))) static void
print_name(const char *fmt, va_list args)
{
	char *name = NULL;
	if (vasprintf(&name, fmt, args) < 0)
		abort();
	for (const char *c = name; *c != '\0'; c++)
		fputs(*c == '\n'    ? "\\n"
			: *c == '#' ? "\\#"
				    : (char[]){ *c, '\0' },
		    stdout);
	free(name);
}

__attribute__((__format__(printf, 2, 0))) static bool
report(bool held, const char *fmt, va_list args)
{
	checks++;
	if (!held)
		failures++;
	printf("%sok %d - ", held ? "" : "not ", checks);
	print_name(fmt, args);
	putchar('\n');
	fflush(stdout);
	return held;
}

bool
tap_ok(bool held, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report(held, fmt, args);
	va_end(args);
	return held;
}

bool
tap_is_text(const char *got, const char *want, const char *fmt, ...)
{
	bool held = got == want ||
	    (got != NULL && want != NULL && strcmp(got, want) == 0);
	va_list args;
	va_start(args, fmt);
	report(held, fmt, args);
	va_end(args);
	if (!held) {
		print_note("got", got);
		print_note("want", want);
	}
	return held;
}

bool
tap_is_int(long long got, long long want, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report(got == want, fmt, args);
	va_end(args);
	if (got != want)
		printf("#   got: %lld, want: %lld\n", got, want);
	return got == want;
}

void
tap_note(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}

void
tap_skip(const char *why)
{
	checks++;
	printf("ok %d # SKIP %s\n", checks, why);
}

int
tap_done(void)
{
	printf("1..%d\n", checks);
	return failures == 0 ? 0 : 1;
}
