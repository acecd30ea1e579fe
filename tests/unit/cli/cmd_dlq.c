/* SPDX-License-Identifier: MIT */
/* prodigy dlq: the items that failed, listed and shown. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/json.h"
#include "home.h"
#include "program.h"
#include "state/journal.h"

#define OLD "mapreduce-20260101_100000"
#define NEW "mapreduce-20260202_100000"
#define JOURNALED "mapreduce-20260303_100000"
#define NEWEST "mapreduce-20260404_100000"

static void
letter(const char *job, const char *item, bool eligible, const char *history)
{
	autofree char *name =
	    mem_format("state/dlq/repo/%s/items/%s.json", job, item);
	autofree char *folder =
	    mem_format("state/state/repo/mapreduce/jobs/%s/metadata.json", job);
	home_write(folder, "{}\n");
	home_format(name,
	    "{\"item_id\":\"%s\",\"item_data\":{\"b\":2,\"a\":\"x\"},"
	    "\"last_attempt\":\"2026-01-02T03:04:05.000Z\","
	    "\"failure_count\":2,\"failure_history\":[%s],"
	    "\"reprocess_eligible\":%s}\n",
	    item, history, eligible ? "true" : "false");
}

static void
make_letters(void)
{
	letter(OLD, "item_2", true,
	    "{\"attempt_number\":1,\"error_message\":\"first try\","
	    "\"json_log_location\":\"/logs/1\"},"
	    "{\"attempt_number\":2,\"error_message\":\"second \\ntry\","
	    "\"step_failed\":\"shell: a b\",\"cause\":\"exit 3: no b\"}");
	letter(OLD, "item_10", false, "{\"attempt_number\":1}");
	letter(NEW, "item_0", true, "");
}

static void
an_empty_home_has_none(struct program *p)
{
	program_run(p, "dlq", "list", NULL);
	tap_is_text(str_text(&p->out), "No failed items.\n",
	    "an empty list is one line");
	program_run(p, "dlq", "list", "--json", NULL);
	tap_is_text(str_text(&p->out), "[]\n", "or an empty document");
	program_run(p, "dlq", "show", NULL);
	program_ended(p, 1, "without a job there is nothing to show");
	program_said(p, "no job in ", "and it is said why");
}

static void
the_list_is_a_table(struct program *p)
{
	program_run(p, "dlq", "ls", NULL);
	program_printed(p,
	    "JOB                        ITEM     LAST ATTEMPT         "
	    "FAILURES  RETRY  STEP        CAUSE\n"
	    "mapreduce-20260202_100000  item_0   2026-01-02 03:04:05  "
	    "2         yes\n"
	    "mapreduce-20260101_100000  item_2   2026-01-02 03:04:05  "
	    "2         yes    shell: a b  exit 3: no b\n",
	    "jobs are listed newest first, with step and cause");
	program_printed(p, "\n3 items\n", "and counted");
	program_run(p, "dlq", "list", OLD, NULL);
	program_printed(
	    p, "\n2 items\n", "a job that is named is listed alone");
	program_run(p, "dlq", "list", "--eligible", NEW, NULL);
	program_printed(p, "\n1 item\n", "one item is counted as one");
	program_run(p, "dlq", "list", "--job-id", "mapreduce-202603", NULL);
	program_ended(p, 1, "an unknown job is refused");
	program_said(p, "no job 'mapreduce-202603'", "by its name");
}

static void
is_list(struct program *p, const char *want, const char *name)
{
	autostr struct str ids = { 0 };
	autojson json_t *list = program_json(p);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		str_format(&ids, "%s/%s ", json_get_text(entry, "job_id"),
		    json_get_text(entry, "item_id"));
	}
	tap_is_text(str_text(&ids), want, "%s", name);
}

static void
options_choose(struct program *p)
{
	program_run(p, "dlq", "list", "--json", NULL);
	is_list(p, NEW "/item_0 " OLD "/item_2 " OLD "/item_10 ",
	    "--json has the records of all jobs, items in their order");
	program_run(p, "dlq", "list", "--json", "--eligible", NULL);
	is_list(p, NEW "/item_0 " OLD "/item_2 ",
	    "--eligible leaves out what cannot be retried");
	program_run(p, "dlq", "list", "--json", "--limit", "1", NULL);
	is_list(p, NEW "/item_0 ", "--limit ends the list");
	program_run(p, "dlq", "list", "--json", "--workflow-id",
	    "mapreduce-202601", NULL);
	is_list(p, OLD "/item_2 " OLD "/item_10 ",
	    "--workflow-id is another name of --job-id; a prefix is enough");
}

static void
a_job_is_shown(struct program *p)
{
	autojson json_t *json = NULL;
	program_run(p, "dlq", "show", OLD, NULL);
	json = program_json(p);
	tap_is_text(
	    json_get_text(json, "job_id"), OLD, "the document names its job");
	tap_is_int(json_get_int(json, "total", -1), 2, "counts the items");
	const json_t *items = json_get(json, "items");
	tap_is_int((long long)json_array_size(items), 2, "and has them all");
	tap_is_int((long long)json_array_size(
		       json_get(json_array_get(items, 0), "failure_history")),
	    2, "with their whole history");
	program_run(p, "dlq", "view", "--format", "human", OLD, NULL);
	program_printed(p,
	    "item_2  {\"a\":\"x\",\"b\":2}\n"
	    "  attempt 1: first try\n"
	    "  log: /logs/1\n"
	    "  attempt 2: second ",
	    "people get item, attempts and logs");
	program_ended(p, 0, "which is no failure");
	program_printed(p, "item_10  {\"a\":\"x\",\"b\":2}\n  attempt 1: \n",
	    "an attempt may have no message");
	program_run(p, "dlq", "show", "--format=json", NULL);
	program_printed(
	    p, "\"" NEW "\"", "without a name it is the newest job");
	program_run(p, "dlq", "show", "--format", "xml", NULL);
	program_ended(p, 2, "another format is wrong usage");
	program_said(p, "dlq show: --format: 'xml' is not json or human",
	    "and the formats are named");
}

static void
a_damaged_letter_hides_no_other(struct program *p)
{
	home_write("state/dlq/repo/" NEW "/items/item_1.json", "{\"item_id\"");
	home_write("state/dlq/repo/" NEW "/items/item_3.json", "{}\n");
	program_run(p, "dlq", "list", "--json", NEW, NULL);
	is_list(p, NEW "/item_0 ", "a damaged record hides no other one");
	program_ended(p, 1, "but it is a failure");
	program_said(p, "/item_1.json:", "a damaged record is named");
	program_said(p, "/item_3.json is no dead letter",
	    "a file that holds something else is named");
	program_run(p, "dlq", "list", NULL);
	program_ended(p, 1, "so it is when all jobs are listed");
	program_printed(p, "item_2 ", "which all are");
	program_run(p, "dlq", "show", NEW, NULL);
	program_ended(p, 1, "so it is when they are shown");
	json_decref(program_json(p));
	program_run(p, "dlq", "show", "--format", "human", NEW, NULL);
	program_ended(p, 1, "to people, too");
	home_write("state/dlq/repo/" OLD "/items/item_2.json", "");
	home_write("state/dlq/repo/" OLD "/items/item_10.json", "");
	program_run(p, "dlq", "list", OLD, NULL);
	tap_is_text(str_text(&p->out), "",
	    "nobody says that none has failed when nothing can be read");
}

/* A journal whose job had two failures, and a third one that began anew. */
static void
make_journal(const char *job)
{
	autoerror struct error err = { 0 };
	autofree char *name =
	    mem_format("state/state/repo/mapreduce/jobs/%s/" JOURNAL_NAME, job);
	autofree char *path = home_path(name);
	struct journal journal;
	if (!journal_create(
		&journal, path, json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	for (int i = 0; i < 3; i++) {
		autofree char *item = mem_format("item_%d", i);
		journal_add(&journal,
		    json_pack("{s:s, s:s, s:s, s:{s:{s:i}}, s:{s:s, s:s}}",
			"op", "fail", "item", item, "error", "it \n broke",
			"error_type", "CommandFailed", "exit_code", 7, "result",
			"json_log_location", "/logs/7", "branch_name",
			"prodigy-7"),
		    NULL);
	}
	journal_add(&journal,
	    json_pack("{s:s, s:s}", "op", "start", "item", "item_2"), NULL);
	if (!journal_flush(&journal, true, &err))
		BUG("%s", error_text(&err));
	journal_close(&journal);
}

static void
the_journal_fills_in(struct program *p)
{
	letter(JOURNALED, "item_0", true, "");
	make_journal(JOURNALED);
	home_write("state/state/repo/mapreduce/jobs/" JOURNALED
		   "/work-items.jsonl",
	    "{\"id\":\"item_0\",\"data\":0}\n{\"id\":\"item_1\",\"data\":"
	    "{\"n\":1}}\n{\"id\":\"item_2\",\"data\":2}\n");
	program_run(p, "dlq", "list", "--json", JOURNALED, NULL);
	is_list(p, JOURNALED "/item_0 " JOURNALED "/item_1 ",
	    "a failure without a letter is listed from the journal");
	program_ended(p, 0, "which is no failure");
	program_run(p, "dlq", "show", JOURNALED, NULL);
	autojson json_t *json = program_json(p);
	const json_t *item = json_array_get(json_get(json, "items"), 1);
	const json_t *failure =
	    json_array_get(json_get(item, "failure_history"), 0);
	tap_is_text(json_get_text(failure, "error_message"), "it \n broke",
	    "a record from the journal has the message");
	tap_is_int(json_get_int(json_get(json_get(failure, "error_type"),
				    "CommandFailed"),
		       "exit_code", 0),
	    7, "a record from the journal has the kind of the failure");
	tap_is_int(json_get_int(json_get(item, "item_data"), "n", 0), 1,
	    "a record from the journal has the item's data");
	tap_is_text(json_get_text(failure, "json_log_location"), "/logs/7",
	    "a record from the journal has the log");
	tap_is_text(
	    json_get_text(json_get(item, "worktree_artifacts"), "branch_name"),
	    "prodigy-7", "a record from the journal has the branch");
	tap_ok(json_get_bool(item, "from_journal", false),
	    "a record from the journal says so");
	tap_ok(!json_get_bool(json_array_get(json_get(json, "items"), 0),
		   "from_journal", false),
	    "a letter that can be read is taken as it is");
	home_write("state/dlq/repo/" JOURNALED "/items/item_0.json", "{broken");
	program_run(p, "dlq", "list", "--json", JOURNALED, NULL);
	is_list(p, JOURNALED "/item_0 " JOURNALED "/item_1 ",
	    "a damaged letter is listed from the journal");
	program_ended(p, 1, "and told all the same");
}

/* A line that is none before records that are whole. */
static void
make_damaged_journal(const char *job)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	autofree char *name =
	    mem_format("state/state/repo/mapreduce/jobs/%s/" JOURNAL_NAME, job);
	autofree char *path = home_path(name);
	make_journal(job);
	str_add(&text, "{}\n");
	if (!file_read(path, 1u << 20, &text, &err))
		BUG("%s", error_text(&err));
	home_write(name, str_text(&text));
}

/* The journal of a job that ended is not read for what letters tell. */
static void
what_is_complete_needs_no_journal(struct program *p)
{
	letter(NEWEST, "item_0", true, "");
	home_write("state/state/repo/mapreduce/jobs/" NEWEST "/metadata.json",
	    "{\"status\":\"Completed\",\"failed\":1}\n");
	make_damaged_journal(NEWEST);
	program_run(p, "dlq", "list", "--json", NEWEST, NULL);
	program_ended(p, 0, "the journal of a complete job is not read");
	home_write("state/state/repo/mapreduce/jobs/" NEWEST "/metadata.json",
	    "{\"status\":\"Completed\",\"failed\":2}\n");
	program_run(p, "dlq", "list", "--json", NEWEST, NULL);
	program_ended(p, 1, "it is when a letter is missing");
	program_said(p, JOURNAL_NAME ": damaged record at byte 0",
	    "and its damage is told");
	is_list(p, NEWEST "/item_0 ", "beside the letters that there are");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	an_empty_home_has_none(&p);
	make_letters();
	the_list_is_a_table(&p);
	options_choose(&p);
	a_job_is_shown(&p);
	a_damaged_letter_hides_no_other(&p);
	the_journal_fills_in(&p);
	what_is_complete_needs_no_journal(&p);
	home_done();
	return tap_done();
}
