/* SPDX-License-Identifier: MIT */
/* What is written down at the turning points of an item. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "run/map.h"
#include "run/settle.h"

#define TREES_KEPT 100 /* work trees of failed items that stay */

static struct record *
record_of(const struct worker *worker)
{
	return &worker->map->sup->record;
}

static json_t *
list_of(const struct strv *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(list, json_text(texts->items[i]));
	return list;
}

static json_t *
status_of(const struct worker *worker)
{
	if (worker->state != AGENT_FAILED)
		return json_string("Success");
	if (worker->failure.cause == CAUSE_TIMEOUT)
		return json_string("Timeout");
	return json_pack("{s:o}", "Failed", json_text(worker->failure.message));
}

json_t *
worker_result(const struct worker *worker)
{
	const struct frame_result *result = &worker->result;
	bool failed = worker->state == AGENT_FAILED;
	json_t *out = json_object();
	json_set_text(out, "item_id", worker->item);
	json_object_set_new(out, "status", status_of(worker));
	json_set_text(
	    out, "output", result->output == NULL ? "" : result->output);
	json_object_set_new(out, "commits", list_of(&worker->commits));
	if (worker->files.n > 0)
		json_object_set_new(
		    out, "files_modified", list_of(&worker->files));
	json_object_set_new(
	    out, "duration", json_duration(clock_now() - worker->start));
	json_set_text(out, "error", failed ? worker->failure.message : NULL);
	json_set_text(
	    out, "worktree_path", worker->tree_kept ? worker->path : NULL);
	json_set_text(out, "branch_name", worker->branch);
	json_set_text(out, "worktree_session_id", worker->agent);
	json_set_text(out, "json_log_location", result->log);
	json_set_text(
	    out, "cleanup_status", worker->tree_kept ? "Skipped" : "Success");
	if (result->claude_session != NULL)
		json_set_text(out, "claude_session_id", result->claude_session);
	if (result->salvaged != NULL)
		json_set_text(out, "salvaged", result->salvaged);
	return out;
}

void
settle_started(struct worker *worker)
{
	record_event(record_of(worker), "agent_started",
	    json_pack("{s:s, s:s, s:s, s:i}", "agent_id", worker->agent,
		"item_id", worker->item, "worktree", worker->name, "attempt",
		(int)worker->attempt_number));
}

/* --- the work tree ------------------------------------------------------- */

static void
keep_tree(struct worker *worker, const char *why)
{
	char now[CLOCK_RFC3339_SIZE];
	json_t *entry = json_object();
	worker->tree_kept = true;
	worker->map->kept++;
	json_set_text(entry, "path", worker->path);
	json_set_text(entry, "agent_id", worker->agent);
	json_set_text(entry, "item_id", worker->item);
	json_set_text(entry, "failed_at", clock_rfc3339(clock_wall(), now));
	json_set_text(entry, "error", why);
	json_array_append_new(worker->map->orphans, entry);
}

static void
release_tree(struct worker *worker)
{
	trees_give(worker->map->trees, worker->path,
	    worker->result.reusable &&
		!supervisor_is_stopping(worker->map->sup));
	record_event(record_of(worker), "worktree_cleaned",
	    json_pack("{s:s, s:s}", "agent_id", worker->agent, "worktree_name",
		worker->name));
}

/* Uncommitted work that could not be kept elsewhere keeps its tree. */
static bool
would_lose_work(const struct worker *worker)
{
	const struct frame_result *result = &worker->result;
	return result->uncommitted != NULL && result->salvaged == NULL;
}

void
settle_tree(struct worker *worker, enum verdict verdict)
{
	if (verdict == VERDICT_OK) {
		if (would_lose_work(worker))
			keep_tree(worker, "uncommitted changes");
		else
			release_tree(worker);
	} else if (verdict == VERDICT_FAILED &&
	    worker->map->kept >= TREES_KEPT && !would_lose_work(worker)) {
		release_tree(worker);
	} else {
		keep_tree(worker,
		    verdict == VERDICT_FAILED ? worker->failure.message
					      : "interrupted");
	}
}

/* --- ready --------------------------------------------------------------- */

static void
ready_is_durable(void *arg)
{
	struct worker *worker = arg;
	merge_queue_add(worker->map, worker);
}

static void
ref_is_set(const struct error *err, void *arg)
{
	struct worker *worker = arg;
	if (err != NULL) {
		failure_set(
		    &worker->failure, CAUSE_WORKTREE, 0, "%s", error_text(err));
		worker->state = AGENT_FAILED;
		settle_failed(worker);
		return;
	}
	worker->has_ref = true;
	record_add(record_of(worker),
	    json_pack("{s:s, s:s, s:s, s:s, s:o}", "op", "ready", "item",
		worker->item, "tip", worker->result.tip, "base", worker->base,
		"result", worker_result(worker)));
	record_then(record_of(worker), ready_is_durable, worker);
}

/* The branch too: the agent may have left it for another, or none. */
void
settle_ready(struct worker *worker)
{
	autofree char *branch = mem_format("refs/heads/%s", worker->branch);
	const struct ref_change changes[] = {
		{ .ref = worker->item_ref, .new = worker->result.tip },
		{ .ref = branch, .new = worker->result.tip },
	};
	objects_update_refs(worker->map->objects, changes, COUNT_OF(changes),
	    ref_is_set, worker);
}

/* --- done ---------------------------------------------------------------- */

static void
tell_done(struct worker *worker)
{
	struct supervisor *sup = worker->map->sup;
	struct record *record = &sup->record;
	const struct job *job = &record->job;
	int64_t ms = clock_now() - worker->start;
	autofree char *took = clock_duration_text(ms);
	if (worker->merge_commit != NULL)
		record_event(record, "worktree_merged",
		    json_pack("{s:s, s:s}", "agent_id", worker->agent,
			"target_branch", sup->parent_branch));
	record_event(record, "agent_completed",
	    json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "agent_id",
		worker->agent, "item_id", worker->item, "duration",
		json_duration(ms), "commits", list_of(&worker->commits),
		"cleanup_status", worker->tree_kept ? "Skipped" : "Success",
		"json_log_location", json_text(worker->result.log)));
	progress_say_item(sup->progress, "%s done (%s, %zu/%zu)", worker->item,
	    took, job->counts[JOB_ITEM_DONE] + job->counts[JOB_ITEM_FAILED],
	    job->total);
	if (worker->result.uncommitted != NULL)
		log_warn("%s left uncommitted changes: kept %s %s",
		    worker->item,
		    worker->result.salvaged != NULL ? "as commit" : "in",
		    worker->result.salvaged != NULL ? worker->result.salvaged
						    : worker->path);
}

static void
done_is_durable(void *arg)
{
	struct worker *worker = arg;
	tell_done(worker);
	record_snapshot_if_due(record_of(worker));
	map_forget(worker->map, worker);
}

static void
branch_dropped(const struct error *err, void *arg)
{
	struct worker *worker = arg;
	if (err != NULL)
		log_debug("%s: %s", worker->item, error_text(err));
	record_then(record_of(worker), done_is_durable, worker);
}

/* An item without commits leaves an empty branch; a merge took its own. */
void
settle_done(struct worker *worker)
{
	struct record *record = record_of(worker);
	autofree char *branch = mem_format("refs/heads/%s", worker->branch);
	struct ref_change change = { .ref = branch };
	if (worker->merge_commit != NULL) {
		record_add(record,
		    json_pack("{s:s, s:s, s:s}", "op", "merged", "item",
			worker->item, "merge_commit", worker->merge_commit));
		record_then(record, done_is_durable, worker);
		return;
	}
	record_add(record,
	    json_pack("{s:s, s:s, s:o}", "op", "done", "item", worker->item,
		"result", worker_result(worker)));
	if (worker->tree_kept)
		record_then(record, done_is_durable, worker);
	else
		objects_update_refs(
		    worker->map->objects, &change, 1, branch_dropped, worker);
}

/* --- failed -------------------------------------------------------------- */

static void
bury(struct worker *worker)
{
	const struct frame_result *result = &worker->result;
	struct dlq_attempt attempt = {
		.failure = &worker->failure,
		.agent = worker->agent,
		.log = result->log,
		.duration_ms = clock_now() - worker->start,
		.worktree = worker->tree_kept ? worker->path : NULL,
		.branch = worker->branch,
		.uncommitted = result->uncommitted,
	};
	record_dead_letter(
	    record_of(worker), worker->item, worker->data, &attempt);
}

static void
tell_failed(struct worker *worker)
{
	struct supervisor *sup = worker->map->sup;
	record_event(&sup->record, "agent_failed",
	    json_pack("{s:s, s:s, s:o, s:b, s:o, s:o}", "agent_id",
		worker->agent, "item_id", worker->item, "error",
		json_text(worker->failure.message), "retry_eligible",
		!dlq_needs_review(&worker->failure), "failure_reason",
		failure_error_type(&worker->failure), "json_log_location",
		json_text(worker->result.log)));
	progress_say(sup->progress, "%s failed: %s", worker->item,
	    worker->failure.message);
}

static void
failure_told(const struct error *err, void *arg)
{
	struct worker *worker = arg;
	if (err != NULL)
		log_debug("%s: %s", worker->item, error_text(err));
	map_forget(worker->map, worker);
}

/* A branch without a commit of its own, in no tree that stays. */
static bool
has_empty_branch(const struct worker *worker)
{
	const char *tip = worker->result.tip;
	return !worker->tree_kept && worker->base != NULL &&
	    (tip == NULL || strcmp(tip, worker->base) == 0);
}

/* The branch keeps what could not be merged: the ref has served. */
static void
failure_is_durable(void *arg)
{
	struct worker *worker = arg;
	autofree char *branch = mem_format("refs/heads/%s", worker->branch);
	struct ref_change changes[2];
	size_t n = 0;
	if (worker->has_ref)
		changes[n++] = (struct ref_change){ .ref = worker->item_ref };
	if (has_empty_branch(worker))
		changes[n++] = (struct ref_change){ .ref = branch };
	tell_failed(worker);
	record_snapshot_if_due(record_of(worker));
	if (n > 0)
		objects_update_refs(
		    worker->map->objects, changes, n, failure_told, worker);
	else
		map_forget(worker->map, worker);
}

void
settle_failed(struct worker *worker)
{
	struct record *record = record_of(worker);
	bury(worker);
	if (record->failure.kind != ERROR_NONE) {
		/* Not recorded: a resume runs it again. */
		map_forget(worker->map, worker);
		return;
	}
	record_add(record,
	    json_pack("{s:s, s:s, s:o, s:o, s:o}", "op", "fail", "item",
		worker->item, "error", json_text(worker->failure.message),
		"error_type", failure_error_type(&worker->failure), "result",
		worker_result(worker)));
	record_then(record, failure_is_durable, worker);
}

void
settle_pending(struct worker *worker)
{
	record_add(record_of(worker),
	    json_pack("{s:s, s:s}", "op", "reset", "item", worker->item));
	map_forget(worker->map, worker);
}
