/* SPDX-License-Identifier: MIT */
/*
 * What is looked at before a run begins, while the person who starts it is
 * there and can still mend it: whether commits of agents will work, whether
 * claude and its slash commands are there, and what a work tree will not have
 * although the checkout has it.
 */
#ifndef RUN_PREFLIGHT_H
#define RUN_PREFLIGHT_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/repo.h"
#include "plan/frame.h"
#include "workflow/workflow.h"

struct preflight {
	const struct workflow *workflow;
	const struct repo *repo;
	const struct strv *env; /* NAME=VALUE of steps, over ours */
	const struct claude_config *claude;
};

/*
 * Looks at everything before the first step. Adds a line to warnings for each
 * thing that may go wrong. False when no item can succeed whatever the steps
 * do: err has a line for each reason. What setup may still mend is a warning.
 */
bool preflight_look(const struct preflight *preflight, struct strv *warnings,
    struct error *err) MUST_USE;
/*
 * Looks again when setup has ended, before the items: false, as above, for what
 * it has not mended.
 */
bool preflight_look_again(
    const struct preflight *preflight, struct error *err) MUST_USE;

#endif
