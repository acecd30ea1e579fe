/* SPDX-License-Identifier: MIT */
/* prodigy events: which ones are printed, and in which form. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/json.h"
#include "home.h"
#include "program.h"

#define OLD "mapreduce-20260101_100000"
#define NEW "mapreduce-20260202_100000"

static const char recent[] =
    "{\"id\":\"4\",\"timestamp\":\"%s\","
    "\"event\":{\"event_type\":\"job_completed\",\"error\":null}}\n";

static void
make_events(void)
{
	char now[CLOCK_RFC3339_SIZE];
	autofree char *repo = home_path("repo");
	home_format("state/sessions/session-" NEW ".json",
	    "{\"id\":\"session-" NEW "\",\"repository\":\"%s\","
	    "\"job_id\":\"" NEW "\","
	    "\"started_at\":\"2026-02-02T10:00:00.000Z\"}\n",
	    repo);
	home_write(
	    "state/state/repo/mapreduce/jobs/" OLD "/metadata.json", "{}\n");
	home_write(
	    "state/state/repo/mapreduce/jobs/" NEW "/metadata.json", "{}\n");
	home_write("state/events/repo/" OLD "/events-1-1.jsonl",
	    "{\"id\":\"0\",\"timestamp\":\"2026-01-01T10:00:00.000Z\","
	    "\"event\":{\"event_type\":\"job_started\"}}\n");
	/* Two files of one job, whose lines go in turn. */
	home_write("state/events/repo/" NEW "/events-1-1.jsonl",
	    "{\"id\":\"1\",\"timestamp\":\"2026-02-02T10:00:00.000Z\","
	    "\"event\":{\"event_type\":\"job_started\",\"total_items\":2}}\n"
	    "{\"id\":\"3\",\"timestamp\":\"2026-02-02T10:00:02.000Z\","
	    "\"event\":{\"event_type\":\"agent_failed\","
	    "\"agent_id\":\"a-1\",\"item_id\":\"item_1\","
	    "\"error\":\"it\\nbroke\"}}\n");
	clock_rfc3339(clock_wall(), now);
	autofree char *last = mem_format(recent, now);
	home_format("state/events/repo/" NEW "/events-2-2.jsonl",
	    "{\"id\":\"2\",\"timestamp\":\"2026-02-02T10:00:01.000Z\","
	    "\"event\":{\"event_type\":\"agent_started\","
	    "\"agent_id\":\"a-1\",\"item_id\":\"item_1\"}}\n%s",
	    last);
}

/* The ids of the JSON lines that a command printed, in one text. */
static void
is_printed(struct program *p, const char *want, const char *name)
{
	autostr struct str ids = { 0 };
	program_ended(p, 0, name);
	for (const char *line = str_text(&p->out); *line != '\0';) {
		autoerror struct error err = { 0 };
		size_t len = strcspn(line, "\n");
		autojson json_t *event =
		    json_load_text(line, len, "line", &err);
		const char *id = json_get_text(event, "id");
		str_add(&ids, id == NULL ? "?" : id);
		line += len + (line[len] == '\n');
	}
	tap_is_text(str_text(&ids), want, "%s", name);
}

static void
options_choose(struct program *p)
{
	program_run(p, "events", "show", NULL);
	is_printed(p, "1234", "the newest job's events are merged by time");
	program_run(p, "events", "show", OLD, NULL);
	is_printed(p, "0", "a job may be named");
	program_run(p, "events", "list", "--job-id", OLD, NULL);
	is_printed(p, "0", "by an option, too");
	program_run(p, "events", "show", "--type", "AgentFailed", NULL);
	is_printed(p, "3", "--type takes any spelling");
	program_run(p, "events", "show", "--event-type=agent_started", NULL);
	is_printed(p, "2", "--event-type is another name of it");
	program_run(p, "events", "show", "--agent-id", "a-1", NULL);
	is_printed(p, "23", "--agent-id chooses the events of an agent");
	program_run(p, "events", "show", "--since", "1h", NULL);
	is_printed(p, "4", "--since leaves out what is older");
	program_run(p, "events", "show", "--limit", "2", NULL);
	is_printed(p, "34", "--limit takes the last ones");
	program_run(p, "events", "ls", "--agent-id=a-1", "--limit=1", NULL);
	is_printed(p, "3", "--limit counts what the other options leave");
	program_run(p, "events", "show", "--limit=0", NULL);
	is_printed(p, "", "--limit 0 takes none");
	program_run(p, "events", "ls", NULL);
	is_printed(p, "1234", "a short list is whole");
}

static void
forms_are_chosen(struct program *p)
{
	autojson json_t *json = NULL;
	program_run(p, "events", "show", "--format", "human", NULL);
	program_printed(p,
	    "2026-02-02 10:00:00  job_started               total_items=2\n"
	    "2026-02-02 10:00:01  agent_started             item_id=item_1  "
	    "agent_id=a-1\n",
	    "people get time, type and the telling members");
	tap_ok(strstr(str_text(&p->out), "error=null") == NULL,
	    "and no member that is null");
	program_run(p, "events", "show", "--json", NULL);
	json = program_json(p);
	tap_is_int((long long)json_array_size(json), 4,
	    "--json prints one document with all of them");
	program_run(p, "events", "show", "--format=json", "--limit=1", NULL);
	program_printed(p, "\"4\"", "--format json does the same");
	program_run(p, "events", "show", "--format=jsonl", OLD, NULL);
	is_printed(p, "0", "--format jsonl prints a line for each");
	program_run(p, "events", "show", "--format=xml", NULL);
	program_ended(p, 2, "another format is wrong usage");
	program_said(p, "--format: 'xml' is not human, json or jsonl",
	    "and the formats are named");
	program_run(p, "events", "show", "--since", "soon", NULL);
	program_ended(p, 2, "what is no time is wrong usage");
	program_said(p, "prodigy: --since: ", "and the option is named");
}

static void
a_terminal_gets_lines_for_people(struct program *p)
{
	struct pty pty;
	if (!pty_open(&pty, 80)) {
		tap_skip("there are no pseudo terminals here");
		return;
	}
	p->pty = &pty;
	program_run(p, "events", "show", OLD, NULL);
	program_printed(p, "2026-01-01 10:00:00  job_started ",
	    "at a terminal the lines are for people");
	p->pty = NULL;
	pty_close(&pty);
}

static void
what_is_no_event_is_told(struct program *p)
{
	home_write("state/events/repo/" NEW "/events-3-3.jsonl",
	    "garbage\n{}\n{\"torn");
	program_run(p, "events", "show", NULL);
	is_printed(p, "1234", "lines that are no events are passed over");
	program_said(p, "2 malformed lines were passed over",
	    "and counted; a line that is being written is not");
}

static void
what_is_no_file_is_named(struct program *p)
{
	autofree char *fifo =
	    home_path("state/events/repo/" NEW "/events-4-4.jsonl");
	if (mkfifo(fifo, 0600) != 0)
		BUG("no fifo");
	program_run(p, "events", "show", NULL);
	program_ended(p, 1, "a log that cannot be read is a failure");
	program_said(p, "/events-4-4.jsonl is not a regular file",
	    "it is named, and why it cannot be read");
	program_printed(p, "\"id\":\"4\"", "and all others are printed");
	program_run(p, "events", "ls", "--json", NULL);
	program_ended(p, 1, "so it is when the last ones are wanted");
	json_decref(program_json(p));
	unlink(fifo);
}

static void
nothing_is_said_so(struct program *p)
{
	program_run(p, "events", "show", NULL);
	program_ended(p, 0, "without any job there are no events");
	program_said(p, "no events\n", "which is said on standard error");
	tap_is_text(str_text(&p->out), "", "and not on standard output");
}

static void
names_are_resolved(struct program *p)
{
	program_run(p, "events", "show", "nonsense", NULL);
	program_ended(p, 1, "an unknown job is refused");
	program_said(p, "no job 'nonsense'", "as a job");
	autofree char *repo = home_path("repo");
	home_format("state/sessions/session-plain.json",
	    "{\"id\":\"session-plain\",\"repository\":\"%s\","
	    "\"started_at\":\"2026-03-03T10:00:00.000Z\"}\n",
	    repo);
	home_write("state/events/repo/session-plain/events-1-1.jsonl",
	    "{\"id\":\"9\",\"timestamp\":\"2026-01-01T10:00:00.000Z\","
	    "\"event\":{\"event_type\":\"job_started\"}}\n");
	program_run(p, "events", "show", "session-plain", NULL);
	is_printed(p, "9", "a session without a job has events, too");
	program_run(p, "events", "show", NULL);
	is_printed(p, "9", "and is shown when it is the newest run");
	home_format("state/sessions/session-plain.json",
	    "{\"id\":\"session-plain\",\"repository\":\"%s\","
	    "\"started_at\":\"2026-01-01T10:00:00.000Z\"}\n",
	    repo);
	program_run(p, "events", "show", "--type=no_such_event", NULL);
	program_ended(p, 0, "a type that no event has is no failure");
	program_said(p, "no events\n", "and it is said that there are none");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	nothing_is_said_so(&p);
	make_events();
	options_choose(&p);
	forms_are_chosen(&p);
	a_terminal_gets_lines_for_people(&p);
	names_are_resolved(&p);
	what_is_no_event_is_told(&p);
	what_is_no_file_is_named(&p);
	home_done();
	return tap_done();
}
