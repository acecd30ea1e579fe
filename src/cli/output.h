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

/* Takes the option --ascii and the locale in. */
void output_setup(bool ascii);
/* Whether only ASCII is to be printed: asked for, or all the locale has. */
bool output_ascii(void);

/* A line of human text; bytes from outside are made harmless. */
void output_line(const char *fmt, ...) PRINTF_LIKE(1, 2);
/*
 * The content of a file as it is; at a terminal its bytes are made harmless,
 * line by line, and a very long line is cut.
 */
bool output_file(const char *path, struct error *err) MUST_USE;
/*
 * One JSON document on one line, members sorted. Controls in its values are
 * escaped, so that none reaches a terminal.
 */
void output_json_line(const json_t *json);
/* One JSON document, indented; else the same. */
void output_json(const json_t *json);

/*
 * A table for people: a header and rows. Columns are as wide as their content,
 * the last one is cut at the terminal's width. What goes to no terminal is not
 * cut.
 */
struct output_table {
	size_t columns;
	struct strv cells; /* row by row, the header first */
};
void output_table_add(struct output_table *table, const char *cell);
/* Prints the table and empties it. */
void output_table_print(struct output_table *table);

/*
 * Asks a yes-or-no question on standard error. Without a terminal on standard
 * input, and at end of input, the answer is no.
 */
bool output_confirm(const char *question, bool default_yes);
/* Whether there is a terminal to ask at, and PRODIGY_AUTOMATION allows it. */
bool output_can_ask(void);

/*
 * Flushes. False when standard output could not be written: said on standard
 * error, but for a reader that has closed it.
 */
bool output_finish(void);

#endif
