/* SPDX-License-Identifier: MIT */
/*
 * Dead letters: one file for each item that finally failed, with its data and
 * the history of its failures. dlq/{repo}/{job}/items/{item}.json
 */
#ifndef STATE_DLQ_H
#define STATE_DLQ_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "plan/changes.h"
#include "plan/failure.h"
#include "plan/spent.h"

/* An attempt that failed for good. Everything is borrowed. */
struct dlq_attempt {
	const struct failure *failure;
	const char *label; /* of the item */
	const char *agent;
	const char *log; /* the one that jq can read; may be NULL */
	const struct strv *logs; /* all of the agent's; NULL: not known */
	int64_t duration_ms;
	const char *claude_session; /* of its last claude; may be NULL */
	const struct spent *spent; /* may be NULL */
	const struct changes *changes; /* may be NULL */
	/* What is left of the attempt; all may be NULL. */
	const char *worktree;
	const char *branch;
	const char *uncommitted;
	const json_t *salvage; /* list of what was kept (plan/kept.h) */
};

bool dlq_needs_review(const struct failure *failure);

/*
 * Adds a failure to the item's record in dir (made when missing): history is
 * appended, the count raised. *count gets the number of failures. It is synced
 * before this returns, so that the loop waits for the disk: two syncs for an
 * item that failed for good are accepted.
 */
bool dlq_add(const char *dir, const char *item, const json_t *data,
    const struct dlq_attempt *attempt, int64_t *count,
    struct error *err) MUST_USE;
/*
 * Writes index.json anew from the folder, unsynced; the file is removed when
 * there are no items.
 */
bool dlq_write_index(
    const char *dir, const char *job, struct error *err) MUST_USE;

/*
 * All records of a job in item order; an empty array for none. Failures that
 * only its journal has (job_dir; NULL: it is not looked at), since their letter
 * is gone or damaged, come from there, with "from_journal": true; a letter
 * whose failure a whole journal does not have is left out. What could not be
 * read is added to unread, one text for each file.
 */
json_t *dlq_load(const char *dir, const char *job_dir, struct strv *unread,
    struct error *err) MUST_USE;

#endif
