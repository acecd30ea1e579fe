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
#include "state/checkpoint.h"
#include "state/checkpoint_hash.h"

static json_t *
item_of(const struct checkpoint_source *source, size_t i, struct error *err)
{
	autofree char *id = job_item_id(i);
	json_t *data = spool_item(source->spool, i, err);
	if (data == NULL)
		return NULL;
	return json_pack("{s:s, s:o}", "id", id, "data", data);
}

static json_t *
result_of(const struct checkpoint_source *source, size_t i,
    json_t **record, struct error *err)
{
	const struct job_item *item = &source->job->items[i];
	*record = journal_read(source->journal, &item->result, err);
	if (*record == NULL)
		return NULL;
	return json_incref(json_object_get(*record, "result"));
}

static bool
add_completed(const struct checkpoint_source *source, size_t i, json_t *list,
    struct error *err)
{
	json_t *record = NULL;
	json_t *result = result_of(source, i, &record, err);
	json_t *item = result == NULL ? NULL : item_of(source, i, err);
	bool ok = item != NULL;
	if (ok)
		json_array_append_new(list, json_pack("{s:o, s:O, s:O}",
		    "work_item", item, "result", result, "completed_at",
		    json_object_get(record, "t")));
	json_decref(result);
	json_decref(record);
	return ok;
}

static bool
add_failed(const struct checkpoint_source *source, size_t i, json_t *list,
    struct error *err)
{
	json_t *record = NULL;
	json_t *result = result_of(source, i, &record, err);
	json_t *item = record == NULL ? NULL : item_of(source, i, err);
	bool ok = item != NULL;
	if (ok) {
		json_t *failed = json_object();
		json_object_set_new(failed, "work_item", item);
		json_set_text(failed, "error",
		    json_get_text(record, "error"));
		json_set_text(failed, "failed_at", json_get_text(record, "t"));
		json_object_set_new(failed, "retry_count",
		    json_integer(source->job->items[i].attempts));
		json_array_append_new(list, failed);
	}
	json_decref(result);
	json_decref(record);
	return ok;
}

/* Items that are on their way count as pending: a resume starts them anew. */
static bool
add_items(const struct checkpoint_source *source, json_t *pending,
    json_t *completed, json_t *failed, struct error *err)
{
	const struct job *job = source->job;
	for (size_t i = 0; i < job->total; i++) {
		bool ok;
		if (job->items[i].status == JOB_ITEM_DONE) {
			ok = add_completed(source, i, completed, err);
		} else if (job->items[i].status == JOB_ITEM_FAILED) {
			ok = add_failed(source, i, failed, err);
		} else {
			json_t *item = item_of(source, i, err);
			ok = item != NULL;
			if (ok)
				json_array_append_new(pending, item);
		}
		if (!ok)
			return false;
	}
	return true;
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
			json_array_append_new(ranges, json_pack("[I, I]",
			    (json_int_t)first, (json_int_t)(i - 1)));
	}
	return ranges;
}

static bool
add_work_items(const struct checkpoint_source *source, json_t *document,
    struct error *err)
{
	const struct job *job = source->job;
	json_t *pending = json_array();
	json_t *completed = json_array();
	json_t *failed = json_array();
	json_t *state = json_pack("{s:o, s:{}, s:o, s:o, s:n}",
	    "pending_items", pending, "in_progress_items", "completed_items",
	    completed, "failed_items", failed, "current_batch");
	json_object_set_new(document, "work_item_state", state);
	if (job->total <= CHECKPOINT_INLINE)
		return source->spool == NULL ||
		    add_items(source, pending, completed, failed, err);
	json_object_set_new(state, "items_file", json_string(SPOOL_NAME));
	json_object_set_new(state, "pending_ranges", ranges_of(job,
	    1u << JOB_ITEM_PENDING | 1u << JOB_ITEM_RUNNING |
	        1u << JOB_ITEM_READY));
	json_object_set_new(state, "completed_ranges",
	    ranges_of(job, 1u << JOB_ITEM_DONE));
	json_object_set_new(state, "failed_ranges",
	    ranges_of(job, 1u << JOB_ITEM_FAILED));
	return true;
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
	json_object_set_new(metadata, "version",
	    json_integer((json_int_t)job->version));
	json_set_text(metadata, "created_at",
	    clock_rfc3339(clock_wall(), now));
	json_set_text(metadata, "phase", job_phase_name(job->phase));
	json_object_set_new(metadata, "total_work_items",
	    json_integer((json_int_t)job->total));
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
	json_object_set_new(state, "setup_results", job->setup_done
	        ? json_pack("{s:b, s:{}}", "success", 1, "outputs")
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
	json_object_set_new(document, "format_version", json_integer(1));
	json_object_set_new(document, "metadata",
	    make_metadata(source, reason));
	json_object_set_new(document, "execution_state",
	    make_execution_state(job));
	json_object_set_new(document, "agent_state",
	    json_pack("{s:{}, s:{}, s:{}, s:{}}", "active_agents",
	        "agent_assignments", "agent_results", "resource_allocation"));
	json_object_set_new(document, "variable_state",
	    json_pack("{s:{}, s:O?, s:{}, s:{}}", "workflow_variables",
	        "captured_outputs", job->setup_vars, "environment_variables",
	        "item_variables"));
	json_object_set_new(document, "error_state",
	    json_pack("{s:I, s:b}", "error_count",
	        (json_int_t)job->counts[JOB_ITEM_FAILED],
	        "error_threshold_reached", 0));
	json_object_set_new(document, "reduce_phase_state",
	    json_pack("{s:b, s:b, s:I}", "started",
	        job->phase >= JOB_REDUCE, "completed",
	        job->phase == JOB_COMPLETE, "steps_done",
	        (json_int_t)job->reduce_steps));
	json_set_text(document, "parent_head", source->parent_head);
	json_object_set_new(document, "journal", json_pack("{s:s, s:I}",
	    "path", path_name(source->journal->path), "bytes",
	    (json_int_t)source->journal->size));
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
		autofree char *path = path_join(dir,
		    json_get_text(json_array_get(list, i), "path"));
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
	autofree char *name = mem_format("checkpoint-v%llu.json",
	    (unsigned long long)source->job->version);
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
	if (json_array_size(list) > 0)
		json_object_update(metadata, json_array_get(list, 0));
	json_set_text(metadata, "job_id", source->job_id);
	json_set_text(metadata, "phase", job_phase_name(job->phase));
	json_set_text(metadata, "updated_at",
	    clock_rfc3339(clock_wall(), now));
	json_object_set_new(metadata, "total_items",
	    json_integer((json_int_t)job->total));
	json_object_set_new(metadata, "successful",
	    json_integer((json_int_t)job->counts[JOB_ITEM_DONE]));
	json_object_set_new(metadata, "failed",
	    json_integer((json_int_t)job->counts[JOB_ITEM_FAILED]));
	json_object_set(metadata, "checkpoints", list);
	json_pretty(metadata, &text);
	str_add_char(&text, '\n');
	return file_replace(path, text.data, text.len, err);
}
