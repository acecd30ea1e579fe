/* SPDX-License-Identifier: MIT */
/* Lines out of pieces; whole lines inside a piece are not copied. */
#include "config.h"

#include <string.h>

#include "proc/lines.h"

/* A long line's memory is not kept for the short ones that follow. */
#define PARTIAL_KEPT 65536

static size_t
limit_of(const struct lines *lines)
{
	return lines->limit == 0 ? LINES_LIMIT : lines->limit;
}

static void
empty_partial(struct lines *lines)
{
	if (lines->partial.cap > PARTIAL_KEPT)
		str_release(&lines->partial);
	else
		str_clear(&lines->partial);
}

static void
drop_line(struct lines *lines)
{
	lines->dropped++;
	lines->skipping = true;
	empty_partial(lines);
}

static void
hold(struct lines *lines, const char *bytes, size_t len)
{
	if (lines->skipping || len == 0)
		return;
	if (len > limit_of(lines) - lines->partial.len)
		drop_line(lines);
	else
		str_add_n(&lines->partial, bytes, len);
}

/* The last piece of a line: passes the line on, whole. */
static void
complete(struct lines *lines, const char *bytes, size_t len)
{
	if (!lines->skipping && lines->partial.len == 0 &&
	    len <= limit_of(lines)) {
		lines->fn(bytes, len, lines->arg);
		return;
	}
	hold(lines, bytes, len);
	if (!lines->skipping)
		lines->fn(
		    str_text(&lines->partial), lines->partial.len, lines->arg);
	lines->skipping = false;
	empty_partial(lines);
}

void
lines_add(struct lines *lines, const void *bytes, size_t len)
{
	const char *next = bytes;
	while (len > 0) {
		const char *newline = memchr(next, '\n', len);
		if (newline == NULL) {
			hold(lines, next, len);
			return;
		}
		size_t n = (size_t)(newline - next);
		complete(lines, next, n);
		next = newline + 1;
		len -= n + 1;
	}
}

void
lines_end(struct lines *lines)
{
	if (lines->partial.len > 0)
		complete(lines, "", 0);
	lines->skipping = false;
}

void
lines_release(struct lines *lines)
{
	str_release(&lines->partial);
	lines->skipping = false;
}
