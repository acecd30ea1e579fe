/* SPDX-License-Identifier: MIT */
/*
 * The state of a job in memory: what the journal's records add up to. Per item
 * it is a status, a count of attempts, and where its result lies in the
 * journal; everything else stays on disk.
 *
 * job_apply() is the only way to change it, live and at replay, so that both
 * give the same. state/job_record.h has the records, docs/FORMATS.md what they
 * mean.
 */
#ifndef STATE_JOB_H
#define STATE_JOB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "plan/changes.h"
#include "plan/spent.h"
#include "state/journal.h"

enum job_item_status {
	JOB_ITEM_PENDING,
	JOB_ITEM_RUNNING,
	JOB_ITEM_READY,
	JOB_ITEM_DONE,
	JOB_ITEM_FAILED,
	JOB_ITEM_STATUSES
};

enum job_phase {
	JOB_SETUP,
	JOB_MAP,
	JOB_REDUCE,
	JOB_COMPLETE,
	JOB_PHASES
};
const char *job_phase_name(enum job_phase phase); /* "Setup", ... */

struct job_item {
	uint8_t status;
	uint16_t attempts;
	struct journal_place result; /* len 0: none yet */
};

struct job {
	enum job_phase phase;
	size_t total;
	struct job_item *items;
	size_t counts[JOB_ITEM_STATUSES];
	uint64_t version; /* outcomes and reduce steps so far */
	size_t reduce_steps; /* finished */
	bool setup_done;
	json_t *setup_vars; /* what setup captured, or NULL */
	struct spent spent; /* by all that has ended */
	struct changes changes; /* by what was merged, item by item */
};

/* How many items are done or have failed. */
size_t job_ended(const struct job *job);

bool job_apply(struct job *job, const json_t *record,
    const struct journal_place *place, struct error *err) MUST_USE;
/*
 * For a state that is told by a snapshot: the items first..last, which are
 * pending, are in another status. False when they are not.
 */
bool job_put(struct job *job, int64_t first, int64_t last,
    enum job_item_status status) MUST_USE;
void job_release(struct job *job);

/*
 * Writes the results of all items that have one, in item order, as a JSON
 * array (map.results), streaming from the journal.
 */
bool job_write_results(const struct job *job, const struct journal *journal,
    const char *path, struct error *err) MUST_USE;

#endif
