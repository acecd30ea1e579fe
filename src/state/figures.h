/* SPDX-License-Identifier: MIT */
/*
 * The numbers of a job, told in one place: of its state in memory while it
 * runs, of its journal for everybody else. Whatever shows how far a job is asks
 * here, so that all views agree at every moment.
 */
#ifndef STATE_FIGURES_H
#define STATE_FIGURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "state/job.h"
#include "state/layout.h"

struct figures {
	enum job_phase phase;
	size_t total; /* items; 0 before they are listed */
	size_t items[JOB_ITEM_STATUSES]; /* how many are in each status */
	struct spent spent; /* by all that has ended */
	struct changes changes; /* by what was merged */
};

/* Items that are through, well or badly. */
size_t figures_ended(const struct figures *figures);
/* "288/300, 12 failed": what is done out of all; allocated. */
char *figures_text(const struct figures *figures) MUST_USE;
/* The members mapreduce_data of a session has of them. */
void figures_describe(const struct figures *figures, json_t *object);

struct figures figures_of_job(const struct job *job);
/*
 * The numbers of the job in a folder, from its journal. Of a long journal only
 * the end is read, behind the newest snapshot. ENOENT in err->code: there is no
 * journal.
 */
bool figures_of_folder(
    const char *dir, struct figures *figures, struct error *err) MUST_USE;
/* What a session says of them; false when it has no items. */
bool figures_said(const json_t *session, struct figures *figures);
/*
 * Makes a session say what the journal of its job tells, of whichever
 * repository of the home: on its way it is up to a second behind, and longer
 * once it was killed. What was spent is in the session, too, with what agents
 * at work have spent: the larger telling counts. Where there is no such journal
 * it stays as it is.
 */
bool figures_update(
    const struct layout *layout, json_t *session, struct error *err) MUST_USE;

#endif
