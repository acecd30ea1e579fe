/* SPDX-License-Identifier: MIT */
/* prodigy sessions: what is listed, shown and chosen. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/lock.h"
#include "base/mem.h"
#include "data/json.h"
#include "home.h"
#include "program.h"

/* A session file; more is further members, each with a comma in front. */
static void
session(const char *id, const char *status, const char *day, const char *more)
{
	autofree char *name = mem_format("state/sessions/%s.json", id);
	autofree char *repo = home_path("repo");
	home_format(name,
	    "{\"id\":\"%s\",\"status\":\"%s\",\"repository\":\"%s\","
	    "\"started_at\":\"2026-01-%sT10:00:00.000Z\"%s}\n",
	    id, status, repo, day, more);
}

static void
make_sessions(void)
{
	session("session-done", "Completed", "01",
	    ",\"workflow_name\":\"first\",\"mapreduce_data\":"
	    "{\"processed_items\":7,\"total_items\":8},"
	    "\"branch\":\"prodigy-done\",\"job_id\":\"mapreduce-1\"");
	session("session-dead", "Running", "02",
	    ",\"workflow_name\":\"second\",\"workflow_data\":"
	    "{\"current_step\":2,\"total_steps\":5}");
	session("session-live", "Running", "03", "");
	session("session-failed", "Failed", "04",
	    ",\"error\":\"it \\u001b broke\"");
	home_write("state/sessions/session-elsewhere.json",
	    "{\"id\":\"session-elsewhere\",\"status\":\"Completed\","
	    "\"repository\":\"/elsewhere\","
	    "\"started_at\":\"2026-01-05T10:00:00.000Z\"}\n");
}

static void
an_empty_home_has_no_sessions(struct program *p)
{
	program_run(p, "sessions", "list", NULL);
	tap_is_text(
	    str_text(&p->out), "No sessions.\n", "an empty list is one line");
	program_ended(p, 0, "and no failure");
	program_run(p, "sessions", "list", "--json", NULL);
	tap_is_text(str_text(&p->out), "[]\n", "or an empty document");
	program_run(p, "sessions", "show", NULL);
	program_ended(p, 1, "the newest session cannot be shown");
	program_said(p, "no session in ", "and it is said why");
}

static void
the_list_is_a_table(struct program *p)
{
	program_run(p, "sessions", "ls", NULL);
	tap_is_text(str_text(&p->out),
	    "SESSION         STATUS       DONE      STARTED              "
	    "WORKFLOW\n"
	    "session-failed  Failed                 2026-01-04 10:00:00\n"
	    "session-live    Running                2026-01-03 10:00:00\n"
	    "session-dead    interrupted  step 2/5  2026-01-02 10:00:00  "
	    "second\n"
	    "session-done    Completed    7/8       2026-01-01 10:00:00  "
	    "first\n",
	    "sessions are listed newest first, and one without its process "
	    "is interrupted");
}

/* The ids in the JSON list that a command printed, in one text. */
static void
is_list(struct program *p, const char *want, const char *name)
{
	autostr struct str ids = { 0 };
	autojson json_t *list = program_json(p);
	for (size_t i = 0; i < json_array_size(list); i++)
		str_format(&ids, "%s ",
		    json_get_text(json_array_get(list, i), "id") +
			strlen("session-"));
	tap_is_text(str_text(&ids), want, "%s", name);
}

static void
options_choose(struct program *p)
{
	program_run(p, "sessions", "list", "--json", NULL);
	is_list(p, "failed live dead done ",
	    "--json has the sessions of the repository");
	program_run(p, "sessions", "list", "--json", "--all", NULL);
	is_list(p, "elsewhere failed live dead done ",
	    "--all has those of other repositories, too");
	program_run(
	    p, "sessions", "list", "--json", "--status", "completed", NULL);
	is_list(p, "done ", "--status takes any case");
	program_run(
	    p, "sessions", "list", "--json", "--status=interrupted", NULL);
	is_list(p, "dead ", "--status knows the interrupted ones");
	program_run(p, "sessions", "list", "--json", "--status=Running", NULL);
	is_list(p, "live ", "which then do not count as running");
	program_run(p, "sessions", "list", "--status=Foo", NULL);
	program_ended(p, 2, "a status that there is not is wrong usage");
	program_said(p,
	    "--status: 'Foo' is none of Initializing, Running, Paused, "
	    "Completed, Failed, Cancelled, interrupted\n",
	    "and those that there are, are named");
	program_run(p, "sessions", "list", "--json", "--limit", "2", NULL);
	is_list(p, "failed live ", "--limit takes the newest");
	program_run(p, "sessions", "list", "--json", "--limit=0", NULL);
	is_list(p, "", "--limit 0 takes none");
}

static void
one_is_shown(struct program *p)
{
	autojson json_t *json = NULL;
	autofree char *all = NULL;
	autofree char *repo = home_path("repo");
	program_run(p, "sessions", "show", "session-done", NULL);
	all = mem_format("Session:     session-done\n"
			 "Status:      Completed\n"
			 "Workflow:    first\n"
			 "Job:         mapreduce-1\n"
			 "Done:        7/8\n"
			 "Started:     2026-01-01T10:00:00.000Z\n"
			 "Repository:  %s\n"
			 "Branch:      prodigy-done\n",
	    repo);
	tap_is_text(str_text(&p->out), all, "what is known of it is printed");
	program_run(p, "sessions", "show", NULL);
	program_printed(p, "Session:     session-failed\n",
	    "without an id it is the newest");
	program_printed(p, "Error:       it ", "with its error");
	tap_ok(strchr(str_text(&p->out), '\033') == NULL,
	    "in which no escape character is left");
	program_run(p, "sessions", "show", "session-de", "--json", NULL);
	json = program_json(p);
	tap_is_text(json_get_text(json, "id"), "session-dead",
	    "--json prints its document; a prefix is enough");
	program_run(p, "sessions", "show", "session-d", NULL);
	program_ended(p, 1, "a prefix of two sessions is refused");
	program_said(p, "is ambiguous: ", "and they are named");
}

static void
damage_is_told(struct program *p)
{
	home_write("state/sessions/session-damaged.json", "{\"id\":");
	home_write("state/sessions/session-empty.json", "");
	home_write("state/sessions/session-other.json", "[]\n");
	program_run(p, "sessions", "list", NULL);
	program_ended(p, 1, "a session that cannot be read is a failure");
	program_printed(p, "session-done ", "all others are listed");
	program_said(p, "/session-damaged.json:", "a damaged file is named");
	program_said(p, "/session-empty.json: empty, no JSON document",
	    "an empty file is named");
	program_said(p, "/session-other.json is no session",
	    "a file that holds something else is named");
	program_run(p, "sessions", "list", "--json", NULL);
	program_ended(p, 1, "so it is with --json");
	is_list(p, "failed live dead done ", "whose document is whole");
	program_run(p, "sessions", "list", "--status=Paused", NULL);
	tap_is_text(str_text(&p->out), "",
	    "nobody says that there is no session when one cannot be read");
	program_run(p, "sessions", "show", NULL);
	program_ended(p, 1, "the newest one may be among those");
	program_printed(
	    p, "session-failed\n", "the newest that can be read is shown");
	program_run(p, "sessions", "show", "session-done", NULL);
	program_ended(p, 0, "damage elsewhere does not matter to a session");
	program_run(p, "sessions", "show", "session-damaged", NULL);
	program_ended(p, 1, "a damaged session cannot be shown");
	program_said(p, "no session 'session-damaged' that can be read: ",
	    "and it is said that there is something");
}

static void
bad_lines_are_refused(struct program *p)
{
	autofree char *home = home_path("home");
	program_run(p, "sessions", "list", "x", NULL);
	program_ended(p, 2, "list takes no argument");
	program_run(p, "sessions", "list", "--path", home, NULL);
	program_ended(p, 1, "a folder without a repository is refused");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	autoerror struct error err = { 0 };
	home_make();
	an_empty_home_has_no_sessions(&p);
	make_sessions();
	home_write("state/locks/README", "\n");
	autofree char *path = home_path("state/locks/session-live");
	autofd int lock = lock_take(path, "a run", &err);
	if (lock < 0)
		BUG("%s", error_text(&err));
	the_list_is_a_table(&p);
	options_choose(&p);
	one_is_shown(&p);
	bad_lines_are_refused(&p);
	damage_is_told(&p);
	home_done();
	return tap_done();
}
