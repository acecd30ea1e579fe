/* SPDX-License-Identifier: MIT */
/* What one run of a step's command came to. All zero is "not run yet". */
#ifndef AGENT_OUTCOME_H
#define AGENT_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "plan/frame.h"

#define OUTCOME_TIMEOUT_CODE 124 /* as timeout(1) reports it */
#define OUTCOME_NOT_RUN_CODE 126 /* as a shell reports it, like the next */
#define OUTCOME_NO_PROGRAM_CODE 127
#define OUTCOME_CANCELLED_CODE 143 /* as after a SIGTERM */

struct outcome {
	struct failure failure; /* CAUSE_NONE: the command succeeded */
	bool tolerated; /* the failure is only a warning: the chain goes on */
	bool skipped; /* by its condition */
	bool stopped; /* by the keeper: there is no use in going on */
	struct str out; /* standard output, bounded, fit for JSON */
	struct str err;
	bool cut; /* more was printed than is kept in out */
	bool repaired; /* out stands for bytes that are not UTF-8 */
	int64_t ms;
	char *log; /* NULL when nothing was written */
};

/* The chain goes on after it: success, or a failure that is tolerated. */
bool outcome_is_ok(const struct outcome *outcome);
/*
 * Makes err, with which a program could not be started, the failure of the
 * outcome, and empties it. When the machine is short of something (processes,
 * memory, descriptors, room for the arguments) the cause is CAUSE_RESOURCE, as
 * the step may succeed another time; otherwise it is CAUSE_COMMAND.
 */
void outcome_not_started(struct outcome *outcome, struct error *err);
/* Replaces what *to holds; from is empty afterwards. */
void outcome_move(struct outcome *to, struct outcome *from);
void outcome_release(struct outcome *outcome);

#endif
