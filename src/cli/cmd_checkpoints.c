/* SPDX-License-Identifier: MIT */
/* prodigy checkpoints: what is saved of a job. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/find.h"
#include "cli/output.h"
#include "data/json.h"
#include "plan/items.h"
#include "state/checkpoint.h"
#include "state/dlq.h"
#include "state/figures.h"
#include "state/ids.h"

#define METADATA_LIMIT ((size_t)16 * 1024 * 1024)

struct checkpoints_values {
	const char *path;
	const char *job;
	struct option_number version;
	bool json;
};

#define AT(member) offsetof(struct checkpoints_values, member)

static const struct option_spec options[] = {
	{ "job-id", 0, OPTION_TEXT, AT(job), "JOB", "the job" },
	{ "workflow-id", 0, OPTION_TEXT, AT(job), "JOB", NULL },
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "one JSON document on standard output" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "look at the repository at DIR" },
};

static const struct option_spec show_options[] = {
	{ "job-id", 0, OPTION_TEXT, AT(job), "JOB", "the job" },
	{ "version", 0, OPTION_NUMBER, AT(version), "N",
	    "the checkpoint of this version (default: the newest)" },
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "the whole checkpoint as one JSON document" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "look at the repository at DIR" },
};

struct checkpoints_dead {
	size_t total;
	size_t retriable;
};

static bool
count_dead(const struct find *find, const char *job,
    struct checkpoints_dead *dead, struct strv *unread, struct error *err)
{
	autofree char *dir = layout_dlq(&find->layout, job);
	autofree char *job_dir = layout_job(&find->layout, job);
	autojson json_t *records = dlq_load(dir, job_dir, unread, err);
	if (records == NULL)
		return false;
	dead->total = json_array_size(records);
	dead->retriable = 0;
	for (size_t i = 0; i < dead->total; i++)
		dead->retriable += json_get_bool(
		    json_array_get(records, i), "reprocess_eligible", false);
	return true;
}

/* A job that is about to begin has none. */
static json_t *
load_metadata(const char *dir, struct strv *unread)
{
	autoerror struct error err = { 0 };
	autofree char *path = path_join(dir, "metadata.json");
	json_t *metadata = json_load_path(path, METADATA_LIMIT, &err);
	if (metadata == NULL && err.code != ENOENT)
		strv_add(unread, error_text(&err));
	return metadata;
}

/*
 * What the journal tells, or else the description, which is as old as the
 * newest checkpoint: both are of the same form then.
 */
static json_t *
describe_job(const char *dir, struct strv *unread)
{
	autoerror struct error err = { 0 };
	struct figures figures;
	json_t *metadata = load_metadata(dir, unread);
	if (metadata == NULL)
		metadata = json_object();
	if (figures_of_folder(dir, &figures, &err)) {
		figures_describe(&figures, metadata);
		json_object_set(metadata, "successful",
		    json_object_get(metadata, "successful_items"));
		json_object_set(metadata, "failed",
		    json_object_get(metadata, "failed_items"));
	} else if (err.code != ENOENT) {
		strv_add(unread, error_text(&err));
	}
	return metadata;
}

static void
print_job(const char *job, const json_t *metadata,
    const struct checkpoints_dead *dead)
{
	long long total = json_get_int(metadata, "total_items", 0);
	long long good = json_get_int(metadata, "successful", 0);
	long long bad = json_get_int(metadata, "failed", 0);
	const char *status = json_get_text(metadata, "status");
	const char *phase = json_get_text(metadata, "phase");
	output_line("Job: %s", job);
	output_line("Status: %s (phase %s)", status == NULL ? "?" : status,
	    phase == NULL ? "?" : phase);
	output_line("Total items: %lld", total);
	output_line("Successful: %lld", good);
	output_line("Failed: %lld (%zu in DLQ, %zu retriable)", bad,
	    dead->total, dead->retriable);
	output_line("Pending: %lld", total - good - bad);
}

/* How far each version was, by its own counts, if it can be read. */
static void
print_versions(const char *dir, const json_t *list, struct strv *unread)
{
	output_line("Available checkpoints:");
	for (size_t i = 0; i < json_array_size(list); i++) {
		autoerror struct error err = { 0 };
		autostrv struct strv warnings = { 0 };
		json_int_t version =
		    json_get_int(json_array_get(list, i), "version", 0);
		autojson json_t *document =
		    checkpoint_load(dir, version, &warnings, &err);
		const json_t *metadata = json_get(document, "metadata");
		const char *latest = i == 0 ? " (latest)" : "";
		if (document == NULL) {
			strv_add(unread, error_text(&err));
			output_line(
			    "- v%lld%s: cannot be used", version, latest);
		} else {
			output_line("- v%lld%s: %lld/%lld complete", version,
			    latest,
			    json_get_int(metadata, "completed_items", 0),
			    json_get_int(metadata, "total_work_items", 0));
		}
	}
}

static bool
list_job(const struct find *find, const char *job, json_t *all,
    struct strv *unread, struct error *err)
{
	struct checkpoints_dead dead;
	autofree char *dir = layout_job(&find->layout, job);
	autojson json_t *list = checkpoint_list(dir, err);
	if (list == NULL || !count_dead(find, job, &dead, unread, err))
		return false;
	autojson json_t *metadata = describe_job(dir, unread);
	if (all != NULL) {
		json_t *entry = json_copy(metadata);
		json_set_text(entry, "id", job);
		json_object_set(entry, "versions", list);
		json_object_set_new(
		    entry, "in_dlq", json_integer((json_int_t)dead.total));
		json_object_set_new(entry, "retriable",
		    json_integer((json_int_t)dead.retriable));
		json_array_append_new(all, entry);
		return true;
	}
	print_job(job, metadata, &dead);
	print_versions(dir, list, unread);
	return true;
}

static bool
list(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct checkpoints_values *values = invocation->values;
	autostrv struct strv jobs = { 0 };
	autostrv struct strv unread = { 0 };
	char *job = NULL;
	if (!find_job(find, invocation, 0, values->job, &job, err))
		return false;
	if (job != NULL)
		strv_give(&jobs, job);
	else if (!ids_jobs(&find->layout, &jobs, err))
		return false;
	autojson json_t *all = values->json ? json_array() : NULL;
	for (size_t i = jobs.n; i-- > 0;) {
		autoerror struct error why = { 0 };
		if (!list_job(find, jobs.items[i], all, &unread, &why))
			strv_add(&unread, error_text(&why));
		if (all == NULL && i > 0)
			output_line("%s", "");
	}
	if (all != NULL)
		output_json(all);
	else if (jobs.n == 0)
		output_line("No checkpoints.");
	return find_unread(&unread, err);
}

static bool
run_list(struct invocation *invocation, int *status, struct error *err)
{
	const struct checkpoints_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, list, err);
}

/* A large snapshot names its items by ranges: this adds the items. */
static bool
join_range(const struct spool *spool, const json_t *ranges, json_t *items,
    struct error *err)
{
	for (size_t i = 0; i < json_array_size(ranges); i++) {
		const json_t *range = json_array_get(ranges, i);
		json_int_t last = json_integer_value(json_array_get(range, 1));
		json_int_t at = json_integer_value(json_array_get(range, 0));
		for (; at >= 0 && at <= last && (size_t)at < spool->n; at++) {
			autofree char *id = items_id((size_t)at);
			json_t *data = spool_item(spool, (size_t)at, NULL, err);
			if (data == NULL)
				return false;
			json_array_append_new(items,
			    json_pack("{s:s, s:o}", "id", id, "data", data));
		}
	}
	return true;
}

static bool
join_items(const char *dir, json_t *document, struct error *err)
{
	json_t *state = json_object_get(document, "work_item_state");
	struct spool spool;
	autofree char *path = path_join(dir, SPOOL_NAME);
	if (json_get(state, "items_file") == NULL)
		return true;
	if (!spool_open(&spool, path, NULL, err))
		return false;
	bool ok = join_range(&spool, json_get(state, "pending_ranges"),
		      json_object_get(state, "pending_items"), err) &&
	    join_range(&spool, json_get(state, "completed_ranges"),
		json_object_get(state, "completed_items"), err) &&
	    join_range(&spool, json_get(state, "failed_ranges"),
		json_object_get(state, "failed_items"), err);
	spool_close(&spool);
	return ok;
}

static void
print_text(const json_t *object, const char *label, const char *key)
{
	autostr struct str text = { 0 };
	json_text_of(json_get(object, key), &text);
	output_line("%-14s %s", label, str_text(&text));
}

static void
print_checkpoint(const json_t *document)
{
	const json_t *metadata = json_get(document, "metadata");
	print_text(metadata, "Checkpoint:", "checkpoint_id");
	print_text(metadata, "Job:", "job_id");
	print_text(metadata, "Version:", "version");
	print_text(metadata, "Created:", "created_at");
	print_text(metadata, "Reason:", "checkpoint_reason");
	print_text(metadata, "Phase:", "phase");
	print_text(metadata, "Items:", "total_work_items");
	print_text(metadata, "Completed:", "completed_items");
	print_text(document, "Worktree:", "parent_worktree");
	print_text(document, "Head:", "parent_head");
}

static bool
show(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct checkpoints_values *values = invocation->values;
	autostrv struct strv warnings = { 0 };
	autofree char *job =
	    find_job_or_newest(find, invocation, 0, values->job, err);
	if (job == NULL)
		return false;
	autofree char *dir = layout_job(&find->layout, job);
	autojson json_t *document = checkpoint_load(dir,
	    values->version.given ? (int64_t)values->version.value : -1,
	    &warnings, err);
	for (size_t i = 0; i < warnings.n; i++)
		log_warn("%s", warnings.items[i]);
	if (document == NULL || !join_items(dir, document, err))
		return false;
	if (values->json)
		output_json(document);
	else
		print_checkpoint(document);
	return true;
}

static bool
run_show(struct invocation *invocation, int *status, struct error *err)
{
	const struct checkpoints_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, show, err);
}

static const struct command checkpoints_list = {
	.name = "list",
	.aliases = "ls",
	.summary = "Lists jobs with their checkpoints, newest first",
	.synopsis = "[OPTION...] [JOB]",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct checkpoints_values),
	.max_args = 1,
	.run = run_list,
};

static const struct command checkpoints_show = {
	.name = "show",
	.summary = "Shows a checkpoint of a job",
	.synopsis = "[OPTION...] [JOB]",
	.options = show_options,
	.n_options = COUNT_OF(show_options),
	.values_size = sizeof(struct checkpoints_values),
	.max_args = 1,
	.run = run_show,
};

static const struct command *const children[] = {
	&checkpoints_list,
	&checkpoints_show,
	NULL,
};

const struct command cmd_checkpoints = {
	.name = "checkpoints",
	.summary = "Shows what is saved of jobs",
	.synopsis = "COMMAND [ARGUMENT...]",
	.max_args = (size_t)-1,
	.children = children,
	.missing = "clean validate mapreduce delete",
};
