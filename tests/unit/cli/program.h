/* SPDX-License-Identifier: MIT */
/*
 * Command lines run within the test: standard input comes from a text, and
 * what is printed is caught in temporary files or at a pseudo terminal.
 */
#ifndef UNIT_CLI_PROGRAM_H
#define UNIT_CLI_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>

#include "base/str.h"
#include "cli/command.h"
#include "pty.h"

struct program {
	/* Set before a run; what is not set is as from an empty file. */
	const struct command *root; /* NULL: that of prodigy */
	const char *input; /* what standard input gives */
	const struct pty *pty; /* instead of input and of both outputs */
	/* What the last run gave. */
	int status;
	struct str out;
	struct str err;
};

#define autoprogram __attribute__((__cleanup__(program_release)))

/*
 * Catches what is printed from here to program_end(), which puts it into out
 * and err. No check may be made in between: TAP goes to standard output, too.
 */
void program_begin(struct program *program);
void program_end(struct program *program);
/* Runs "prodigy" with these words; a NULL ends them. */
void program_run(struct program *program, ...) __attribute__((sentinel));
void program_release(struct program *program);

/* Checks: status, and what was printed. */
bool program_ended(const struct program *program, int status, const char *name);
bool program_printed(
    const struct program *program, const char *text, const char *name);
bool program_said(
    const struct program *program, const char *text, const char *name);
/* Checks that a text occurs in another one. */
bool program_has(const char *text, const char *part, const char *name);
/* The one JSON document on standard output; a failed check when it is none. */
json_t *program_json(const struct program *program);

#endif
