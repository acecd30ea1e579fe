/* SPDX-License-Identifier: MIT */
/*
 * What a run writes down: journal, events, snapshots, dead letters, session.
 * The only module of run/ that writes state.
 *
 * Records of a turn of the loop are written together: record_then() calls back
 * when everything recorded so far is durable.
 */
#ifndef RUN_RECORDER_H
#define RUN_RECORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"
#include "proc/loop.h"
#include "state/checkpoint.h"
#include "state/dlq.h"
#include "state/event.h"
#include "state/job.h"
#include "state/journal.h"
#include "state/layout.h"
#include "state/session.h"
#include "state/spool.h"

struct record_waiter;

struct record {
	struct loop *loop;
	const struct layout *layout;
	char *session_id;
	char *job_id; /* NULL: a standard workflow */
	char *job_dir;
	char *dlq_dir;
	struct session session;
	struct journal journal;
	struct event_log events;
	struct job job;
	struct spool spool;
	json_t *fixed; /* of every snapshot */
	json_t *description; /* of metadata.json */
	char *parent_head;
	struct error failure; /* storage failed or is full: the job must stop */
	void (*on_failure)(void *arg);
	void *failure_arg;
	struct record_waiter *waiters; /* in order */
	struct record_waiter **waiters_end;
	bool flush_due;
	bool dlq_changed;
	struct timer *event_timer; /* pending while events wait */
	uint64_t snapshot_version;
	uint64_t snapshot_size;
	uint64_t snapshot_journal; /* journal size at the last snapshot */
	int64_t snapshot_time;
	int reserve; /* a file whose blocks are given up on a full disk */
};

/*
 * Opens everything for a new run; the session must have been filled in by the
 * caller (record->session) and is saved as running.
 */
bool record_open(struct record *record, struct error *err) MUST_USE;
void record_close(struct record *record);

/* A journal record (taken), applied to the job state. */
void record_add(struct record *record, json_t *journal_record);
void record_event(struct record *record, const char *type, json_t *members);
/* Calls fn when all records so far are durable; never when storage failed. */
void record_then(struct record *record, void (*fn)(void *arg), void *arg);
/* Makes all records durable now. */
bool record_flush(struct record *record);

void record_phase(struct record *record, enum job_phase phase);
/* A snapshot if one is due, or for this reason at once. */
void record_snapshot_if_due(struct record *record);
void record_snapshot(struct record *record, const char *reason);
void record_session(
    struct record *record, enum session_status status, const char *error);

/* A standard workflow: so many of its steps are done. */
void record_workflow_step(struct record *record, size_t done, size_t total);

/* Ends with dead letters: an item failed for good. */
void record_dead_letter(struct record *record, const char *item,
    const json_t *data, const struct dlq_attempt *attempt);

#endif
