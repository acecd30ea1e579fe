/* SPDX-License-Identifier: MIT */
/* prodigy dlq: the items that failed, listed and shown. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "home.h"
#include "program.h"

#define OLD "mapreduce-20260101_100000"
#define NEW "mapreduce-20260202_100000"

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
	    "{\"attempt_number\":2,\"error_message\":\"second \\ntry\"}");
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
	    "FAILURES  RETRY  ERROR\n"
	    "mapreduce-20260202_100000  item_0   2026-01-02 03:04:05  "
	    "2         yes\n"
	    "mapreduce-20260101_100000  item_2   2026-01-02 03:04:05  "
	    "2         yes    second ",
	    "jobs are listed newest first, with the last message");
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
	home_done();
	return tap_done();
}
