/* SPDX-License-Identifier: MIT */
/*
 * The records of a job's journal as structs. One table tells which members
 * each kind has; from it come the writer and the reader, so that what one of
 * them knows the other knows, too. docs/FORMATS.md describes the records.
 *
 * All members are borrowed.
 */
#ifndef STATE_JOB_RECORD_H
#define STATE_JOB_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "base/defs.h"

enum job_op {
	JOB_OP_SETUP_DONE, /* vars */
	JOB_OP_ITEMS, /* count, items_sha256 */
	JOB_OP_PHASE, /* phase */
	JOB_OP_START, /* item, attempt, agent, worktree, branch, base */
	JOB_OP_READY, /* item, tip, base, result, spent */
	JOB_OP_MERGED, /* item, merge_commit, changes, spent */
	JOB_OP_DONE, /* item, result, spent */
	JOB_OP_FAIL, /* item, error, error_type, result, spent */
	JOB_OP_RESET, /* item, spent */
	/* item or phase, attempt, claude_session_id, json_log_location */
	JOB_OP_CLAUDE, /* is about to be started */
	JOB_OP_SPENT, /* item or phase, spent: nothing else happened */
	JOB_OP_REDUCE_STEP, /* index */
	JOB_OP_INTERRUPT, /* signal */
	JOB_OPS /* one that is not known */
};

struct job_record {
	enum job_op op;
	const char *item;
	int64_t attempt;
	const char *agent;
	const char *worktree;
	const char *branch;
	const char *base;
	const char *tip;
	const char *merge_commit;
	const char *error;
	const char *phase;
	const char *items_sha256;
	int64_t count;
	int64_t index;
	int64_t signal;
	json_t *vars;
	json_t *error_type;
	json_t *result;
	json_t *changes; /* changes_to_json(), or NULL */
	const char *claude_session_id;
	const char *json_log_location;
	/*
	 * What was spent (spent_to_json()) that no record before it has: the
	 * sum over all records is what the job has spent. NULL: nothing.
	 */
	json_t *spent;
};

/*
 * A new object with all members of its kind; a NULL is written as null, unless
 * the member is one that may be missing (spent; item and phase beside it).
 */
json_t *job_record_write(const struct job_record *record) MUST_USE;
/*
 * Reads what is there. A member that is missing or of another type is NULL, a
 * number -1.
 */
void job_record_read(const json_t *object, struct job_record *record);
/* "setup_done", ... */
const char *job_op_name(enum job_op op);

#endif
