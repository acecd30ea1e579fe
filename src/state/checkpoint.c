/* SPDX-License-Identifier: MIT */
/* Building and writing snapshots of a job. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/json.h"
#include "plan/items.h"
#include "state/checkpoint.h"
#include "state/checkpoint_hash.h"

/* What the items of a job fill; all borrowed from the document. */
struct item_lists {
	json_t *pending;
	json_t *completed;
	json_t *failed;
	json_t *results; /* by item */
	json_t *letters; /* what failed, in short */
};

static json_t *
item_of(const struct checkpoint_source *source, size_t i, struct error *err)
{
	autofree char *id = items_id(i);
	json_t *data = spool_item(source->spool, i, err);
	if (data == NULL)
		return NULL;
	return json_pack("{s:s, s:o}", "id", id, "data", data);
}

static void
add_completed(
    const struct item_lists *lists, json_t *item, const json_t *record)
{
	json_t *entry = json_object();
	json_object_set(entry, "work_item", item);
	json_object_set(
	    entry, "result", json_mutable(json_get(record, "result")));
	json_set_text(entry, "completed_at", json_get_text(record, "t"));
	json_array_append_new(lists->completed, entry);
}

static void
add_failed(const struct item_lists *lists, json_t *item, const json_t *record,
    unsigned attempts)
{
	const char *why = json_get_text(record, "error");
	const char *when = json_get_text(record, "t");
	json_t *entry = json_object();
	json_object_set(entry, "work_item", item);
	json_set_text(entry, "error", why);
	json_set_text(entry, "failed_at", when);
	json_object_set_new(entry, "retry_count", json_integer(attempts));
	json_array_append_new(lists->failed, entry);
	json_t *letter = json_object();
	json_set_text(letter, "item_id", json_get_text(item, "id"));
	json_set_text(letter, "error", why);
	json_set_text(letter, "timestamp", when);
	json_object_set_new(letter, "retry_count", json_integer(attempts));
	json_array_append_new(lists->letters, letter);
}

static bool
add_ended(const struct checkpoint_source *source, size_t i, json_t *item,
    const struct item_lists *lists, struct error *err)
{
	const struct job_item *state = &source->job->items[i];
	autojson json_t *record =
	    journal_read(source->journal, &state->result, err);
	if (record == NULL)
		return false;
	if (state->status == JOB_ITEM_DONE)
		add_completed(lists, item, record);
	else
		add_failed(lists, item, record, state->attempts);
	if (json_get(record, "result") != NULL)
		json_object_set(lists->results, json_get_text(item, "id"),
		    json_mutable(json_get(record, "result")));
	return true;
}

/* Items that are on their way count as pending: a resume starts them anew. */
static bool
add_items(const struct checkpoint_source *source,
    const struct item_lists *lists, struct error *err)
{
	const struct job *job = source->job;
	for (size_t i = 0; i < job->total; i++) {
		enum job_item_status status = job->items[i].status;
		autojson json_t *item = item_of(source, i, err);
		if (item == NULL)
			return false;
		if (status != JOB_ITEM_DONE && status != JOB_ITEM_FAILED)
			json_array_append(lists->pending, item);
		else if (!add_ended(source, i, item, lists, err))
			return false;
	}
	return true;
}

/* {"item_3":2, ...} of the items that were tried more than once. */
static json_t *
retry_counts(const struct job *job)
{
	json_t *counts = json_object();
	for (size_t i = 0; i < job->total; i++) {
		autofree char *id = items_id(i);
		if (job->items[i].attempts > 1)
			json_object_set_new(
			    counts, id, json_integer(job->items[i].attempts));
	}
	return counts;
}

/* [[first,last], ...] of the items in one of two statuses. */
static json_t *
ranges_of(const struct job *job, unsigned statuses)
{
	json_t *ranges = json_array();
	for (size_t i = 0; i < job->total; i++) {
		size_t first = i;
		while (i < job->total &&
		    (statuses & (1u << job->items[i].status)) != 0)
			i++;
		if (i > first)
			json_array_append_new(ranges,
			    json_pack("[I, I]", (json_int_t)first,
				(json_int_t)(i - 1)));
	}
	return ranges;
}

static void
add_ranges(const struct job *job, json_t *state)
{
	json_object_set_new(state, "items_file", json_string(SPOOL_NAME));
	json_object_set_new(state, "pending_ranges",
	    ranges_of(job,
		1u << JOB_ITEM_PENDING | 1u << JOB_ITEM_RUNNING |
		    1u << JOB_ITEM_READY));
	json_object_set_new(
	    state, "completed_ranges", ranges_of(job, 1u << JOB_ITEM_DONE));
	json_object_set_new(
	    state, "failed_ranges", ranges_of(job, 1u << JOB_ITEM_FAILED));
}

static bool
add_work_items(
    const struct checkpoint_source *source, json_t *document, struct error *err)
{
	const struct job *job = source->job;
	struct item_lists lists = { json_array(), json_array(), json_array(),
		json_object(), json_array() };
	json_t *state = json_pack("{s:o, s:{}, s:o, s:o, s:n}", "pending_items",
	    lists.pending, "in_progress_items", "completed_items",
	    lists.completed, "failed_items", lists.failed, "current_batch");
	json_object_set_new(document, "work_item_state", state);
	json_object_set_new(document, "agent_state",
	    json_pack("{s:{}, s:{}, s:o, s:{}}", "active_agents",
		"agent_assignments", "agent_results", lists.results,
		"resource_allocation"));
	json_object_set_new(document, "error_state",
	    json_pack("{s:I, s:o, s:b, s:n}", "error_count",
		(json_int_t)job->counts[JOB_ITEM_FAILED], "dlq_items",
		lists.letters, "error_threshold_reached", 0, "last_error"));
	json_object_set_new(document, "item_retry_counts", retry_counts(job));
	if (job->total > CHECKPOINT_INLINE) {
		add_ranges(job, state);
		return true;
	}
	return source->spool == NULL || add_items(source, &lists, err);
}

static json_t *
make_metadata(const struct checkpoint_source *source, const char *reason)
{
	const struct job *job = source->job;
	char uuid[ID_UUID_SIZE];
	char now[CLOCK_RFC3339_SIZE];
	autofree char *id = mem_format("cp-%s", id_uuid(uuid));
	json_t *metadata = json_object();
	json_set_text(metadata, "checkpoint_id", id);
	json_set_text(metadata, "job_id", source->job_id);
	json_object_set_new(
	    metadata, "version", json_integer((json_int_t)job->version));
	json_set_text(metadata, "created_at", clock_rfc3339(clock_wall(), now));
	json_set_text(metadata, "phase", job_phase_name(job->phase));
	json_object_set_new(
	    metadata, "total_work_items", json_integer((json_int_t)job->total));
	json_object_set_new(metadata, "completed_items",
	    json_integer((json_int_t)job->counts[JOB_ITEM_DONE]));
	json_set_text(metadata, "checkpoint_reason", reason);
	json_set_text(metadata, "integrity_hash", "");
	return metadata;
}

static json_t *
make_execution_state(const struct job *job)
{
	json_t *state = json_object();
	json_set_text(state, "current_phase", job_phase_name(job->phase));
	json_object_set_new(state, "setup_results",
	    job->setup_done ? json_pack("{s:b, s:{}}", "success", 1, "outputs")
			    : json_null());
	json_object_set_new(state, "map_results",
	    json_pack("{s:I, s:I}", "successful_count",
		(json_int_t)job->counts[JOB_ITEM_DONE], "failed_count",
		(json_int_t)job->counts[JOB_ITEM_FAILED]));
	json_object_set_new(state, "reduce_results", json_null());
	json_object_set_new(state, "workflow_variables", json_object());
	return state;
}

static json_t *
build(const struct checkpoint_source *source, const char *reason,
    struct error *err)
{
	const struct job *job = source->job;
	json_t *document = json_deep_copy(source->fixed);
	if (document == NULL)
		document = json_object();
	json_object_set_new(document, "format_version", json_integer(1));
	json_object_set_new(
	    document, "metadata", make_metadata(source, reason));
	json_object_set_new(
	    document, "execution_state", make_execution_state(job));
	json_object_set_new(document, "variable_state",
	    json_pack("{s:{}, s:O?, s:{}, s:{}}", "workflow_variables",
		"captured_outputs", job->setup_vars, "environment_variables",
		"item_variables"));
	json_object_set_new(document, "resource_state",
	    json_pack("{s:I, s:I, s:[], s:[], s:n}", "total_agents_allowed",
		(json_int_t)json_get_int(
		    json_get(document, "config"), "max_parallel", 0),
		"current_agents_active",
		(json_int_t)job->counts[JOB_ITEM_RUNNING], "worktrees_created",
		"worktrees_cleaned", "disk_usage_bytes"));
	json_object_set_new(document, "reduce_phase_state",
	    json_pack("{s:b, s:b, s:I}", "started", job->phase >= JOB_REDUCE,
		"completed", job->phase == JOB_COMPLETE, "steps_done",
		(json_int_t)job->reduce_steps));
	json_set_text(document, "parent_head", source->parent_head);
	json_object_set_new(document, "journal",
	    json_pack("{s:s, s:I}", "path", path_name(source->journal->path),
		"bytes", (json_int_t)source->journal->size));
	if (add_work_items(source, document, err))
		return document;
	json_decref(document);
	return NULL;
}

static bool
remove_old(const char *dir, struct error *err)
{
	autojson json_t *list = checkpoint_list(dir, err);
	if (list == NULL)
		return false;
	for (size_t i = CHECKPOINT_KEEP; i < json_array_size(list); i++) {
		autofree char *path = path_join(
		    dir, json_get_text(json_array_get(list, i), "path"));
		if (!file_remove(path, err))
			return false;
	}
	return true;
}

bool
checkpoint_write(const struct checkpoint_source *source, const char *reason,
    uint64_t *size, struct error *err)
{
	autostr struct str text = { 0 };
	autojson json_t *document = build(source, reason, err);
	if (document == NULL)
		return error_wrap(err, "making a checkpoint");
	checkpoint_seal(document, &text);
	autofree char *name = mem_format(
	    "checkpoint-v%llu.json", (unsigned long long)source->job->version);
	autofree char *path = path_join(source->dir, name);
	autofree char *latest = path_join(source->dir, "latest.json");
	if (!file_replace(path, text.data, text.len, err) ||
	    !file_replace_link(latest, name, err) ||
	    !remove_old(source->dir, err))
		return error_wrap(err, "writing a checkpoint");
	*size = text.len;
	return checkpoint_describe(source, err);
}

bool
checkpoint_describe(const struct checkpoint_source *source, struct error *err)
{
	const struct job *job = source->job;
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autofree char *path = path_join(source->dir, "metadata.json");
	autojson json_t *list = checkpoint_list(source->dir, err);
	if (list == NULL)
		return false;
	autojson json_t *metadata = json_deep_copy(source->description);
	if (metadata == NULL)
		metadata = json_object();
	if (json_array_size(list) > 0)
		json_object_update(metadata, json_array_get(list, 0));
	json_set_text(metadata, "job_id", source->job_id);
	json_set_text(metadata, "phase", job_phase_name(job->phase));
	json_set_text(metadata, "updated_at", clock_rfc3339(clock_wall(), now));
	json_object_set_new(
	    metadata, "total_items", json_integer((json_int_t)job->total));
	json_object_set_new(metadata, "successful",
	    json_integer((json_int_t)job->counts[JOB_ITEM_DONE]));
	json_object_set_new(metadata, "failed",
	    json_integer((json_int_t)job->counts[JOB_ITEM_FAILED]));
	json_object_set(metadata, "checkpoints", list);
	json_pretty(metadata, &text);
	str_add_char(&text, '\n');
	return file_replace(path, text.data, text.len, err);
}
