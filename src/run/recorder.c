/* SPDX-License-Identifier: MIT */
/* What a run writes down. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "plan/trigger.h"
#include "run/recorder.h"

#define RESERVE_BYTES (1024 * 1024)
#define EVENT_DELAY_MS 1000

struct record_waiter {
	struct record_waiter *next;
	void (*fn)(void *arg);
	void *arg;
};

static void
storage_failed(struct record *record, struct error *err)
{
	if (record->failure.kind == ERROR_NONE)
		error_move(&record->failure, err);
	else
		error_release(err);
	if (record->on_failure != NULL)
		record->on_failure(record->failure_arg);
}

/* Blocks kept back, so that a full disk still takes the pause. */
static void
make_reserve(struct record *record)
{
	autofree char *path = path_join(record->job_dir, "reserve");
	record->reserve =
	    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (record->reserve >= 0 &&
	    posix_fallocate(record->reserve, 0, RESERVE_BYTES) != 0) {
		close(record->reserve);
		record->reserve = -1;
	}
}

static void
drop_reserve(struct record *record)
{
	autoerror struct error ignored = { 0 };
	autofree char *path = path_join(record->job_dir, "reserve");
	if (record->reserve < 0)
		return;
	close(record->reserve);
	record->reserve = -1;
	if (!file_remove(path, &ignored))
		log_debug("%s", error_text(&ignored));
}

static bool
open_journal(struct record *record, struct error *err)
{
	autofree char *path = path_join(record->job_dir, "journal-v0.jsonl");
	json_t *header = json_object();
	json_set_text(header, "op", "journal");
	json_object_set_new(header, "format", json_integer(1));
	json_set_text(header, "job", record->job_id);
	json_set_text(header, "session", record->session_id);
	json_object_set_new(header, "snapshot", json_integer(0));
	if (!journal_create(&record->journal, path, header, err))
		return false;
	make_reserve(record);
	return true;
}

bool
record_open(struct record *record, struct error *err)
{
	const char *id =
	    record->job_id == NULL ? record->session_id : record->job_id;
	autofree char *events = layout_events(record->layout, id);
	record->waiters_end = &record->waiters;
	record->journal.fd = -1;
	record->spool.fd = -1;
	record->reserve = -1;
	record->snapshot_time = clock_now();
	if (!session_save(&record->session, SESSION_RUNNING, err))
		return error_wrap(err, "saving the session");
	if (!event_open(&record->events, events, record->session_id, err))
		return error_wrap(err, "opening the event log");
	if (record->job_id == NULL)
		return true;
	record->job_dir = layout_job(record->layout, record->job_id);
	record->dlq_dir = layout_dlq(record->layout, record->job_id);
	return open_journal(record, err);
}

void
record_close(struct record *record)
{
	timer_remove(record->event_timer);
	if (record->events.failure.kind != ERROR_NONE)
		log_warn("some events could not be written: %s",
		    error_text(&record->events.failure));
	event_close(&record->events);
	if (record->job_id != NULL)
		drop_reserve(record);
	journal_close(&record->journal);
	spool_close(&record->spool);
	job_release(&record->job);
	session_release(&record->session);
	json_decref(record->fixed);
	json_decref(record->description);
	error_release(&record->failure);
	free(record->job_dir);
	free(record->dlq_dir);
	free(record->job_id);
	free(record->session_id);
	free(record->parent_head);
	while (record->waiters != NULL) {
		struct record_waiter *waiter = record->waiters;
		record->waiters = waiter->next;
		free(waiter);
	}
}

void
record_add(struct record *record, json_t *journal_record)
{
	autoerror struct error err = { 0 };
	struct journal_place place;
	json_incref(journal_record);
	journal_add(&record->journal, journal_record, &place);
	if (!job_apply(&record->job, journal_record, &place, &err))
		BUG("%s", error_text(&err));
	json_decref(journal_record);
}

static void
flush_events(void *arg)
{
	struct record *record = arg;
	record->event_timer = NULL;
	event_flush(&record->events);
}

void
record_event(struct record *record, const char *type, json_t *members)
{
	if (members == NULL)
		members = json_object();
	if (json_get(members, "job_id") == NULL)
		json_set_text(members, "job_id",
		    record->job_id == NULL ? record->session_id
					   : record->job_id);
	event_emit(&record->events, type, members);
	if (record->events.buffer.len > 0 && record->event_timer == NULL)
		record->event_timer = loop_after(
		    record->loop, EVENT_DELAY_MS, flush_events, record);
}

bool
record_flush(struct record *record)
{
	struct error err = { 0 };
	if (record->journal.fd < 0)
		return record->failure.kind == ERROR_NONE;
	if (journal_flush(&record->journal, true, &err))
		return true;
	if (err.kind == ERROR_NO_SPACE && record->reserve >= 0) {
		autoerror struct error again = { 0 };
		drop_reserve(record);
		/* The records are safe after all, but the job must pause. */
		bool saved = journal_flush(&record->journal, true, &again);
		storage_failed(record, &err);
		return saved;
	}
	storage_failed(record, &err);
	return false;
}

static void
flush_and_call(void *arg)
{
	struct record *record = arg;
	record->flush_due = false;
	if (!record_flush(record))
		return;
	struct record_waiter *waiter = record->waiters;
	record->waiters = NULL;
	record->waiters_end = &record->waiters;
	while (waiter != NULL) {
		struct record_waiter *next = waiter->next;
		waiter->fn(waiter->arg);
		free(waiter);
		waiter = next;
	}
}

void
record_then(struct record *record, void (*fn)(void *arg), void *arg)
{
	struct record_waiter *waiter = mem_zalloc(sizeof(*waiter));
	waiter->fn = fn;
	waiter->arg = arg;
	*record->waiters_end = waiter;
	record->waiters_end = &waiter->next;
	if (!record->flush_due)
		loop_defer(record->loop, flush_and_call, record);
	record->flush_due = true;
}

static struct checkpoint_source
source_of(const struct record *record)
{
	return (struct checkpoint_source){
		.dir = record->job_dir,
		.job_id = record->job_id,
		.job = &record->job,
		.journal = &record->journal,
		.spool = record->spool.fd >= 0 ? &record->spool : NULL,
		.fixed = record->fixed,
		.description = record->description,
		.parent_head = record->parent_head,
	};
}

void
record_snapshot(struct record *record, const char *reason)
{
	struct error err = { 0 };
	struct checkpoint_source source = source_of(record);
	if (record->job_id == NULL || !record_flush(record))
		return;
	if (checkpoint_write(&source, reason, &record->snapshot_size, &err)) {
		record_event(record, "checkpoint_created",
		    json_pack("{s:I, s:I}", "version",
			(json_int_t)record->job.version, "agents_completed",
			(json_int_t)record->job.counts[JOB_ITEM_DONE]));
	} else {
		/* The journal holds everything: the job goes on. */
		log_warn("%s", error_text(&err));
		record_event(record, "checkpoint_failed",
		    json_pack("{s:o}", "error", json_text(error_text(&err))));
		error_release(&err);
	}
	record->snapshot_version = record->job.version;
	record->snapshot_journal = record->journal.size;
	record->snapshot_time = clock_now();
}

void
record_snapshot_if_due(struct record *record)
{
	struct trigger_view view = {
		.items = record->job.total,
		.outcomes = record->job.version - record->snapshot_version,
		.elapsed_ms = clock_now() - record->snapshot_time,
		.journal_grown =
		    record->journal.size - record->snapshot_journal,
		.snapshot_size = record->snapshot_size,
	};
	if (record->failure.kind == ERROR_NONE && trigger_is_due(&view))
		record_snapshot(record, "Interval");
}

static void
update_session_data(struct record *record)
{
	const struct job *job = &record->job;
	session_set(&record->session, "mapreduce_data",
	    json_pack("{s:s, s:I, s:I, s:I, s:s, s:n}", "job_id",
		record->job_id, "total_items", (json_int_t)job->total,
		"processed_items",
		(json_int_t)(job->counts[JOB_ITEM_DONE] +
		    job->counts[JOB_ITEM_FAILED]),
		"failed_items", (json_int_t)job->counts[JOB_ITEM_FAILED],
		"phase", job_phase_name(job->phase), "reduce_results"));
}

static void
describe_job(struct record *record)
{
	autoerror struct error err = { 0 };
	struct checkpoint_source source = source_of(record);
	if (!checkpoint_describe(&source, &err))
		log_debug("%s", error_text(&err));
}

void
record_session(
    struct record *record, enum session_status status, const char *error)
{
	struct error err = { 0 };
	if (record->job_id != NULL)
		update_session_data(record);
	session_set_text(&record->session, "error", error);
	if (record->description != NULL)
		json_set_text(
		    record->description, "status", session_status_name(status));
	if (!session_save(&record->session, status, &err)) {
		log_warn("saving the session: %s", error_text(&err));
		error_release(&err);
	}
	if (record->job_id != NULL && record->failure.kind == ERROR_NONE)
		describe_job(record);
}

void
record_workflow_step(struct record *record, size_t done, size_t total)
{
	json_t *steps = json_array();
	for (size_t i = 0; i < done; i++)
		json_array_append_new(steps, json_integer((json_int_t)i));
	session_set(&record->session, "workflow_data",
	    json_pack("{s:I, s:I, s:o}", "current_step", (json_int_t)done,
		"total_steps", (json_int_t)total, "completed_steps", steps));
	record_session(record, SESSION_RUNNING, NULL);
}

void
record_phase(struct record *record, enum job_phase phase)
{
	if (record->job_id == NULL)
		return;
	record_add(record,
	    json_pack(
		"{s:s, s:s}", "op", "phase", "phase", job_phase_name(phase)));
	record_snapshot(record, "PhaseTransition");
	record_session(record, SESSION_RUNNING, NULL);
}

void
record_dead_letter(struct record *record, const char *item, const json_t *data,
    const struct dlq_attempt *attempt)
{
	struct error err = { 0 };
	int64_t count = 0;
	if (!dlq_add(record->dlq_dir, item, data, attempt, &count, &err)) {
		if (err.kind == ERROR_NO_SPACE) {
			storage_failed(record, &err);
			return;
		}
		log_warn("dead letter %s: %s", item, error_text(&err));
		error_release(&err);
		return;
	}
	autofree char *signature = dlq_signature(attempt->failure);
	record->dlq_changed = true;
	record_event(record, "dlq_item_added",
	    json_pack("{s:s, s:o, s:I}", "item_id", item, "error_signature",
		json_text(signature), "failure_count", (json_int_t)count));
}
