/* SPDX-License-Identifier: MIT */
/* prodigy checkpoints: what is saved of a job, listed and shown. */
#include "config.h"

#include <stdlib.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "home.h"
#include "plan/items.h"
#include "program.h"
#include "state/checkpoint.h"

#define SMALL "mapreduce-20260101_100000"
#define LARGE "mapreduce-20260202_100000"
#define JOBS "state/state/repo/mapreduce/jobs/"

struct saved_job {
	const char *id;
	char *dir;
	struct job job;
	struct journal journal;
	struct spool spool;
};

static void
apply(struct saved_job *saved, json_t *record)
{
	autoerror struct error err = { 0 };
	struct journal_place place;
	autojson json_t *kept = json_incref(record);
	journal_add(&saved->journal, record, &place);
	if (!job_apply(&saved->job, kept, &place, &err))
		BUG("%s", error_text(&err));
}

static void
open_job(struct saved_job *saved, const char *id, size_t items)
{
	autoerror struct error err = { 0 };
	autostr struct str lines = { 0 };
	autofree char *name = mem_format(JOBS "%s", id);
	autofree char *spool_name = mem_format("%s/%s", name, SPOOL_NAME);
	*saved = (struct saved_job){ .id = id, .dir = home_path(name) };
	for (size_t i = 0; i < items; i++)
		str_format(&lines,
		    "{\"id\":\"item_%zu\",\"data\":{\"n\":%zu}}\n", i, i);
	home_write(spool_name, str_text(&lines));
	autofree char *spool = home_path(spool_name);
	autofree char *journal = path_join(saved->dir, "journal-v0.jsonl");
	if (!spool_open(&saved->spool, spool, NULL, &err) ||
	    !journal_create(&saved->journal, journal,
		json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	apply(saved,
	    json_pack("{s:s, s:I}", "op", "items", "count", (json_int_t)items));
	apply(saved, json_pack("{s:s, s:s}", "op", "phase", "phase", "Map"));
}

/* One more item is through, and a snapshot says so. */
static void
complete(struct saved_job *saved, size_t item)
{
	autoerror struct error err = { 0 };
	autofree char *id = items_id(item);
	uint64_t size;
	const struct checkpoint_source source = {
		.dir = saved->dir,
		.job_id = saved->id,
		.job = &saved->job,
		.journal = &saved->journal,
		.spool = &saved->spool,
		.parent_head = "0123456789012345678901234567890123456789",
	};
	apply(saved,
	    json_pack(
		"{s:s, s:s, s:i}", "op", "start", "item", id, "attempt", 1));
	apply(saved,
	    json_pack("{s:s, s:s, s:{s:s, s:s}}", "op", "done", "item", id,
		"result", "item_id", id, "status", "Success"));
	if (!journal_flush(&saved->journal, true, &err) ||
	    !checkpoint_write(&source, "Interval", &size, &err))
		BUG("%s", error_text(&err));
}

/* An item has failed since. */
static void
fail(struct saved_job *saved, size_t item)
{
	autoerror struct error err = { 0 };
	autofree char *id = items_id(item);
	apply(saved,
	    json_pack(
		"{s:s, s:s, s:i}", "op", "start", "item", id, "attempt", 1));
	apply(saved,
	    json_pack("{s:s, s:s, s:s}", "op", "fail", "item", id, "error",
		"it broke"));
	if (!journal_flush(&saved->journal, true, &err))
		BUG("%s", error_text(&err));
}

static void
close_job(struct saved_job *saved)
{
	job_release(&saved->job);
	journal_close(&saved->journal);
	spool_close(&saved->spool);
	free(saved->dir);
}

static void
make_jobs(void)
{
	struct saved_job saved;
	open_job(&saved, SMALL, 3);
	complete(&saved, 0);
	complete(&saved, 1);
	close_job(&saved);
	home_write(JOBS SMALL "/metadata.json",
	    "{\"status\":\"Paused\",\"phase\":\"Map\",\"total_items\":3,"
	    "\"successful\":2,\"failed\":0}\n");
	open_job(&saved, LARGE, CHECKPOINT_INLINE + 1);
	complete(&saved, 5);
	fail(&saved, 7);
	close_job(&saved);
	home_write(JOBS LARGE "/metadata.json", "{}\n");
	home_write("state/dlq/repo/" LARGE "/items/item_7.json",
	    "{\"item_id\":\"item_7\",\"reprocess_eligible\":true}\n");
}

static void
an_empty_home_has_none(struct program *p)
{
	program_run(p, "checkpoints", "list", NULL);
	tap_is_text(str_text(&p->out), "No checkpoints.\n",
	    "an empty list is one line");
	program_run(p, "checkpoints", "list", "--json", NULL);
	tap_is_text(str_text(&p->out), "[]\n", "or an empty document");
	program_run(p, "checkpoints", "show", NULL);
	program_ended(p, 1, "without a job there is nothing to show");
}

static void
jobs_are_listed(struct program *p)
{
	static const char large[] = "Job: " LARGE "\n"
				    "Status: ? (phase Map)\n"
				    "Total items: 1001\n"
				    "Successful: 1\n"
				    "Failed: 1 (1 in DLQ, 1 retriable)\n"
				    "Pending: 999\n"
				    "Available checkpoints:\n"
				    "- v1 (latest): 1/1001 complete\n"
				    "\n"
				    "Job: " SMALL "\n";
	static const char small[] = "Job: " SMALL "\n"
				    "Status: Paused (phase Map)\n"
				    "Total items: 3\n"
				    "Successful: 2\n"
				    "Failed: 0 (0 in DLQ, 0 retriable)\n"
				    "Pending: 1\n"
				    "Available checkpoints:\n"
				    "- v2 (latest): 2/3 complete\n"
				    "- v1: 1/3 complete\n";
	program_run(p, "checkpoints", "ls", NULL);
	program_printed(p, large,
	    "jobs are listed newest first, also one "
	    "whose metadata say nothing");
	program_run(p, "checkpoints", "list", SMALL, NULL);
	tap_is_text(str_text(&p->out), small,
	    "a job is listed with its numbers and its checkpoints");
	program_run(p, "checkpoints", "list", "--workflow-id", SMALL, NULL);
	tap_is_text(
	    str_text(&p->out), small, "the job may be named by an option");
	program_run(p, "checkpoints", "list", "mapreduce-2027", NULL);
	program_ended(p, 1, "an unknown job is refused");
}

static void
jobs_are_a_document(struct program *p)
{
	program_run(p, "checkpoints", "list", "--json", NULL);
	autojson json_t *list = program_json(p);
	const json_t *large = json_array_get(list, 0);
	const json_t *small = json_array_get(list, 1);
	tap_is_text(json_get_text(large, "id"), LARGE, "--json has each job");
	tap_is_int(
	    json_get_int(large, "in_dlq", -1), 1, "with its dead letters");
	tap_is_int(json_get_int(large, "retriable", -1), 1,
	    "and how many may be retried");
	tap_is_text(json_get_text(small, "status"), "Paused",
	    "with what its metadata say");
	tap_is_int((long long)json_array_size(json_get(small, "versions")), 2,
	    "and its checkpoints");
}

static void
one_is_shown(struct program *p)
{
	autojson json_t *json = NULL;
	program_run(p, "checkpoints", "show", SMALL, NULL);
	program_printed(p, "Job:           " SMALL "\nVersion:       2\n",
	    "the newest checkpoint of a job is shown");
	program_ended(p, 0, "which is no failure");
	program_printed(p,
	    "Reason:        Interval\nPhase:         Map\n"
	    "Items:         3\nCompleted:     2\n",
	    "with reason, phase and counts");
	program_printed(p, "Head:          0123456789012345678901234567890123",
	    "and the commit it stands for");
	program_run(p, "checkpoints", "show", SMALL, "--version=1", NULL);
	program_printed(
	    p, "Completed:     1\n", "--version takes the one of that number");
	program_run(p, "checkpoints", "show", SMALL, "--version", "7", NULL);
	program_ended(p, 1, "a version that is not there is refused");
	program_said(p, "Checkpoint not found", "and it is said");
	program_run(p, "checkpoints", "show", "--json", SMALL, NULL);
	json = program_json(p);
	tap_is_int(json_get_int(json_get(json, "metadata"), "version", -1), 2,
	    "--json prints the whole document");
}

/* The id and the number in the data of the first item of a list. */
static void
first_is(const json_t *list, const char *id, long long n, const char *name)
{
	const json_t *item = json_array_get(list, 0);
	tap_is_text(json_get_text(item, "id"), id, "%s", name);
	tap_is_int(
	    json_get_int(json_get(item, "data"), "n", -1), n, "with its data");
}

static void
items_of_a_large_one_are_joined(struct program *p)
{
	program_run(p, "checkpoints", "show", "--json", NULL);
	autojson json_t *json = program_json(p);
	const json_t *state = json_get(json, "work_item_state");
	tap_is_int((long long)json_array_size(json_get(state, "pending_items")),
	    CHECKPOINT_INLINE,
	    "what a large snapshot names by ranges is joined");
	first_is(json_get(state, "pending_items"), "item_0", 0,
	    "pending items have their ids");
	first_is(json_get(state, "completed_items"), "item_5", 5,
	    "completed items, too");
}

static void
damage_is_told(struct program *p)
{
	home_write(JOBS SMALL "/checkpoint-v2.json", "{}\n");
	program_run(p, "checkpoints", "show", SMALL, NULL);
	program_ended(p, 0, "behind a damaged snapshot the one before counts");
	program_printed(p, "Version:       1\n", "and is shown");
	program_said(p, "prodigy: warning: ", "the damage is told");
	program_said(p, "checkpoint-v2.json", "with the name of the file");
	program_run(p, "checkpoints", "list", SMALL, NULL);
	program_printed(p, "- v2 (latest): cannot be used\n",
	    "the list tells which one is of no use");
	program_ended(p, 1, "which is a failure");
	program_said(p, "/checkpoint-v2.json does not fit its integrity hash",
	    "and why it is");
	program_run(p, "checkpoints", "show", SMALL, "--version=2", NULL);
	program_ended(p, 1, "a damaged snapshot that was named is refused");
	home_write("state/dlq/repo/" SMALL "/items", "no folder");
	program_run(p, "checkpoints", "list", SMALL, NULL);
	program_ended(p, 1, "what cannot be read is a failure");
	program_run(p, "checkpoints", "list", NULL);
	program_ended(p, 1, "so it is when all jobs are listed");
	program_printed(p, "Job: " LARGE "\n", "and the others are");
	home_write(JOBS LARGE "/metadata.json", "{");
	program_run(p, "checkpoints", "list", LARGE, NULL);
	program_ended(p, 1, "metadata that cannot be read are a failure");
	program_said(p, "/metadata.json:1", "and are named");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	an_empty_home_has_none(&p);
	make_jobs();
	jobs_are_listed(&p);
	jobs_are_a_document(&p);
	one_is_shown(&p);
	items_of_a_large_one_are_joined(&p);
	damage_is_told(&p);
	home_done();
	return tap_done();
}
