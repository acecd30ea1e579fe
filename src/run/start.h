/* SPDX-License-Identifier: MIT */
/* Everything between the command line and the first step of a run. */
#ifndef RUN_START_H
#define RUN_START_H

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/*
 * Loads and checks the workflow; touches nothing. All findings of the file are
 * one error text; warnings are printed.
 */
bool start_load(const struct run_options *options, struct workflow *workflow,
    struct error *err) MUST_USE;
/*
 * Arguments and env of the workflow as variables and as environment of
 * children. vars and env must be empty.
 */
bool start_vars(const struct run_options *options,
    const struct workflow *workflow, struct vars *vars, struct strv *env,
    struct error *err) MUST_USE;
/* Claims ids, takes the session's lock, opens the recorder. */
bool start_session(struct supervisor *sup, struct error *err) MUST_USE;
void start_claude(const struct run_options *options,
    const struct workflow *workflow, struct claude_config *claude);

#endif
