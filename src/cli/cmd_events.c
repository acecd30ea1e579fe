/* SPDX-License-Identifier: MIT */
/* prodigy events: what happened, in order. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/find.h"
#include "cli/output.h"
#include "data/json.h"
#include "state/event.h"
#include "state/ids.h"

#define DEFAULT_LIMIT 100

struct events_values {
	const char *path;
	const char *job;
	const char *type;
	const char *agent;
	const char *since;
	const char *format;
	struct option_number limit;
	bool json;
};

#define AT(member) offsetof(struct events_values, member)

static const struct option_spec options[] = {
	{ "job-id", 0, OPTION_TEXT, AT(job), "JOB", "the job or session" },
	{ "type", 0, OPTION_TEXT, AT(type), "TYPE",
	    "only events of this type, e.g. agent_failed" },
	{ "event-type", 0, OPTION_TEXT, AT(type), "TYPE", NULL },
	{ "agent-id", 0, OPTION_TEXT, AT(agent), "ID",
	    "only events of this agent" },
	{ "since", 0, OPTION_TEXT, AT(since), "TIME",
	    "only events of the last TIME (minutes, or 2h, 1d, ...)" },
	{ "limit", 0, OPTION_NUMBER, AT(limit), "N", "the last N events only" },
	{ "format", 0, OPTION_TEXT, AT(format), "FORMAT",
	    "human, json or jsonl (default when piped)" },
	{ "json", 0, OPTION_FLAG, AT(json), NULL, "the same as --format json" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "look at the repository at DIR" },
};

enum events_format {
	FORMAT_HUMAN,
	FORMAT_JSON,
	FORMAT_JSONL,
};

struct events_printing {
	enum events_format format;
	char *type; /* as event_canonical_type() gives it; NULL: all */
	const char *agent;
	int64_t since; /* clock_wall() in ms; 0: all */
	size_t limit; /* SIZE_MAX: all */
	size_t seen; /* those that match so far */
	json_t *last; /* with a limit: what matches, the last one first */
	json_t *all; /* what FORMAT_JSON prints in the end */
};

static bool
matches(const struct events_printing *printing, const json_t *event)
{
	const json_t *inner = json_get(event, "event");
	const char *agent = json_get_text(inner, "agent_id");
	int64_t ms = 0;
	autofree char *type =
	    event_canonical_type(json_get_text(inner, "event_type"));
	if (printing->type != NULL && strcmp(printing->type, type) != 0)
		return false;
	if (printing->agent != NULL &&
	    (agent == NULL || strcmp(agent, printing->agent) != 0))
		return false;
	return printing->since == 0 ||
	    (clock_parse_rfc3339(json_get_text(event, "timestamp"), &ms) &&
		ms >= printing->since);
}

/* The members that tell most, in this order. */
static void
print_human(const json_t *event)
{
	static const char *const telling[] = { "item_id", "agent_id",
		"worktree_name", "total_items", "success_count",
		"failure_count", "successful", "failed", "version", "tool_name",
		"error_signature", "error" };
	const json_t *inner = json_get(event, "event");
	char when[CLOCK_RFC3339_SIZE] = "";
	int64_t ms;
	autostr struct str line = { 0 };
	if (clock_parse_rfc3339(json_get_text(event, "timestamp"), &ms))
		clock_local(ms, when);
	str_format(
	    &line, "%s  %-24s", when, json_get_text(inner, "event_type"));
	for (size_t i = 0; i < COUNT_OF(telling); i++) {
		const json_t *value = json_get(inner, telling[i]);
		if (value == NULL || json_is_null(value))
			continue;
		str_format(&line, "  %s=", telling[i]);
		json_text_of(value, &line);
	}
	output_line("%s", str_text(&line));
}

static void
print_event(struct events_printing *printing, const json_t *event)
{
	switch (printing->format) {
	case FORMAT_HUMAN:
		print_human(event);
		break;
	case FORMAT_JSON:
		json_array_append(printing->all, json_mutable(event));
		break;
	case FORMAT_JSONL:
		output_json_line(event);
		break;
	}
}

static bool
print_matching(const json_t *event, void *arg)
{
	struct events_printing *printing = arg;
	if (matches(printing, event)) {
		printing->seen++;
		print_event(printing, event);
	}
	return true;
}

static bool
keep_matching(const json_t *event, void *arg)
{
	struct events_printing *printing = arg;
	if (matches(printing, event)) {
		printing->seen++;
		json_array_append(printing->last, json_mutable(event));
	}
	return printing->seen < printing->limit;
}

/* The last ones are found from the end, and printed in their order. */
static bool
read_events(const char *dir, struct events_printing *printing,
    struct event_tally *tally, struct error *err)
{
	bool ok;
	if (printing->limit == SIZE_MAX)
		ok = event_read(dir, print_matching, printing, tally, err);
	else
		ok = printing->limit == 0 ||
		    event_read_backwards(
			dir, keep_matching, printing, tally, err);
	if (!ok)
		return false;
	for (size_t i = json_array_size(printing->last); i > 0; i--)
		print_event(printing, json_array_get(printing->last, i - 1));
	if (printing->format == FORMAT_JSON)
		output_json(printing->all);
	if (tally->malformed > 0)
		log_warn(
		    "%zu malformed lines were passed over", tally->malformed);
	if (printing->seen == 0 && printing->limit > 0 && tally->unread.n == 0)
		log_note("no events");
	return find_unread(&tally->unread, err);
}

static bool
choose_format(const struct invocation *invocation, enum events_format *format,
    struct error *err)
{
	const struct events_values *values = invocation->values;
	const char *name = values->format;
	*format = isatty(STDOUT_FILENO) ? FORMAT_HUMAN : FORMAT_JSONL;
	if (values->json || (name != NULL && strcmp(name, "json") == 0))
		*format = FORMAT_JSON;
	else if (name == NULL)
		return true;
	else if (strcmp(name, "jsonl") == 0)
		*format = FORMAT_JSONL;
	else if (strcmp(name, "human") == 0)
		*format = FORMAT_HUMAN;
	else
		return error_set(err, ERROR_USAGE,
		    "%s: --format: '%s' is not human, json or jsonl",
		    invocation->path, name);
	return true;
}

static bool
choose_since(
    const struct events_values *values, int64_t *since, struct error *err)
{
	int64_t ms;
	*since = 0;
	if (values->since == NULL)
		return true;
	if (!clock_parse_duration(values->since, 60000, &ms, err)) {
		err->kind = ERROR_USAGE;
		return error_wrap(err, "--since");
	}
	*since = clock_wall() - ms;
	return true;
}

/* A job or the session of a standard workflow: both have their events. */
static char *
choose_dir(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct events_values *values = invocation->values;
	autoerror struct error no_job = { 0 };
	const char *name =
	    invocation->n_args > 0 ? invocation->args[0] : values->job;
	char *job = NULL;
	if (name == NULL)
		job = find_newest_run(find, err);
	else if (!find_job(find, invocation, 0, values->job, &job, &no_job))
		job = ids_find_session(&find->layout, name, err);
	if (job == NULL && no_job.kind != ERROR_NONE) {
		error_release(err);
		error_move(err, &no_job);
	}
	if (job == NULL)
		return NULL;
	char *dir = layout_events(&find->layout, job);
	free(job);
	return dir;
}

static bool
show(const struct find *find, const struct invocation *invocation, bool limited,
    struct error *err)
{
	const struct events_values *values = invocation->values;
	struct events_printing printing = { .agent = values->agent };
	struct event_tally tally = { 0 };
	if (!choose_format(invocation, &printing.format, err) ||
	    !choose_since(values, &printing.since, err))
		return false;
	autofree char *dir = choose_dir(find, invocation, err);
	if (dir == NULL && err->kind != ERROR_NONE)
		return false;
	if (dir == NULL) {
		log_note("no events");
		return true;
	}
	if (values->type != NULL)
		printing.type = event_canonical_type(values->type);
	printing.all = json_array();
	printing.last = json_array();
	printing.limit = values->limit.given ? values->limit.value
	    : limited			     ? DEFAULT_LIMIT
					     : SIZE_MAX;
	bool ok = read_events(dir, &printing, &tally, err);
	event_tally_release(&tally);
	json_decref(printing.all);
	json_decref(printing.last);
	free(printing.type);
	return ok;
}

static bool
show_last(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return show(find, invocation, true, err);
}

static bool
show_all(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return show(find, invocation, false, err);
}

static bool
run_list(struct invocation *invocation, int *status, struct error *err)
{
	const struct events_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, show_last, err);
}

static bool
run_show(struct invocation *invocation, int *status, struct error *err)
{
	const struct events_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, show_all, err);
}

static const struct command events_show = {
	.name = "show",
	.summary = "Prints all events of a run (default: the newest)",
	.synopsis = "[OPTION...] [JOB | SESSION]",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct events_values),
	.max_args = 1,
	.run = run_show,
};

static const struct command events_ls = {
	.name = "ls",
	.aliases = "list",
	.summary = "Prints the last events of a run",
	.synopsis = "[OPTION...] [JOB | SESSION]",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct events_values),
	.max_args = 1,
	.run = run_list,
};

static const struct command *const children[] = {
	&events_show,
	&events_ls,
	NULL,
};

const struct command cmd_events = {
	.name = "events",
	.summary = "Prints the events of a job, as JSON lines when piped",
	.synopsis = "COMMAND [ARGUMENT...]",
	.max_args = (size_t)-1,
	.children = children,
	.missing = "watch follow stats search export clean",
};
