/* SPDX-License-Identifier: MIT */
/* Dead letters: one file for each item that finally failed. */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/items.h"
#include "state/dlq.h"
#include "state/job.h"
#include "state/session.h"

#define RECORD_LIMIT ((size_t)64 * 1024 * 1024)
#define SIGNATURE_WORDS 10
#define SIGNATURE_BYTES 200

/* Paths, numbers and ids differ from failure to failure. */
static bool
is_telling(const char *word)
{
	return *word != '\0' && strchr(word, '/') == NULL &&
	    strpbrk(word, "0123456789") == NULL;
}

char *
dlq_signature(const struct failure *failure)
{
	struct str out = { 0 };
	autofree char *copy = mem_text(failure->message);
	char *rest = copy;
	size_t words = 0;
	str_format(&out, "%s::", failure_error_type_name(failure->cause));
	for (char *word; words < SIGNATURE_WORDS &&
	     (word = strsep(&rest, " \t\n")) != NULL;) {
		if (is_telling(word))
			str_format(&out, "%s%s", words++ == 0 ? "" : " ", word);
	}
	str_cut(&out, text_cut(str_text(&out), out.len, SIGNATURE_BYTES));
	return str_take(&out);
}

bool
dlq_needs_review(const struct failure *failure)
{
	static const char *const signs[] = { "permission denied",
		"access denied", "corrupted" };
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (failure->message != NULL &&
		    strcasestr(failure->message, signs[i]) != NULL)
			return true;
	return failure->cause == CAUSE_COMMIT_REQUIRED ||
	    failure->cause == CAUSE_INPUT;
}

static char *
record_path(const char *dir, const char *item)
{
	autofree char *name = path_encode_name(item);
	return mem_format("%s/items/%s.json", dir, name);
}

static json_t *
history_entry(
    const struct dlq_attempt *attempt, int64_t number, const char *now)
{
	const struct failure *failure = attempt->failure;
	json_t *entry = json_object();
	json_t *context = json_array();
	for (size_t i = 0; i < failure->context.n; i++)
		json_array_append_new(
		    context, json_text(failure->context.items[i]));
	json_object_set_new(entry, "attempt_number", json_integer(number));
	json_set_text(entry, "timestamp", now);
	json_object_set_new(entry, "error_type", failure_error_type(failure));
	json_set_text(entry, "error_message", failure->message);
	json_object_set_new(entry, "error_context", context);
	json_set_text(entry, "stack_trace", NULL);
	json_set_text(entry, "agent_id", attempt->agent);
	json_set_text(entry, "step_failed", failure->step);
	json_object_set_new(
	    entry, "duration_ms", json_integer(attempt->duration_ms));
	json_set_text(entry, "json_log_location", attempt->log);
	return entry;
}

static json_t *
artifacts(const struct dlq_attempt *attempt)
{
	if (attempt->worktree == NULL && attempt->branch == NULL &&
	    attempt->uncommitted == NULL)
		return json_null();
	json_t *out = json_object();
	json_set_text(out, "worktree_path", attempt->worktree);
	json_set_text(out, "branch_name", attempt->branch);
	json_set_text(out, "uncommitted_changes", attempt->uncommitted);
	json_set_text(out, "error_logs", attempt->log);
	return out;
}

static json_t *
new_record(const char *item, const json_t *data, const char *now)
{
	json_t *record = json_object();
	json_set_text(record, "item_id", item);
	json_object_set(record, "item_data", json_mutable(data));
	json_set_text(record, "first_attempt", now);
	json_object_set_new(record, "failure_history", json_array());
	return record;
}

/* The record there is, or NULL when there is none that can be used. */
static json_t *
load_record(const char *path, const char *item)
{
	autoerror struct error ignored = { 0 };
	autojson json_t *record = path_exists(path)
	    ? json_load_path(path, RECORD_LIMIT, &ignored)
	    : NULL;
	const char *id = json_get_text(record, "item_id");
	if (id == NULL || strcmp(id, item) != 0 ||
	    !json_is_array(json_get(record, "failure_history")))
		return NULL;
	return json_incref(record);
}

static void
add_failure(json_t *record, const struct dlq_attempt *attempt, const char *now,
    int64_t *count)
{
	bool review = dlq_needs_review(attempt->failure);
	autofree char *signature = dlq_signature(attempt->failure);
	json_t *history = json_object_get(record, "failure_history");
	*count = (int64_t)json_array_size(history) + 1;
	json_array_append_new(history, history_entry(attempt, *count, now));
	json_set_text(record, "last_attempt", now);
	json_object_set_new(record, "failure_count", json_integer(*count));
	json_set_text(record, "error_signature", signature);
	json_object_set_new(record, "worktree_artifacts", artifacts(attempt));
	json_object_set_new(
	    record, "reprocess_eligible", json_boolean(!review));
	json_object_set_new(
	    record, "manual_review_required", json_boolean(review));
}

bool
dlq_add(const char *dir, const char *item, const json_t *data,
    const struct dlq_attempt *attempt, int64_t *count, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autofree char *path = record_path(dir, item);
	autofree char *folder = path_parent(path);
	clock_rfc3339(clock_wall(), now);
	autojson json_t *record = load_record(path, item);
	if (record == NULL && !session_keep_damaged(path, err))
		return false;
	if (record == NULL)
		record = new_record(item, data, now);
	add_failure(record, attempt, now, count);
	json_pretty(record, &text);
	str_add_char(&text, '\n');
	return path_make_dirs(folder, err) &&
	    file_replace(path, text.data, text.len, err);
}

/* By number for item_{n}, by text for others. */
static int
compare_records(const void *a, const void *b)
{
	size_t x, y;
	const char *s = json_get_text(*(json_t *const *)a, "item_id");
	const char *t = json_get_text(*(json_t *const *)b, "item_id");
	if (items_index(s, &x) && items_index(t, &y))
		return x < y ? -1 : x > y;
	return strcmp(s, t);
}

struct records {
	json_t **items;
	size_t n;
	size_t cap;
};

static bool
read_records(const char *folder, struct records *records, struct error *err)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;
	if (d == NULL && errno == ENOENT)
		return true;
	if (d == NULL)
		return error_system(err, "reading %s", folder);
	while ((entry = readdir(d)) != NULL) {
		autoerror struct error ignored = { 0 };
		autofree char *path = path_join(folder, entry->d_name);
		if (entry->d_name[0] == '.' ||
		    !text_ends_with(entry->d_name, ".json"))
			continue;
		json_t *record = json_load_path(path, RECORD_LIMIT, &ignored);
		if (json_get_text(record, "item_id") == NULL) {
			json_decref(record);
			continue;
		}
		records->items = mem_grow(records->items, &records->cap,
		    records->n + 1, sizeof(json_t *));
		records->items[records->n++] = record;
	}
	closedir(d);
	return true;
}

json_t *
dlq_load(const char *dir, struct error *err)
{
	struct records records = { 0 };
	autofree char *folder = path_join(dir, "items");
	if (!read_records(folder, &records, err))
		return NULL;
	if (records.n > 0)
		qsort(records.items, records.n, sizeof(json_t *),
		    compare_records);
	json_t *array = json_array();
	for (size_t i = 0; i < records.n; i++)
		json_array_append_new(array, records.items[i]);
	free(records.items);
	return array;
}

bool
dlq_write_index(const char *dir, const char *job, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autofree char *path = path_join(dir, "index.json");
	autojson json_t *records = dlq_load(dir, err);
	if (records == NULL)
		return false;
	if (json_array_size(records) == 0)
		return file_remove(path, err);
	json_t *ids = json_array();
	for (size_t i = 0; i < json_array_size(records); i++)
		json_array_append(ids,
		    json_object_get(json_array_get(records, i), "item_id"));
	autojson json_t *index = json_pack("{s:o, s:I, s:o, s:s}", "job_id",
	    json_text(job), "item_count", (json_int_t)json_array_size(records),
	    "item_ids", ids, "updated_at", clock_rfc3339(clock_wall(), now));
	json_pretty(index, &text);
	str_add_char(&text, '\n');
	return file_replace_derived(path, text.data, text.len, err);
}
