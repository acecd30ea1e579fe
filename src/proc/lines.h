/* SPDX-License-Identifier: MIT */
/*
 * Splits a stream of bytes into lines.
 *
 *	struct lines lines = { .fn = on_line, .arg = reader };
 *	lines_add(&lines, bytes, len);	for each piece
 *	lines_end(&lines);		the unterminated rest
 */
#ifndef PROC_LINES_H
#define PROC_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define LINES_LIMIT ((size_t)16 * 1024 * 1024)

/* A line without its newline; not terminated, valid during the call. */
typedef void lines_fn(const char *line, size_t len, void *arg);

struct lines {
	lines_fn *fn;
	void *arg;
	size_t limit; /* of one line; 0: LINES_LIMIT */
	uint64_t dropped; /* lines that were longer and are lost */
	struct str partial;
	bool skipping; /* inside a line that is too long */
};

void lines_add(struct lines *lines, const void *bytes, size_t len);
/* Passes on what came after the last newline, if anything did. */
void lines_end(struct lines *lines);
void lines_release(struct lines *lines);

#endif
