/* SPDX-License-Identifier: MIT */
/* Scope clean-up and the end of a program with a bug. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/defs.h"

void
cleanup_free(void *pointer_to_pointer)
{
	void *block;
	memcpy(&block, pointer_to_pointer, sizeof(block));
	free(block);
}

void
cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void
bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list args;
	fprintf(stderr, "prodigy: bug: %s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
