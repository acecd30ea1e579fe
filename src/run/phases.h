/* SPDX-License-Identifier: MIT */
/*
 * Running a workflow from its file to its summary: what "prodigy run" does.
 */
#ifndef RUN_PHASES_H
#define RUN_PHASES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

struct run_options {
	const char *workflow; /* path of the file */
	const char *directory; /* where the repository is; NULL: here */
	bool yes; /* consent to the final merge */
	bool no_merge; /* leave the result on its branch */
	bool fail_on_dlq; /* failed items make the run fail */
	bool quiet;
	bool ascii;
	unsigned verbose;
	bool events_on_stdout; /* --output jsonl */
	unsigned max_parallel; /* 0: as the file says */
	bool has_max_items;
	size_t max_items;
	bool has_offset;
	size_t offset;
	const char *permission_mode; /* NULL: as the file says */
	const struct strv *arguments; /* --args: $ARG, $1, ... */
	bool can_ask; /* somebody sits at a terminal */
};

/*
 * Runs it. *status is the exit status (0, 1, 129, 130, 143); on failure err
 * holds what to print. Messages of a run that got going are printed already:
 * then err stays empty and *status tells.
 */
bool run_workflow(
    const struct run_options *options, int *status, struct error *err) MUST_USE;

/* Prints on standard output what would be run; touches nothing. */
bool run_dry(const struct run_options *options, bool as_json,
    struct error *err) MUST_USE;

#endif
