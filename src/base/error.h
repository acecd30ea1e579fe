/* SPDX-License-Identifier: MIT */
/*
 * A failure as a value: a kind that decides exit code and retry, the errno it
 * came from (0 if none), and a text that reads from the outside in:
 *
 *	workflow.yml:12:3: map.filter: unexpected ')' after '&&'
 *
 * A fallible function returns bool (or a pointer, NULL on failure) and takes a
 * struct error * last, never NULL. It leaves it untouched on success and sets
 * it exactly once on failure; callers add context with error_wrap(). Errors
 * are printed once, at the top.
 *
 *	if (!workflow_load(path, &workflow, err))
 *		return error_wrap(err, "workflow %s", path);
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE, /* the command line is wrong: exit 2 */
	ERROR_INPUT, /* a file or value the user gave is wrong */
	ERROR_SYSTEM, /* a system call failed */
	ERROR_NO_SPACE, /* ENOSPC, EDQUOT: the job pauses */
	ERROR_STORAGE, /* fsync or journal failed: the job stops */
	ERROR_STATE, /* saved state is missing, damaged or held */
	ERROR_GIT, /* git said no */
	ERROR_COMMAND, /* a step's command failed */
	ERROR_TIMEOUT,
	ERROR_CANCELLED, /* by signal or by the user */
	ERROR_UNSUPPORTED, /* a feature that is not built yet */
	ERROR_KINDS
};

struct error {
	enum error_kind kind;
	int code; /* errno, or 0 */
	char *text; /* owned; NULL while there is no error */
};

#define autoerror __attribute__((__cleanup__(error_release)))

/* All of these return false, so that "return error_set(...)" reads well. */
bool error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Appends ": " and the text of errno; ENOSPC and EDQUOT become NO_SPACE. */
bool error_system(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts "context: " in front of the text there is. */
bool error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

const char *error_text(const struct error *err); /* never NULL */
/* The program's exit status for a failure of this kind. */
int error_exit_code(enum error_kind kind);
/* Gives the failure to another variable (which must be empty). */
void error_move(struct error *to, struct error *from);
void error_release(struct error *err); /* empties it: usable again */

/*
 * Several findings at once, for checks that report everything. Each entry is
 * a complete text with its place.
 */
struct error_list {
	struct error *items;
	size_t n;
	size_t cap;
};

/* Takes the failure out of err. */
void error_list_add(struct error_list *list, struct error *err);
void error_list_release(struct error_list *list);

#endif
