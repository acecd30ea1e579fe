/* SPDX-License-Identifier: MIT */
/* Snapshots of a job: built and written, found and loaded. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/items.h"
#include "state/checkpoint.h"
#include "state/job_record.h"

#define SNAPSHOT_LIMIT ((size_t)1024 * 1024 * 1024)

/* --- the integrity hash ----------------------------------------------- */

/*
 * metadata.integrity_hash is "sha256:" and the digest of the whole document,
 * compact with sorted members, with that member empty.
 */
static void
hash_of(const json_t *document, char *hash, size_t size)
{
	char digest[DIGEST_SHA256_HEX];
	autostr struct str text = { 0 };
	json_compact(document, &text, true);
	snprintf(hash, size, "sha256:%s",
	    digest_sha256(text.data, text.len, digest));
}

/* Sets the hash and appends the document as text. */
static void
seal(json_t *document, struct str *text)
{
	char hash[80];
	json_t *metadata = json_object_get(document, "metadata");
	json_set_text(metadata, "integrity_hash", "");
	hash_of(document, hash, sizeof(hash));
	json_set_text(metadata, "integrity_hash", hash);
	json_compact(document, text, true);
	str_add_char(text, '\n');
}

static bool
is_sealed(json_t *document)
{
	char hash[80];
	json_t *metadata = json_object_get(document, "metadata");
	const char *said = json_get_text(metadata, "integrity_hash");
	if (said == NULL)
		return false;
	autofree char *kept = mem_text(said);
	json_set_text(metadata, "integrity_hash", "");
	hash_of(document, hash, sizeof(hash));
	json_set_text(metadata, "integrity_hash", kept);
	return strcmp(kept, hash) == 0;
}

/* --- writing ---------------------------------------------------------- */

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
	json_t *data = spool_item(source->spool, i, NULL, err);
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
	/* Those of the pending ones that are on their way. */
	json_object_set_new(
	    state, "running_ranges", ranges_of(job, 1u << JOB_ITEM_RUNNING));
	json_object_set_new(
	    state, "ready_ranges", ranges_of(job, 1u << JOB_ITEM_READY));
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
	json_object_set_new(document, "spent", spent_to_json(&job->spent));
	json_object_set_new(
	    document, "changes", changes_to_json(&job->changes));
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
	seal(document, &text);
	autofree char *name = mem_format(
	    "checkpoint-v%llu.json", (unsigned long long)source->job->version);
	autofree char *path = path_join(source->dir, name);
	autofree char *latest = path_join(source->dir, "latest.json");
	/* Only the snapshot is synced: the rest can be made from the folder. */
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
	return file_replace_derived(path, text.data, text.len, err);
}

/* --- reading ---------------------------------------------------------- */

static int
compare_versions(const void *a, const void *b)
{
	int64_t x = json_get_int(*(json_t *const *)a, "version", 0);
	int64_t y = json_get_int(*(json_t *const *)b, "version", 0);
	return x > y ? -1 : x < y;
}

/* Adds a version to the list; one that is gone meanwhile is none. */
static bool
add_version(json_t *list, const char *dir, const char *name,
    unsigned long long version, struct error *err)
{
	struct stat st;
	char when[CLOCK_RFC3339_SIZE] = "";
	autofree char *path = path_join(dir, name);
	if (stat(path, &st) != 0)
		return errno == ENOENT || error_system(err, "reading %s", path);
	clock_rfc3339(
	    (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
	    when);
	json_array_append_new(list,
	    json_pack("{s:s, s:I, s:I, s:s}", "path", name, "version",
		(json_int_t)version, "size_bytes", (json_int_t)st.st_size,
		"created_at", when));
	return true;
}

/* Of "checkpoint-v{N}.json". */
static bool
version_of(const char *name, unsigned long long *version)
{
	static const char start[] = "checkpoint-v";
	char *end;
	const char *digits = name + strlen(start);
	if (!text_starts_with(name, start) || *digits < '0' || *digits > '9')
		return false;
	*version = strtoull(digits, &end, 10);
	return strcmp(end, ".json") == 0 && *version <= INT64_MAX;
}

static json_t *
newest_first(const json_t *list)
{
	size_t n = json_array_size(list);
	autofree json_t **items = mem_array(n, sizeof(json_t *));
	json_t *sorted = json_array();
	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(list, i);
	if (n > 0)
		qsort(items, n, sizeof(json_t *), compare_versions);
	for (size_t i = 0; i < n; i++)
		json_array_append(sorted, items[i]);
	return sorted;
}

json_t *
checkpoint_list(const char *dir, struct error *err)
{
	autojson json_t *list = json_array();
	DIR *d = opendir(dir);
	const struct dirent *entry;
	bool ok = d != NULL;
	if (!ok)
		error_system(err, "reading %s", dir);
	while (ok && (entry = readdir(d)) != NULL) {
		unsigned long long version;
		if (version_of(entry->d_name, &version))
			ok =
			    add_version(list, dir, entry->d_name, version, err);
	}
	if (d != NULL)
		closedir(d);
	return ok ? newest_first(list) : NULL;
}

/* How many items [[first,last], ...] hold; -1 when it is no such list. */
static int64_t
count_ranges(const json_t *ranges)
{
	int64_t count = 0;
	for (size_t i = 0; i < json_array_size(ranges); i++) {
		const json_t *range = json_array_get(ranges, i);
		int64_t first = json_integer_value(json_array_get(range, 0));
		int64_t last = json_integer_value(json_array_get(range, 1));
		if (json_array_size(range) != 2 || first < 0 || last < first ||
		    last >= ITEMS_LIMIT)
			return -1;
		count += last - first + 1;
	}
	return json_is_array(ranges) ? count : -1;
}

/* What the item lists of a snapshot must add up to. */
static bool
counts_fit(const json_t *document)
{
	const json_t *state = json_get(document, "work_item_state");
	int64_t total = json_get_int(
	    json_get(document, "metadata"), "total_work_items", -1);
	if (json_get(state, "items_file") != NULL)
		return total ==
		    count_ranges(json_get(state, "pending_ranges")) +
		    count_ranges(json_get(state, "completed_ranges")) +
		    count_ranges(json_get(state, "failed_ranges"));
	return total ==
	    (int64_t)(json_array_size(json_get(state, "pending_items")) +
		json_array_size(json_get(state, "completed_items")) +
		json_array_size(json_get(state, "failed_items")));
}

static bool
is_of_job(const json_t *document, const char *dir)
{
	const char *id =
	    json_get_text(json_get(document, "metadata"), "job_id");
	if (id == NULL)
		return false;
	autofree char *name = path_encode_name(id);
	return strcmp(name, path_name(dir)) == 0;
}

static json_t *
load_one(const char *dir, const char *name, struct error *err)
{
	autofree char *path = path_join(dir, name);
	json_t *document = json_load_path(path, SNAPSHOT_LIMIT, err);
	if (document == NULL)
		return NULL;
	if (!is_sealed(document))
		error_set(err, ERROR_STATE,
		    "%s does not fit its integrity hash", path);
	else if (!counts_fit(document))
		error_set(err, ERROR_STATE,
		    "%s: its items do not add up to their number", path);
	else if (!is_of_job(document, dir))
		error_set(err, ERROR_STATE, "%s belongs to another job", path);
	else
		return document;
	json_decref(document);
	return NULL;
}

json_t *
checkpoint_load(
    const char *dir, int64_t version, struct strv *warnings, struct error *err)
{
	autojson json_t *list = checkpoint_list(dir, err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *name = json_get_text(entry, "path");
		if (version >= 0 &&
		    json_get_int(entry, "version", -1) != version)
			continue;
		if (version >= 0)
			return load_one(dir, name, err);
		autoerror struct error why = { 0 };
		json_t *document = load_one(dir, name, &why);
		if (document != NULL)
			return document;
		strv_add(warnings, error_text(&why));
	}
	if (list != NULL)
		error_set(err, ERROR_STATE, "Checkpoint not found in %s", dir);
	return NULL;
}

/* --- the state that a snapshot tells ---------------------------------- */

static bool
put_ranges(struct job *job, const json_t *ranges, enum job_item_status status)
{
	for (size_t i = 0; i < json_array_size(ranges); i++) {
		const json_t *range = json_array_get(ranges, i);
		const json_t *first = json_array_get(range, 0);
		const json_t *last = json_array_get(range, 1);
		if (!json_is_integer(first) || !json_is_integer(last) ||
		    !job_put(job, json_integer_value(first),
			json_integer_value(last), status))
			return false;
	}
	return json_is_array(ranges);
}

static bool
apply(struct job *job, const struct job_record *record, struct error *err)
{
	const struct journal_place nowhere = { 0 };
	autojson json_t *object = job_record_write(record);
	return job_apply(job, object, &nowhere, err);
}

bool
checkpoint_restore(const json_t *document, struct job *job, struct error *err)
{
	const json_t *metadata = json_get(document, "metadata");
	const json_t *state = json_get(document, "work_item_state");
	const struct job_record items = {
		.op = JOB_OP_ITEMS,
		.count = json_get_int(metadata, "total_work_items", -1),
	};
	const struct job_record phase = {
		.op = JOB_OP_PHASE,
		.phase = json_get_text(metadata, "phase"),
	};
	if (!apply(job, &items, err) || !apply(job, &phase, err))
		return false;
	job->version = (uint64_t)json_get_int(metadata, "version", 0);
	spent_from_json(json_get(document, "spent"), &job->spent);
	changes_from_json(json_get(document, "changes"), &job->changes);
	if (put_ranges(
		job, json_get(state, "completed_ranges"), JOB_ITEM_DONE) &&
	    put_ranges(
		job, json_get(state, "failed_ranges"), JOB_ITEM_FAILED) &&
	    put_ranges(
		job, json_get(state, "running_ranges"), JOB_ITEM_RUNNING) &&
	    put_ranges(job, json_get(state, "ready_ranges"), JOB_ITEM_READY))
		return true;
	return error_set(err, ERROR_STATE, "a snapshot without these ranges");
}
