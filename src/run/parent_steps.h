/* SPDX-License-Identifier: MIT */
/*
 * A phase whose steps run in the parent work tree, through one agent process:
 * setup, reduce, merge, a standard workflow, and the planning of items.
 */
#ifndef RUN_PARENT_STEPS_H
#define RUN_PARENT_STEPS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"
#include "run/supervisor.h"

struct parent_steps {
	const char *title; /* "Setup": in messages */
	const struct vars *vars; /* NULL: the run's own */
	char *spool; /* PHASE_PLAN: the file to write; borrowed */
};

/*
 * Runs it and waits. True when all steps succeeded; *result (released by the
 * caller, whatever happened) is what the agent said. Failures: ERROR_COMMAND,
 * ERROR_TIMEOUT, ..., ERROR_CANCELLED.
 */
bool parent_steps_run(struct supervisor *sup, enum frame_phase phase,
    const struct parent_steps *what, struct frame_result *result,
    struct error *err) MUST_USE;

#endif
