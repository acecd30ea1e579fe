/* SPDX-License-Identifier: MIT */
/*
 * Why something failed, as one value: made where it happens, and carried
 * unchanged from a step's outcome through the agent's result to the
 * supervisor, the journal, the dead letter, the event and the screen.
 *
 * struct error (base/error.h) is how a function reports that it could not do
 * its work; a failure is what is said about a step, an attempt or a phase. All
 * zero is "no failure".
 */
#ifndef PLAN_FAILURE_H
#define PLAN_FAILURE_H

#include <jansson.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "data/record.h"

enum failure_cause {
	CAUSE_NONE, /* it succeeded */
	CAUSE_COMMAND, /* a command failed: see exit_code */
	CAUSE_TIMEOUT,
	CAUSE_COMMIT_REQUIRED, /* a commit was required, and none was made */
	CAUSE_WORKTREE, /* the work tree could not be made, read or merged */
	CAUSE_INPUT, /* input, filter, interpolation: not the command's fault */
	CAUSE_RESOURCE, /* E2BIG, ENOSPC, EMFILE, ... */
	CAUSE_CLAUDE, /* claude reported a failure; message says which */
	CAUSE_CANCELLED, /* it was told to stop */
	CAUSE_LOST, /* the agent process ended without a result */
	CAUSE_MERGE_CONFLICT,
	CAUSE_REPOSITORY, /* it committed a link to another repository */
	FAILURE_CAUSES
};

struct failure {
	enum failure_cause cause;
	int exit_code; /* as a shell would see it; 0 when there is none */
	char *message; /* complete, for people; NULL when cause is NONE */
	char *said; /* the line in which the program said why, or NULL */
	struct strv context; /* where it happened, from the outside in */
	char *step; /* label of the step that failed, or NULL */
	char *log; /* path of the log file that shows it, or NULL */
};

extern const struct record_table failure_table;

/* "command", "commit_required", ... */
const char *failure_cause_name(enum failure_cause cause);

/*
 * Replaces what failure holds by a new failure without context, step and log.
 * The arguments may point into the old one.
 */
void failure_set(struct failure *failure, enum failure_cause cause,
    int exit_code, const char *fmt, ...) PRINTF_LIKE(4, 5);
/*
 * Replaces it by a failure with the text of err, which is emptied. The exit
 * code is 1, and ERROR_NO_SPACE makes the cause CAUSE_RESOURCE.
 */
void failure_take_error(
    struct failure *failure, enum failure_cause cause, struct error *err);
/* Replaces what *to holds; from is empty afterwards. */
void failure_move(struct failure *to, struct failure *from);
void failure_release(struct failure *failure);

/*
 * The kind of failure as journal, events and dead letters name it (new
 * reference): "Timeout", {"CommandFailed":{"exit_code":N}}, ...
 */
json_t *failure_error_type(const struct failure *failure) MUST_USE;
/* Its name alone: "Timeout", "CommandFailed", ... */
const char *failure_error_type_name(enum failure_cause cause);

#endif
