/* SPDX-License-Identifier: MIT */
/*
 * A run from its records: what a run keeps so that a later command can go on
 * with it, and that command's way back to it.
 */
#ifndef RUN_REOPEN_H
#define RUN_REOPEN_H

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "run/supervisor.h"

/* Keeps the text of the workflow: its file may change or go. */
bool reopen_keep_workflow(struct supervisor *sup, struct error *err) MUST_USE;
/* Keeps the variables that the steps of a merge see. */
bool reopen_keep_vars(struct supervisor *sup, struct error *err) MUST_USE;

/*
 * Takes the lock of a session of the repository at sup->layout, and fills in
 * its names, its records and its workflow. options, which the caller made
 * sup->options of, get what the run was started with; arguments are theirs.
 */
bool reopen_session(struct supervisor *sup, const char *id,
    struct run_options *options, struct strv *arguments,
    struct error *err) MUST_USE;
/*
 * The variables that were kept, in place of those in sup->vars; false in *kept
 * when the run did not come so far.
 */
bool reopen_vars(
    struct supervisor *sup, bool *kept, struct error *err) MUST_USE;
/* Whether neither its branch nor its map ref is there. */
bool reopen_is_gone(const struct supervisor *sup);
/* Branch and work tree of the run, made again where they are gone. */
bool reopen_parent(struct supervisor *sup, struct error *err) MUST_USE;

#endif
