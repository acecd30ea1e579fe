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

#endif
