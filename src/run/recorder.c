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
#include "plan/cause.h"
#include "plan/trigger.h"
#include "run/recorder.h"
#include "state/figures.h"
#include "state/job_record.h"

#define RESERVE_BYTES (1024 * 1024)
#define EVENT_DELAY_MS 1000
#define DESCRIPTION_LIMIT ((size_t)64 * 1024 * 1024)
#define SESSION_DELAY_MS 1000 /* how far the session may be behind */

struct recorder_waiter {
	struct recorder_waiter *next;
	void (*fn)(void *arg);
	void *arg;
};

void
recorder_fail(struct recorder *recorder, const struct error *why)
{
	if (recorder->failure.kind == ERROR_NONE)
		error_set(&recorder->failure, why->kind, "%s", error_text(why));
	if (recorder->on_failure != NULL)
		recorder->on_failure(recorder->failure_arg);
}

/* Blocks kept back, so that a full disk still takes the pause. */
static void
make_reserve(struct recorder *recorder)
{
	autofree char *path = path_join(recorder->job_dir, "reserve");
	recorder->reserve =
	    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (recorder->reserve >= 0 &&
	    posix_fallocate(recorder->reserve, 0, RESERVE_BYTES) != 0) {
		close(recorder->reserve);
		recorder->reserve = -1;
	}
}

static void
drop_reserve(struct recorder *recorder)
{
	autoerror struct error ignored = { 0 };
	if (recorder->reserve < 0)
		return;
	autofree char *path = path_join(recorder->job_dir, "reserve");
	close(recorder->reserve);
	recorder->reserve = -1;
	if (!file_remove(path, &ignored))
		log_debug("%s", error_text(&ignored));
}

static bool
open_journal(struct recorder *recorder, struct error *err)
{
	autofree char *path = path_join(recorder->job_dir, JOURNAL_NAME);
	json_t *header = json_object();
	json_set_text(header, "op", "journal");
	json_object_set_new(header, "format", json_integer(JOURNAL_FORMAT));
	json_set_text(header, "job", recorder->job_id);
	json_set_text(header, "session", recorder->session_id);
	json_object_set_new(header, "snapshot", json_integer(0));
	if (!journal_create(&recorder->journal, path, header, err))
		return false;
	make_reserve(recorder);
	return true;
}

static void
open_empty(struct recorder *recorder)
{
	recorder->waiters_end = &recorder->waiters;
	recorder->journal.fd = -1;
	recorder->spool.fd = -1;
	recorder->reserve = -1;
	recorder->snapshot_time = clock_now();
	if (recorder->job_id == NULL)
		return;
	recorder->job_dir = layout_job(recorder->layout, recorder->job_id);
	recorder->dlq_dir = layout_dlq(recorder->layout, recorder->job_id);
}

static bool
open_events(struct recorder *recorder, struct error *err)
{
	const char *id =
	    recorder->job_id == NULL ? recorder->session_id : recorder->job_id;
	autofree char *events = layout_events(recorder->layout, id);
	return event_open(
		   &recorder->events, events, recorder->session_id, err) ||
	    error_wrap(err, "opening the event log");
}

bool
recorder_open(struct recorder *recorder, struct error *err)
{
	open_empty(recorder);
	if (!session_save(&recorder->session, SESSION_RUNNING, err))
		return error_wrap(err, "saving the session");
	return open_events(recorder, err) &&
	    (recorder->job_id == NULL || open_journal(recorder, err));
}

/* --- an earlier run --------------------------------------------------- */

struct replay {
	struct job *job;
	struct str sha256; /* of the items */
};

static bool
take_record(const json_t *object, const struct journal_place *place, void *arg,
    struct error *err)
{
	struct replay *replay = arg;
	struct job_record record;
	job_record_read(object, &record);
	if (record.op == JOB_OP_ITEMS && record.items_sha256 != NULL)
		str_add(&replay->sha256, record.items_sha256);
	return job_apply(replay->job, object, place, err);
}

static bool
reopen_spool(
    struct recorder *recorder, const struct str *sha256, struct error *err)
{
	autofree char *path = path_join(recorder->job_dir, SPOOL_NAME);
	return sha256->len == 0 ||
	    spool_open(&recorder->spool, path, str_text(sha256), err);
}

/* What stands in each snapshot is taken from the newest. */
static void
recall_description(struct recorder *recorder)
{
	autoerror struct error ignored = { 0 };
	autostrv struct strv warnings = { 0 };
	autofree char *path = path_join(recorder->job_dir, "metadata.json");
	recorder->description =
	    json_load_path(path, DESCRIPTION_LIMIT, &ignored);
	error_release(&ignored);
	recorder->fixed =
	    checkpoint_load(recorder->job_dir, -1, &warnings, &ignored);
}

static bool
reopen_job(struct recorder *recorder, struct error *err)
{
	struct journal_report report;
	struct replay replay = { .job = &recorder->job };
	autofree char *path = path_join(recorder->job_dir, JOURNAL_NAME);
	bool ok = journal_replay(path, take_record, &replay, &report, err) &&
	    journal_reopen(&recorder->journal, path, &report, err) &&
	    reopen_spool(recorder, &replay.sha256, err);
	str_release(&replay.sha256);
	if (!ok)
		return false;
	recorder->snapshot_version = recorder->job.version;
	recorder->snapshot_journal = recorder->journal.size;
	recall_description(recorder);
	make_reserve(recorder);
	return true;
}

bool
recorder_reopen(struct recorder *recorder, struct error *err)
{
	struct spent spent;
	open_empty(recorder);
	if (!session_reopen(&recorder->session, recorder->layout,
		recorder->session_id, err) ||
	    !open_events(recorder, err) ||
	    (recorder->job_id != NULL && !reopen_job(recorder, err)))
		return false;
	/* Of what was spent it may know more than the journal. */
	spent_from_json(recorder->session.document, &spent);
	spent_join(&recorder->job.spent, &spent);
	return true;
}

/* --- records ---------------------------------------------------------- */

void
recorder_close(struct recorder *recorder)
{
	timer_remove(recorder->event_timer);
	timer_remove(recorder->session_timer);
	event_flush(&recorder->events);
	if (recorder->events.failure.kind != ERROR_NONE)
		log_warn("some events could not be written: %s",
		    error_text(&recorder->events.failure));
	event_close(&recorder->events);
	drop_reserve(recorder);
	journal_close(&recorder->journal);
	spool_close(&recorder->spool);
	job_release(&recorder->job);
	session_release(&recorder->session);
	json_decref(recorder->fixed);
	json_decref(recorder->description);
	error_release(&recorder->failure);
	free(recorder->job_dir);
	free(recorder->dlq_dir);
	free(recorder->job_id);
	free(recorder->session_id);
	free(recorder->parent_head);
	while (recorder->waiters != NULL) {
		struct recorder_waiter *waiter = recorder->waiters;
		recorder->waiters = waiter->next;
		free(waiter);
	}
}

static void
update_session_data(struct recorder *recorder)
{
	struct figures figures = figures_of_job(&recorder->job);
	if (recorder->add_spent != NULL)
		recorder->add_spent(&figures.spent, recorder->spent_arg);
	spent_describe(&figures.spent, recorder->session.document);
	if (recorder->job_id == NULL)
		return;
	json_t *data = json_pack(
	    "{s:s, s:n}", "job_id", recorder->job_id, "reduce_results");
	figures_describe(&figures, data);
	session_set(&recorder->session, "mapreduce_data", data);
}

/* One that cannot be saved now is saved the next time, or at the end. */
static void
refresh_session(void *arg)
{
	struct recorder *recorder = arg;
	autoerror struct error err = { 0 };
	recorder->session_timer = NULL;
	update_session_data(recorder);
	if (!session_refresh(&recorder->session, &err))
		log_debug("saving the session: %s", error_text(&err));
}

void
recorder_touch(struct recorder *recorder)
{
	if (recorder->session_timer == NULL && recorder->loop != NULL)
		recorder->session_timer = loop_after(recorder->loop,
		    SESSION_DELAY_MS, refresh_session, recorder);
}

void
recorder_add(struct recorder *recorder, json_t *journal_record)
{
	autoerror struct error err = { 0 };
	struct journal_place place;
	json_incref(journal_record);
	journal_add(&recorder->journal, journal_record, &place);
	if (!job_apply(&recorder->job, journal_record, &place, &err))
		BUG("%s", error_text(&err));
	json_decref(journal_record);
	recorder_touch(recorder);
}

void
recorder_spent(struct recorder *recorder, const char *phase, const char *item,
    const struct spent *spent)
{
	autojson json_t *object = spent_to_json(spent);
	if (object == NULL)
		return;
	if (recorder->job_id != NULL) {
		recorder_add(recorder,
		    job_record_write(&(struct job_record){ .op = JOB_OP_SPENT,
			.item = item,
			.phase = phase,
			.spent = object }));
		return;
	}
	spent_add(&recorder->job.spent, spent);
	recorder_touch(recorder);
}

void
recorder_claude(struct recorder *recorder, const struct job_record *record)
{
	autoerror struct error err = { 0 };
	if (recorder->job_id != NULL) {
		recorder_add(recorder, job_record_write(record));
		(void)recorder_flush(recorder);
		return;
	}
	session_set_text(
	    &recorder->session, "claude_session_id", record->claude_session_id);
	if (!session_save(&recorder->session, recorder->session.status, &err))
		log_warn("saving the session: %s", error_text(&err));
}

static void
flush_events(void *arg)
{
	struct recorder *recorder = arg;
	recorder->event_timer = NULL;
	event_flush(&recorder->events);
}

void
recorder_event(struct recorder *recorder, const char *type, json_t *members)
{
	if (!event_is_known(type))
		BUG("an event of type '%s'", type);
	if (members == NULL)
		members = json_object();
	if (json_get(members, "job_id") == NULL)
		json_set_text(members, "job_id",
		    recorder->job_id == NULL ? recorder->session_id
					     : recorder->job_id);
	event_emit(&recorder->events, type, members);
	if (recorder->events.buffer.len > 0 && recorder->event_timer == NULL)
		recorder->event_timer = loop_after(
		    recorder->loop, EVENT_DELAY_MS, flush_events, recorder);
}

bool
recorder_flush(struct recorder *recorder)
{
	autoerror struct error err = { 0 };
	/* It may have been a sync of git's objects, which records rely on. */
	if (recorder->failure.kind == ERROR_STORAGE)
		return false;
	if (recorder->journal.fd < 0)
		return recorder->failure.kind == ERROR_NONE;
	if (journal_flush(&recorder->journal, true, &err))
		return true;
	if (err.kind == ERROR_NO_SPACE && recorder->reserve >= 0) {
		autoerror struct error again = { 0 };
		drop_reserve(recorder);
		/* The records are safe after all, but the job must pause. */
		bool saved = journal_flush(&recorder->journal, true, &again);
		recorder_fail(recorder, &err);
		return saved;
	}
	recorder_fail(recorder, &err);
	return false;
}

static void
flush_and_call(void *arg)
{
	struct recorder *recorder = arg;
	recorder->flush_due = false;
	if (!recorder_flush(recorder))
		return;
	struct recorder_waiter *waiter = recorder->waiters;
	recorder->waiters = NULL;
	recorder->waiters_end = &recorder->waiters;
	while (waiter != NULL) {
		struct recorder_waiter *next = waiter->next;
		waiter->fn(waiter->arg);
		free(waiter);
		waiter = next;
	}
}

void
recorder_then(struct recorder *recorder, void (*fn)(void *arg), void *arg)
{
	struct recorder_waiter *waiter = mem_zalloc(sizeof(*waiter));
	waiter->fn = fn;
	waiter->arg = arg;
	*recorder->waiters_end = waiter;
	recorder->waiters_end = &waiter->next;
	if (!recorder->flush_due)
		loop_defer(recorder->loop, flush_and_call, recorder);
	recorder->flush_due = true;
}

static struct checkpoint_source
source_of(const struct recorder *recorder)
{
	return (struct checkpoint_source){
		.dir = recorder->job_dir,
		.job_id = recorder->job_id,
		.job = &recorder->job,
		.journal = &recorder->journal,
		.spool = recorder->spool.fd >= 0 ? &recorder->spool : NULL,
		.fixed = recorder->fixed,
		.description = recorder->description,
		.parent_head = recorder->parent_head,
	};
}

void
recorder_snapshot(struct recorder *recorder, const char *reason)
{
	struct error err = { 0 };
	struct checkpoint_source source = source_of(recorder);
	if (recorder->job_id == NULL || !recorder_flush(recorder))
		return;
	if (checkpoint_write(&source, reason, &recorder->snapshot_size, &err)) {
		recorder_event(recorder, "checkpoint_created",
		    json_pack("{s:I, s:I}", "version",
			(json_int_t)recorder->job.version, "agents_completed",
			(json_int_t)recorder->job.counts[JOB_ITEM_DONE]));
	} else {
		/* The journal holds everything: the job goes on. */
		log_warn("%s", error_text(&err));
		recorder_event(recorder, "checkpoint_failed",
		    json_pack("{s:o}", "error", json_text(error_text(&err))));
		error_release(&err);
	}
	recorder->snapshot_version = recorder->job.version;
	recorder->snapshot_journal = recorder->journal.size;
	recorder->snapshot_time = clock_now();
}

void
recorder_snapshot_if_due(struct recorder *recorder)
{
	struct trigger_view view = {
		.items = recorder->job.total,
		.outcomes = recorder->job.version - recorder->snapshot_version,
		.elapsed_ms = clock_now() - recorder->snapshot_time,
		.journal_grown =
		    recorder->journal.size - recorder->snapshot_journal,
		.snapshot_size = recorder->snapshot_size,
	};
	if (recorder->failure.kind == ERROR_NONE && trigger_is_due(&view))
		recorder_snapshot(recorder, "Interval");
}

static void
describe_job(struct recorder *recorder)
{
	autoerror struct error err = { 0 };
	struct checkpoint_source source = source_of(recorder);
	if (!checkpoint_describe(&source, &err))
		log_debug("%s", error_text(&err));
}

static void
prepare_session(
    struct recorder *recorder, enum session_status status, const char *error)
{
	timer_remove(recorder->session_timer);
	recorder->session_timer = NULL;
	update_session_data(recorder);
	session_set_text(&recorder->session, "error", error);
	if (recorder->description != NULL)
		json_set_text(recorder->description, "status",
		    session_status_name(status));
}

void
recorder_session(
    struct recorder *recorder, enum session_status status, const char *error)
{
	struct error err = { 0 };
	prepare_session(recorder, status, error);
	if (!session_save(&recorder->session, status, &err)) {
		log_warn("saving the session: %s", error_text(&err));
		error_release(&err);
	}
	if (recorder->job_id != NULL && recorder_flush(recorder))
		describe_job(recorder);
}

bool
recorder_complete(struct recorder *recorder, struct error *err)
{
	prepare_session(recorder, SESSION_COMPLETED, NULL);
	if (!session_save(&recorder->session, SESSION_COMPLETED, err))
		return error_wrap(err, "saving the session");
	if (recorder->job_id != NULL)
		describe_job(recorder);
	return true;
}

void
recorder_workflow_step(struct recorder *recorder, size_t done, size_t total)
{
	json_t *steps = json_array();
	for (size_t i = 0; i < done; i++)
		json_array_append_new(steps, json_integer((json_int_t)i));
	session_set(&recorder->session, "workflow_data",
	    json_pack("{s:I, s:I, s:o}", "current_step", (json_int_t)done,
		"total_steps", (json_int_t)total, "completed_steps", steps));
	recorder_session(recorder, SESSION_RUNNING, NULL);
}

void
recorder_phase(struct recorder *recorder, enum job_phase phase)
{
	if (recorder->job_id == NULL)
		return;
	recorder_add(recorder,
	    job_record_write(&(struct job_record){
		.op = JOB_OP_PHASE, .phase = job_phase_name(phase) }));
	recorder_snapshot(recorder, "PhaseTransition");
	recorder_session(recorder, SESSION_RUNNING, NULL);
}

void
recorder_dead_letter(struct recorder *recorder, const char *item,
    const json_t *data, const struct dlq_attempt *attempt)
{
	autoerror struct error err = { 0 };
	int64_t count = 0;
	if (!dlq_add(recorder->dlq_dir, item, data, attempt, &count, &err)) {
		error_wrap(&err, "dead letter of %s", item);
		recorder_fail(recorder, &err);
		return;
	}
	autofree char *signature = cause_signature(attempt->failure, data);
	recorder->dlq_changed = true;
	recorder_event(recorder, "dlq_item_added",
	    json_pack("{s:s, s:o, s:o, s:I}", "item_id", item, "item_label",
		json_text(attempt->label), "error_signature",
		json_text(signature), "failure_count", (json_int_t)count));
}
