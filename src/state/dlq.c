/* SPDX-License-Identifier: MIT */
/* Dead letters: one file for each item that finally failed. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/cause.h"
#include "plan/items.h"
#include "plan/label.h"
#include "state/dlq.h"
#include "state/job_record.h"
#include "state/journal.h"
#include "state/session.h"
#include "state/spool.h"

#define RECORD_LIMIT ((size_t)64 * 1024 * 1024)

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
logs_of(const struct dlq_attempt *attempt)
{
	json_t *logs = json_array();
	for (size_t i = 0; attempt->logs != NULL && i < attempt->logs->n; i++)
		json_array_append_new(logs, json_text(attempt->logs->items[i]));
	return logs;
}

static json_t *
history_entry(
    const struct dlq_attempt *attempt, int64_t number, const char *now)
{
	const struct failure *failure = attempt->failure;
	json_t *entry = json_object();
	json_t *context = json_array();
	autofree char *cause = cause_line(failure);
	for (size_t i = 0; i < failure->context.n; i++)
		json_array_append_new(
		    context, json_text(failure->context.items[i]));
	json_object_set_new(entry, "attempt_number", json_integer(number));
	json_set_text(entry, "timestamp", now);
	json_object_set_new(entry, "error_type", failure_error_type(failure));
	json_set_text(entry, "error_message", failure->message);
	json_set_text(entry, "cause", cause);
	json_object_set_new(entry, "error_context", context);
	json_set_text(entry, "stack_trace", NULL);
	json_set_text(entry, "agent_id", attempt->agent);
	json_set_text(entry, "step_failed", failure->step);
	json_object_set_new(
	    entry, "duration_ms", json_integer(attempt->duration_ms));
	json_set_text(entry, "json_log_location", attempt->log);
	if (attempt->claude_session != NULL)
		json_set_text(
		    entry, "claude_session_id", attempt->claude_session);
	if (attempt->spent != NULL)
		spent_describe(attempt->spent, entry);
	if (attempt->changes != NULL)
		changes_describe(attempt->changes, entry);
	json_object_set_new(entry, "logs", logs_of(attempt));
	return entry;
}

static json_t *
artifacts(const struct dlq_attempt *attempt)
{
	if (attempt->worktree == NULL && attempt->branch == NULL &&
	    attempt->uncommitted == NULL && attempt->salvage == NULL)
		return json_null();
	json_t *out = json_object();
	json_set_text(out, "worktree_path", attempt->worktree);
	json_set_text(out, "branch_name", attempt->branch);
	json_set_text(out, "uncommitted_changes", attempt->uncommitted);
	json_set_text(out, "error_logs", attempt->log);
	if (attempt->salvage != NULL)
		json_object_set(out, "salvage", json_mutable(attempt->salvage));
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
	autofree char *signature =
	    cause_signature(attempt->failure, json_get(record, "item_data"));
	json_t *history = json_object_get(record, "failure_history");
	*count = (int64_t)json_array_size(history) + 1;
	json_array_append_new(history, history_entry(attempt, *count, now));
	json_set_text(record, "item_label", attempt->label);
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

/* --- reading ---------------------------------------------------------- */

/* The records of a job, each item once. */
struct dlq_records {
	json_t *by_item; /* id -> record */
	struct strv *unread; /* the caller's */
};

static void
take_letter(struct dlq_records *records, const char *path)
{
	autoerror struct error err = { 0 };
	autojson json_t *record = json_load_path(path, RECORD_LIMIT, &err);
	const char *item = json_get_text(record, "item_id");
	/* One that was removed since the folder was read has served. */
	if (record == NULL && err.code == ENOENT)
		return;
	if (record != NULL && item == NULL)
		error_set(&err, ERROR_STATE, "%s is no dead letter", path);
	if (item == NULL)
		strv_add(records->unread, error_text(&err));
	else
		json_object_set(records->by_item, item, record);
}

static bool
read_letters(struct dlq_records *records, const char *dir, struct error *err)
{
	autofree char *folder = path_join(dir, "items");
	autostrv struct strv names = { 0 };
	if (!path_list(folder, &names, err))
		return false;
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = path_join(folder, names.items[i]);
		if (text_ends_with(path, ".json"))
			take_letter(records, path);
	}
	return true;
}

/* --- what only the journal knows -------------------------------------- */

/* The record of the last failure of each item that has not begun anew. */
static bool
take_record(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	json_t *failures = arg;
	struct job_record what;
	(void)place;
	(void)err;
	job_record_read(record, &what);
	if (what.item == NULL || what.op == JOB_OP_SPENT ||
	    what.op == JOB_OP_CLAUDE)
		return true;
	if (what.op == JOB_OP_FAIL)
		json_object_set(failures, what.item, json_mutable(record));
	else
		json_object_del(failures, what.item);
	return true;
}

static enum failure_cause
cause_of(const json_t *error_type)
{
	const char *name = json_is_object(error_type)
	    ? json_object_iter_key(json_object_iter(json_mutable(error_type)))
	    : json_string_value(error_type);
	for (unsigned i = CAUSE_NONE + 1; name != NULL && i < FAILURE_CAUSES;
	     i++) {
		enum failure_cause cause = (enum failure_cause)i;
		if (strcmp(failure_error_type_name(cause), name) == 0)
			return cause;
	}
	return CAUSE_LOST;
}

/* What the record was told; the message alone tells less. */
static void
take_cause(json_t *record, const json_t *result)
{
	json_t *entry = json_array_get(json_get(record, "failure_history"), 0);
	json_t *signature = json_object_get(result, "error_signature");
	json_t *cause = json_object_get(result, "cause");
	if (json_is_string(signature))
		json_object_set(record, "error_signature", signature);
	if (json_is_string(cause))
		json_object_set(entry, "cause", cause);
}

static json_t *
restore(const char *item, const json_t *data, const json_t *journal_record)
{
	struct job_record what;
	struct failure failure = { 0 };
	int64_t count = 0;
	size_t index;
	job_record_read(journal_record, &what);
	const char *when = json_get_text(journal_record, "t");
	const json_t *took = json_get(what.result, "duration");
	struct spent spent;
	struct changes changes;
	spent_from_json(what.result, &spent);
	changes_from_json(what.result, &changes);
	const char *kept = json_get_text(what.result, "item_label");
	autofree char *label = kept == NULL && items_index(item, &index)
	    ? label_make(NULL, NULL, data, index)
	    : mem_text(kept);
	const struct dlq_attempt attempt = {
		.failure = &failure,
		.label = label,
		.agent = json_get_text(what.result, "worktree_session_id"),
		.log = json_get_text(what.result, "json_log_location"),
		.duration_ms = json_get_int(took, "secs", 0) * 1000 +
		    json_get_int(took, "nanos", 0) / 1000000,
		.worktree = json_get_text(what.result, "worktree_path"),
		.branch = json_get_text(what.result, "branch_name"),
		.claude_session =
		    json_get_text(what.result, "claude_session_id"),
		.spent = &spent,
		.changes = &changes,
	};
	const json_t *code =
	    json_get(json_get(what.error_type, "CommandFailed"), "exit_code");
	failure_set(&failure, cause_of(what.error_type),
	    (int)json_integer_value(code), "%s",
	    what.error == NULL ? "" : what.error);
	failure.step = mem_text(json_get_text(what.result, "step_failed"));
	json_t *record = new_record(item, data, when);
	add_failure(record, &attempt, when, &count);
	take_cause(record, what.result);
	json_object_set_new(record, "from_journal", json_true());
	failure_release(&failure);
	return record;
}

static json_t *
data_of(const struct spool *spool, const char *item, struct error *err)
{
	size_t i;
	if (!items_index(item, &i) || i >= spool->n)
		return json_null();
	return spool_item(spool, i, NULL, err);
}

static void
add_missing(
    struct dlq_records *records, const json_t *failures, const char *job_dir)
{
	autoerror struct error err = { 0 };
	autofree char *path = path_join(job_dir, SPOOL_NAME);
	struct spool spool;
	const char *item;
	json_t *record;
	bool ok = spool_open(&spool, path, NULL, &err);
	json_object_foreach(json_mutable(failures), item, record) {
		autojson json_t *data = NULL;
		if (json_get(records->by_item, item) != NULL)
			continue;
		if (ok)
			data = data_of(&spool, item, &err);
		ok = ok && data != NULL;
		json_object_set_new(
		    records->by_item, item, restore(item, data, record));
	}
	if (!ok)
		strv_add(records->unread, error_text(&err));
	spool_close(&spool);
}

/* A job that has ended with as many failures as there are letters. */
static bool
is_complete(const struct dlq_records *records, const char *job_dir)
{
	autoerror struct error ignored = { 0 };
	autofree char *path = path_join(job_dir, "metadata.json");
	autojson json_t *metadata =
	    json_load_path(path, RECORD_LIMIT, &ignored);
	const char *status = json_get_text(metadata, "status");
	return status != NULL &&
	    strcmp(status, session_status_name(SESSION_COMPLETED)) == 0 &&
	    json_get_int(metadata, "failed", -1) ==
	    (json_int_t)json_object_size(records->by_item);
}

static bool
has_all(const struct dlq_records *records, const json_t *failures)
{
	const char *item;
	json_t *record;
	json_object_foreach(json_mutable(failures), item, record)
		if (json_get(records->by_item, item) == NULL)
			return false;
	return true;
}

/*
 * A letter is written before its failure is recorded. Where that did not come,
 * or not yet, the item has not failed: a resume repeats it.
 */
static void
drop_unrecorded(struct dlq_records *records, const json_t *failures)
{
	const char *item;
	json_t *record;
	void *next;
	json_object_foreach_safe(records->by_item, next, item,
	    record) if (json_get(failures, item) == NULL)
	    json_object_del(records->by_item, item);
}

/* Damage ends the journal here: what stood before it is used. */
static void
read_journal(struct dlq_records *records, const char *job_dir)
{
	autoerror struct error err = { 0 };
	autofree char *path = path_join(job_dir, JOURNAL_NAME);
	autojson json_t *failures = json_object();
	struct journal_report report;
	if (!path_exists(path) || is_complete(records, job_dir))
		return;
	if (!journal_replay(path, take_record, failures, &report, &err))
		strv_add(records->unread, error_text(&err));
	else
		drop_unrecorded(records, failures);
	if (!has_all(records, failures))
		add_missing(records, failures, job_dir);
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

static json_t *
sorted(const json_t *by_item)
{
	size_t n = 0;
	const char *item;
	json_t *record;
	json_t **items = mem_array(json_object_size(by_item), sizeof(json_t *));
	json_t *array = json_array();
	json_object_foreach(json_mutable(by_item), item, record)
		items[n++] = record;
	if (n > 0)
		qsort(items, n, sizeof(json_t *), compare_records);
	for (size_t i = 0; i < n; i++)
		json_array_append(array, items[i]);
	free(items);
	return array;
}

json_t *
dlq_load(const char *dir, const char *job_dir, struct strv *unread,
    struct error *err)
{
	autojson json_t *by_item = json_object();
	struct dlq_records records = { .by_item = by_item, .unread = unread };
	if (!read_letters(&records, dir, err))
		return NULL;
	if (job_dir != NULL)
		read_journal(&records, job_dir);
	return sorted(by_item);
}

bool
dlq_write_index(const char *dir, const char *job, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autostrv struct strv unread = { 0 };
	autofree char *path = path_join(dir, "index.json");
	autojson json_t *records = dlq_load(dir, NULL, &unread, err);
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
