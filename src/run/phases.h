/* SPDX-License-Identifier: MIT */
/*
 * Running a workflow from its file to its summary: what "prodigy run" does.
 */
#ifndef RUN_PHASES_H
#define RUN_PHASES_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/*
 * Runs it. *status is the exit status (0, 1, 129, 130, 143); on failure err
 * holds what to print. Messages of a run that got going are printed already:
 * then err stays empty and *status tells.
 */
bool run_workflow(
    const struct run_options *options, int *status, struct error *err) MUST_USE;

/*
 * Merges what an earlier run made, and had no consent, no luck or no time to
 * merge: what "prodigy worktree merge" does. id is a session of the repository
 * at options->directory. Items that are ready come first; then it is the same
 * merge as that of run_workflow(), and the run is over. *status and err as
 * there.
 */
bool run_merge(const struct run_options *options, const char *id, int *status,
    struct error *err) MUST_USE;

/* --- before the first step -------------------------------------------- */

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

#endif
