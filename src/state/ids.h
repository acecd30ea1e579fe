/* SPDX-License-Identifier: MIT */
/*
 * Ids of sessions and jobs: made at the start of a run, and found again from
 * what a user types.
 */
#ifndef STATE_IDS_H
#define STATE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "state/layout.h"

/*
 * A new job: mapreduce-YYYYMMDD_HHMMSS, with -2, -3, ... when that is taken in
 * any repository of the home. Its folder and the lock file of its session are
 * made, which claims the id.
 */
char *ids_claim_job(
    const struct layout *layout, int64_t wall_ms, struct error *err) MUST_USE;
/*
 * The name of a new run of a job where other homes can see it: the id, a dash
 * and eight random digits.
 */
char *ids_name_run(const char *job) MUST_USE;
/* session-{job id} for a job, session-{uuid} for a workflow. */
char *ids_session_of_job(const char *job) MUST_USE;
char *ids_new_session(void) MUST_USE;

/* All jobs of the repository, oldest first. */
bool ids_jobs(
    const struct layout *layout, struct strv *jobs, struct error *err) MUST_USE;

/*
 * The job or session that text means: the id itself, with dash for underscore,
 * the other one of the pair, or an unambiguous prefix. NULL: ERROR_STATE that
 * says what there is instead.
 */
char *ids_find_job(
    const struct layout *layout, const char *text, struct error *err) MUST_USE;
char *ids_find_session(
    const struct layout *layout, const char *text, struct error *err) MUST_USE;

/*
 * The one of ids that text means, in the same way; *found is borrowed from ids,
 * NULL when none is meant. False: several are.
 */
bool ids_pick(const struct strv *ids, const char *text, const char **found,
    struct error *err) MUST_USE;

/*
 * Goes to the folder of the home that has the job or session which text means,
 * unless this one has it. False: it means several, or, where layout has no
 * repository yet, none. Where it has one, that is for the caller to find out.
 */
bool ids_go_to(
    struct layout *layout, const char *text, struct error *err) MUST_USE;

#endif
