/* SPDX-License-Identifier: MIT */
/*
 * Why something failed, in one line for people, and as a signature by which
 * failures of one kind are found together.
 */
#ifndef PLAN_CAUSE_H
#define PLAN_CAUSE_H

#include <jansson.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"
#include "plan/failure.h"

#define CAUSE_CHARACTERS 200 /* of a line */

/*
 * The line in which a program says why it failed: the last one of its standard
 * error that says something, or else of its output. Frames of a stack, marks
 * below quoted source, counts of errors, and what make, npm and the like add
 * when one of their commands has failed say nothing. One line of visible
 * characters; NULL when nothing was printed. Allocated.
 */
char *cause_find(const struct str *err, const struct str *out) MUST_USE;

/*
 * The failure in one line: "exit 3: undefined reference to 'main'". What the
 * program said comes from failure->said; without it, and for what is no end of
 * a program, the line is from the message. NULL for no failure. Allocated.
 */
char *cause_line(const struct failure *failure) MUST_USE;

/*
 * "CommandFailed::undefined reference to '*'": the type of the failure and its
 * line, in which numbers are N, hexadecimal digits and ids HEX, paths PATH,
 * what stands between quotes *, and texts of the item's data (may be NULL)
 * ITEM. Allocated.
 */
char *cause_signature(
    const struct failure *failure, const json_t *data) MUST_USE;

#endif
