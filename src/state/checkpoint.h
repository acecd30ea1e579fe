/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of a job: checkpoint-v{N}.json, the three newest kept, latest.json
 * a link to the newest, metadata.json the description of the job.
 *
 * A snapshot of up to CHECKPOINT_INLINE items carries data and results of all
 * items; a larger one refers to them by ranges of indices (the data lies in
 * work-items.jsonl, the results in the journal).
 */
#ifndef STATE_CHECKPOINT_H
#define STATE_CHECKPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "state/job.h"
#include "state/journal.h"
#include "state/spool.h"

#define CHECKPOINT_INLINE 1000
#define CHECKPOINT_KEEP 3

struct checkpoint_source {
	const char *dir; /* the job's folder */
	const char *job_id;
	const struct job *job;
	const struct journal *journal;
	const struct spool *spool; /* NULL: no items yet */
	/*
	 * Members that do not change while it runs (borrowed): config, steps,
	 * paths of the work tree, ...; added as they are. May be NULL.
	 */
	const json_t *fixed;
	/* For metadata.json: session, workflow, status, ... (borrowed). */
	const json_t *description;
	const char *parent_head; /* may be NULL */
};

/*
 * Writes a snapshot for a reason (Interval, PhaseTransition, BeforeShutdown,
 * BatchComplete); *size gets its bytes. The snapshot is durable then: its file
 * and its folder are synced. latest.json and metadata.json are not, since both
 * can be told from the snapshots.
 */
bool checkpoint_write(const struct checkpoint_source *source,
    const char *reason, uint64_t *size, struct error *err) MUST_USE;
/* Writes metadata.json anew, unsynced: it is derived from the rest. */
bool checkpoint_describe(
    const struct checkpoint_source *source, struct error *err) MUST_USE;

/* Versions in a job's folder, newest first: [{path,version,size_bytes}]. */
json_t *checkpoint_list(const char *dir, struct error *err) MUST_USE;
/*
 * Loads a version (-1: the newest valid one) and checks its hash and counts.
 * Invalid ones are reported in warnings and passed over when -1 is asked.
 */
json_t *checkpoint_load(const char *dir, int64_t version, struct strv *warnings,
    struct error *err) MUST_USE;
/*
 * The state that a snapshot with ranges of items tells, as far as it does: in
 * which status they are, not what they came to. Others are ERROR_STATE.
 */
bool checkpoint_restore(
    const json_t *document, struct job *job, struct error *err) MUST_USE;

#endif
