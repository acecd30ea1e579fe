/* SPDX-License-Identifier: MIT */
/*
 * What a run writes down: journal, events, snapshots, dead letters, session.
 * The only module of run/ that writes state.
 *
 * Records of a turn of the loop are written together: recorder_then() calls
 * back when everything recorded so far is durable.
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
#include "state/job_record.h"
#include "state/journal.h"
#include "state/layout.h"
#include "state/session.h"
#include "state/spool.h"

struct recorder_waiter;

struct recorder {
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
	/* Adds what attempts have spent that are not recorded; may be NULL. */
	void (*add_spent)(struct spent *sum, void *arg);
	void *spent_arg;
	struct error failure; /* storage failed or is full: the job must stop */
	void (*on_failure)(void *arg); /* may be NULL */
	void *failure_arg;
	struct recorder_waiter *waiters; /* in order */
	struct recorder_waiter **waiters_end;
	bool flush_due;
	bool dlq_changed;
	struct timer *event_timer; /* pending while events wait */
	struct timer *session_timer; /* pending while the session is behind */
	uint64_t snapshot_version;
	uint64_t snapshot_size;
	uint64_t snapshot_journal; /* journal size at the last snapshot */
	int64_t snapshot_time;
	int reserve; /* a file whose blocks are given up on a full disk */
};

/*
 * Opens everything for a new run; the session must have been filled in by the
 * caller (recorder->session) and is saved as running.
 */
bool recorder_open(struct recorder *recorder, struct error *err) MUST_USE;
/*
 * Opens the records of an earlier run, of session_id and job_id, to go on with
 * them: its lock is held. The state of the job is that of its journal.
 */
bool recorder_reopen(struct recorder *recorder, struct error *err) MUST_USE;
void recorder_close(struct recorder *recorder);
/* The job cannot go on: its first reason counts, and on_failure is called. */
void recorder_fail(struct recorder *recorder, const struct error *why);

/* A journal record (taken), applied to the job state. */
void recorder_add(struct recorder *recorder, json_t *journal_record);
void recorder_event(
    struct recorder *recorder, const char *type, json_t *members);
/*
 * What the steps of a phase, or an item of which nothing more is recorded, have
 * spent. In a standard workflow the session alone has it.
 */
void recorder_spent(struct recorder *recorder, const char *phase,
    const char *item, const struct spent *spent);
/*
 * A claude is about to start, as the record says. It is durable when this
 * returns, unless storage failed.
 */
void recorder_claude(
    struct recorder *recorder, const struct job_record *record);
/* What is known of attempts at work has changed: the session says so soon. */
void recorder_touch(struct recorder *recorder);
/* Calls fn once all records so far are durable, which may be never. */
void recorder_then(struct recorder *recorder, void (*fn)(void *arg), void *arg);
/* Makes all records durable now. */
bool recorder_flush(struct recorder *recorder);

void recorder_phase(struct recorder *recorder, enum job_phase phase);
/* A snapshot if one is due, or for this reason at once. */
void recorder_snapshot_if_due(struct recorder *recorder);
void recorder_snapshot(struct recorder *recorder, const char *reason);
void recorder_session(
    struct recorder *recorder, enum session_status status, const char *error);
/*
 * The session is completed. Unlike on the way, where a session that cannot be
 * saved is a warning, that is an error here: it would say for ever that the run
 * was interrupted.
 */
bool recorder_complete(struct recorder *recorder, struct error *err) MUST_USE;

/* A standard workflow: so many of its steps are done. */
void recorder_workflow_step(
    struct recorder *recorder, size_t done, size_t total);

/*
 * An item failed for good. When its letter cannot be written the job fails: a
 * failure that nobody would find is not recorded at all.
 */
void recorder_dead_letter(struct recorder *recorder, const char *item,
    const json_t *data, const struct dlq_attempt *attempt);

#endif
