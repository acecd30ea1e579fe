/* SPDX-License-Identifier: MIT */
/* prodigy sessions: the runs there were and are. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/find.h"
#include "cli/output.h"
#include "data/json.h"
#include "state/figures.h"
#include "state/ids.h"
#include "state/session.h"

struct sessions_values {
	const char *path;
	const char *status;
	struct option_number limit;
	bool all;
	bool json;
};

#define AT(member) offsetof(struct sessions_values, member)

static const struct option_spec list_options[] = {
	{ "status", 0, OPTION_TEXT, AT(status), "STATUS",
	    "only sessions in this status" },
	{ "all", 0, OPTION_FLAG, AT(all), NULL,
	    "sessions of all repositories" },
	{ "limit", 0, OPTION_NUMBER, AT(limit), "N", "at most N sessions" },
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "one JSON document on standard output" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "look at the repository at DIR" },
};

static const struct option_spec show_options[] = {
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "one JSON document on standard output" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "look at the repository at DIR" },
};

static char *
progress_of(const json_t *session)
{
	const json_t *steps = json_get(session, "workflow_data");
	struct figures figures;
	if (figures_said(session, &figures))
		return figures_text(&figures);
	if (json_is_object(steps))
		return mem_format("step %lld/%lld",
		    json_get_int(steps, "current_step", 0),
		    json_get_int(steps, "total_steps", 0));
	return mem_text("");
}

static void
add_cell(struct output_table *table, const json_t *session, const char *key)
{
	const char *text = json_get_text(session, key);
	output_table_add(table, text == NULL ? "" : text);
}

static void
add_row(
    const struct find *find, struct output_table *table, const json_t *session)
{
	char when[CLOCK_RFC3339_SIZE] = "";
	int64_t ms;
	const char *started = json_get_text(session, "started_at");
	autofree char *progress = progress_of(session);
	if (started != NULL && clock_parse_rfc3339(started, &ms))
		clock_local(ms, when);
	add_cell(table, session, "id");
	output_table_add(table, find_session_status(find, session));
	output_table_add(table, progress);
	output_table_add(table, when);
	add_cell(table, session, "workflow_name");
}

/* What cannot be told is added to unread; the session stays as it was saved. */
static void
bring_up_to_date(const struct find *find, json_t *session, struct strv *unread)
{
	autoerror struct error err = { 0 };
	if (!figures_update(&find->layout, session, &err))
		strv_add(unread, error_text(&err));
}

static json_t *
choose(const struct find *find, const struct sessions_values *values,
    struct strv *unread, struct error *err)
{
	autojson json_t *all =
	    session_list(&find->layout, values->all, unread, err);
	if (all == NULL)
		return NULL;
	json_t *chosen = json_array();
	for (size_t i = 0; i < json_array_size(all); i++) {
		json_t *session = json_array_get(all, i);
		if (values->status != NULL &&
		    strcasecmp(values->status,
			find_session_status(find, session)) != 0)
			continue;
		if (values->limit.given &&
		    json_array_size(chosen) >= values->limit.value)
			break;
		bring_up_to_date(find, session, unread);
		json_array_append(chosen, session);
	}
	return chosen;
}

static void
print_table(const struct find *find, const json_t *sessions)
{
	static const char *const header[] = { "SESSION", "STATUS", "DONE",
		"STARTED", "WORKFLOW" };
	struct output_table table = { .columns = COUNT_OF(header) };
	for (size_t i = 0; i < COUNT_OF(header); i++)
		output_table_add(&table, header[i]);
	for (size_t i = 0; i < json_array_size(sessions); i++)
		add_row(find, &table, json_array_get(sessions, i));
	output_table_print(&table);
}

static bool
list(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct sessions_values *values = invocation->values;
	autostrv struct strv unread = { 0 };
	autojson json_t *sessions = choose(find, values, &unread, err);
	if (sessions == NULL)
		return false;
	if (values->json)
		output_json(sessions);
	else if (json_array_size(sessions) > 0)
		print_table(find, sessions);
	else if (unread.n == 0)
		output_line("No sessions.");
	return find_unread(&unread, err);
}

/* A status that there is not would only ever give an empty list. */
static bool
check_status(const struct invocation *invocation, struct error *err)
{
	const struct sessions_values *values = invocation->values;
	autostr struct str names = { 0 };
	if (values->status == NULL ||
	    strcasecmp(values->status, FIND_INTERRUPTED) == 0)
		return true;
	for (unsigned i = 0; i < SESSION_STATUSES; i++) {
		const char *name = session_status_name((enum session_status)i);
		if (strcasecmp(values->status, name) == 0)
			return true;
		str_format(&names, "%s, ", name);
	}
	return error_set(err, ERROR_USAGE,
	    "%s: --status: '%s' is none of %s" FIND_INTERRUPTED,
	    invocation->path, values->status, str_text(&names));
}

static bool
run_list(struct invocation *invocation, int *status, struct error *err)
{
	const struct sessions_values *values = invocation->values;
	(void)status;
	if (!check_status(invocation, err))
		return false;
	return find_with(invocation, values->path, list, err);
}

static json_t *
find_session(const struct find *find, const struct invocation *invocation,
    struct strv *unread, struct error *err)
{
	if (invocation->n_args > 0) {
		autofree char *id =
		    ids_find_session(&find->layout, invocation->args[0], err);
		return id == NULL ? NULL : session_load(&find->layout, id, err);
	}
	autojson json_t *all = session_list(&find->layout, false, unread, err);
	if (all == NULL)
		return NULL;
	if (json_array_size(all) == 0 && find_unread(unread, err))
		error_set(err, ERROR_STATE, "no session in %s yet",
		    find->layout.root);
	return json_incref(json_array_get(all, 0));
}

static void
print_member(const json_t *session, const char *label, const char *key)
{
	const char *text = json_get_text(session, key);
	if (text != NULL)
		output_line("%-12s %s", label, text);
}

static void
print_session(const struct find *find, const json_t *session)
{
	autofree char *progress = progress_of(session);
	struct spent spent;
	spent_from_json(session, &spent);
	autofree char *cost = spent_text(&spent);
	print_member(session, "Session:", "id");
	output_line("%-12s %s", "Status:", find_session_status(find, session));
	print_member(session, "Workflow:", "workflow_name");
	print_member(session, "File:", "workflow_path");
	print_member(session, "Job:", "job_id");
	output_line("%-12s %s", "Done:", progress);
	if (!spent_is_nothing(&spent))
		output_line("%-12s %s", "Cost:", cost);
	print_member(session, "Started:", "started_at");
	print_member(session, "Updated:", "updated_at");
	print_member(session, "Completed:", "completed_at");
	print_member(session, "Repository:", "repository");
	print_member(session, "Worktree:", "worktree_path");
	print_member(session, "Branch:", "branch");
	print_member(session, "Merges into:", "original_branch");
	print_member(session, "Error:", "error");
}

static bool
show(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct sessions_values *values = invocation->values;
	autostrv struct strv unread = { 0 };
	autojson json_t *session = find_session(find, invocation, &unread, err);
	if (session == NULL)
		return false;
	bring_up_to_date(find, session, &unread);
	if (values->json)
		output_json(session);
	else
		print_session(find, session);
	return find_unread(&unread, err);
}

static bool
run_show(struct invocation *invocation, int *status, struct error *err)
{
	const struct sessions_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, show, err);
}

static const struct command sessions_list = {
	.name = "list",
	.aliases = "ls",
	.summary = "Lists the sessions of the repository, newest first",
	.synopsis = "[OPTION...]",
	.options = list_options,
	.n_options = COUNT_OF(list_options),
	.values_size = sizeof(struct sessions_values),
	.run = run_list,
};

static const struct command sessions_show = {
	.name = "show",
	.summary = "Shows a session (default: the newest)",
	.synopsis = "[OPTION...] [ID]",
	.options = show_options,
	.n_options = COUNT_OF(show_options),
	.values_size = sizeof(struct sessions_values),
	.max_args = 1,
	.run = run_show,
};

static const struct command *const children[] = {
	&sessions_list,
	&sessions_show,
	NULL,
};

const struct command cmd_sessions = {
	.name = "sessions",
	.summary = "Shows the runs there were and are",
	.synopsis = "COMMAND [ARGUMENT...]",
	.max_args = (size_t)-1,
	.children = children,
	.missing = "clean",
};
