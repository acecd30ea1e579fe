/* SPDX-License-Identifier: MIT */
/* prodigy dlq: the items that failed for good. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/find.h"
#include "cli/output.h"
#include "data/json.h"
#include "plan/label.h"
#include "state/dlq.h"
#include "state/ids.h"

#define DEFAULT_LIMIT 50

struct dlq_values {
	const char *path;
	const char *job;
	const char *format;
	struct option_number limit;
	bool eligible;
	bool json;
};

#define AT(member) offsetof(struct dlq_values, member)
#define COMMON                                                                 \
	{ "job-id", 0, OPTION_TEXT, AT(job), "JOB", "the job" },               \
	    { "workflow-id", 0, OPTION_TEXT, AT(job), "JOB", NULL },           \
	    { "path", 'p', OPTION_TEXT, AT(path), "DIR",                       \
		    "look at the repository at DIR" },                         \
	{                                                                      \
		"json", 0, OPTION_FLAG, AT(json), NULL,                        \
		    "one JSON document on standard output"                     \
	}

static const struct option_spec list_options[] = {
	COMMON,
	{ "eligible", 0, OPTION_FLAG, AT(eligible), NULL,
	    "only items that may be retried" },
	{ "limit", 0, OPTION_NUMBER, AT(limit), "N", "at most N items" },
};

static const struct option_spec show_options[] = {
	COMMON,
	{ "format", 0, OPTION_TEXT, AT(format), "FORMAT",
	    "json (default) or human" },
};

/* The jobs to look at: the one that was named, or all. */
static bool
choose_jobs(const struct find *find, const struct invocation *invocation,
    struct strv *jobs, struct error *err)
{
	const struct dlq_values *values = invocation->values;
	char *job = NULL;
	if (!find_job(find, invocation, 0, values->job, &job, err))
		return false;
	if (job == NULL)
		return ids_jobs(&find->layout, jobs, err);
	strv_give(jobs, job);
	return true;
}

/* The last failure of a record, or NULL. */
static const json_t *
last_failure(const json_t *record)
{
	const json_t *history = json_get(record, "failure_history");
	size_t n = json_array_size(history);
	return n == 0 ? NULL : json_array_get(history, n - 1);
}

/* The cause in one line; what an older version wrote has the message only. */
static const char *
cause_of(const json_t *failure)
{
	const char *cause = json_get_text(failure, "cause");
	return cause != NULL ? cause : json_get_text(failure, "error_message");
}

static void
add_text(struct output_table *table, const char *text)
{
	output_table_add(table, text == NULL ? "" : text);
}

static char *
name_of(const json_t *record)
{
	return label_beside(json_get_text(record, "item_id"),
	    json_get_text(record, "item_label"));
}

static void
add_row(struct output_table *table, const char *job, const json_t *record)
{
	char when[CLOCK_RFC3339_SIZE] = "";
	int64_t ms;
	const char *last = json_get_text(record, "last_attempt");
	autofree char *name = name_of(record);
	autofree char *count =
	    mem_format("%lld", json_get_int(record, "failure_count", 0));
	if (last != NULL && clock_parse_rfc3339(last, &ms))
		clock_local(ms, when);
	output_table_add(table, job);
	output_table_add(table, name);
	output_table_add(table, when);
	output_table_add(table, count);
	output_table_add(table,
	    json_get_bool(record, "reprocess_eligible", false) ? "yes" : "no");
	add_text(table, json_get_text(last_failure(record), "step_failed"));
	add_text(table, cause_of(last_failure(record)));
}

struct dlq_listing {
	struct output_table table;
	json_t *items;
	struct strv unread;
	size_t shown;
	size_t limit;
	bool eligible;
	bool json;
};

/* The records of a job; NULL when there is no telling. */
static json_t *
load(const struct find *find, const char *job, struct strv *unread,
    struct error *err)
{
	autofree char *dir = layout_dlq(&find->layout, job);
	autofree char *job_dir = layout_job(&find->layout, job);
	return dlq_load(dir, job_dir, unread, err);
}

static void
list_job(const struct find *find, const char *job, struct dlq_listing *listing)
{
	autoerror struct error err = { 0 };
	autojson json_t *records = load(find, job, &listing->unread, &err);
	if (records == NULL)
		strv_add(&listing->unread, error_text(&err));
	for (size_t i = 0; i < json_array_size(records); i++) {
		json_t *record = json_array_get(records, i);
		if (listing->eligible &&
		    !json_get_bool(record, "reprocess_eligible", false))
			continue;
		if (listing->shown++ >= listing->limit)
			continue;
		if (listing->json) {
			json_t *entry = json_copy(record);
			json_set_text(entry, "job_id", job);
			json_array_append_new(listing->items, entry);
		} else {
			add_row(&listing->table, job, record);
		}
	}
}

static void
print_listing(struct dlq_listing *listing)
{
	if (listing->json) {
		output_json(listing->items);
	} else if (listing->shown == 0) {
		if (listing->unread.n == 0)
			output_line("No failed items.");
	} else {
		output_table_print(&listing->table);
		output_line("%zu item%s", listing->shown,
		    listing->shown == 1 ? "" : "s");
	}
}

static bool
list_jobs(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	static const char *const header[] = { "JOB", "ITEM", "LAST ATTEMPT",
		"FAILURES", "RETRY", "STEP", "CAUSE" };
	const struct dlq_values *values = invocation->values;
	autostrv struct strv jobs = { 0 };
	struct dlq_listing listing = {
		.table = { .columns = COUNT_OF(header) },
		.items = json_array(),
		.limit =
		    values->limit.given ? values->limit.value : DEFAULT_LIMIT,
		.eligible = values->eligible,
		.json = values->json,
	};
	for (size_t i = 0; i < COUNT_OF(header); i++)
		output_table_add(&listing.table, header[i]);
	bool ok = choose_jobs(find, invocation, &jobs, err);
	for (size_t i = jobs.n; i-- > 0;)
		list_job(find, jobs.items[i], &listing);
	if (ok) {
		print_listing(&listing);
		ok = find_unread(&listing.unread, err);
	}
	strv_release(&listing.unread);
	strv_release(&listing.table.cells);
	json_decref(listing.items);
	return ok;
}

static bool
run_list(struct invocation *invocation, int *status, struct error *err)
{
	const struct dlq_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, list_jobs, err);
}

static void
print_record(const json_t *record)
{
	const json_t *history = json_get(record, "failure_history");
	autostr struct str data = { 0 };
	autofree char *name = name_of(record);
	json_compact(json_get(record, "item_data"), &data, true);
	output_line("%s  %s", name, str_text(&data));
	for (size_t i = 0; i < json_array_size(history); i++) {
		const json_t *entry = json_array_get(history, i);
		const char *log = json_get_text(entry, "json_log_location");
		const char *what = json_get_text(entry, "error_message");
		const char *step = json_get_text(entry, "step_failed");
		const char *cause = json_get_text(entry, "cause");
		output_line("  attempt %lld: %s",
		    json_get_int(entry, "attempt_number", 0),
		    what == NULL ? "" : what);
		if (step != NULL)
			output_line("  step: %s", step);
		if (cause != NULL)
			output_line("  cause: %s", cause);
		if (log != NULL)
			output_line("  log: %s", log);
	}
}

static bool
show(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct dlq_values *values = invocation->values;
	autostrv struct strv unread = { 0 };
	autofree char *job =
	    find_job_or_newest(find, invocation, 0, values->job, err);
	if (job == NULL)
		return false;
	autojson json_t *records = load(find, job, &unread, err);
	if (records == NULL)
		return false;
	if (values->format != NULL && strcmp(values->format, "human") == 0) {
		for (size_t i = 0; i < json_array_size(records); i++)
			print_record(json_array_get(records, i));
		return find_unread(&unread, err);
	}
	autojson json_t *document = json_pack("{s:s, s:I, s:O}", "job_id", job,
	    "total", (json_int_t)json_array_size(records), "items", records);
	output_json(document);
	return find_unread(&unread, err);
}

static bool
run_show(struct invocation *invocation, int *status, struct error *err)
{
	const struct dlq_values *values = invocation->values;
	(void)status;
	if (values->format != NULL && strcmp(values->format, "human") != 0 &&
	    strcmp(values->format, "json") != 0)
		return error_set(err, ERROR_USAGE,
		    "%s: --format: '%s' is not json or human", invocation->path,
		    values->format);
	return find_with(invocation, values->path, show, err);
}

static const struct command dlq_list = {
	.name = "list",
	.aliases = "ls",
	.summary = "Lists failed items, of one job or of all",
	.synopsis = "[OPTION...] [JOB]",
	.options = list_options,
	.n_options = COUNT_OF(list_options),
	.values_size = sizeof(struct dlq_values),
	.max_args = 1,
	.run = run_list,
};

static const struct command dlq_show = {
	.name = "show",
	.aliases = "view",
	.summary = "Prints the failed items of a job with their history",
	.synopsis = "[OPTION...] [JOB]",
	.options = show_options,
	.n_options = COUNT_OF(show_options),
	.values_size = sizeof(struct dlq_values),
	.max_args = 1,
	.run = run_show,
};

static const struct command *const children[] = {
	&dlq_list,
	&dlq_show,
	NULL,
};

const struct command cmd_dlq = {
	.name = "dlq",
	.summary = "Shows the dead letters: items that failed for good",
	.synopsis = "COMMAND [ARGUMENT...]",
	.max_args = (size_t)-1,
	.children = children,
	.missing =
	    "retry reprocess status stats inspect analyze export purge clear",
};
