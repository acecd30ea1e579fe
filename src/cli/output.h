/* SPDX-License-Identifier: MIT */
/*
 * What commands print: standard output carries only what was asked for. A
 * closed reader ends the output quietly.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

/* Takes the global options and the environment (NO_COLOR, locale) in. */
void output_setup(bool no_color, bool ascii);
bool output_colours(void); /* colours on standard output */
bool output_ascii(void);

/* A line of human text; bytes from outside are made harmless. */
void output_line(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* One JSON document on one line, members sorted. */
void output_json_line(const json_t *json);
/* One JSON document, indented. */
void output_json(const json_t *json);

/*
 * A table for people: a header, rows, columns as wide as their content, the
 * last one cut at the terminal's width (none when it is not a terminal).
 */
struct output_table {
	size_t columns;
	struct strv cells; /* row by row, the header first */
};
void output_table_add(struct output_table *table, const char *cell);
void output_table_print(struct output_table *table); /* and empties it */

/*
 * Asks a yes-or-no question on standard error. Without a terminal on standard
 * input, and at end of input, the answer is no.
 */
bool output_confirm(const char *question, bool default_yes);
bool output_can_ask(void);

/* Flushes; false when standard output could not be written (not: EPIPE). */
bool output_finish(void);

#endif
