/* SPDX-License-Identifier: MIT */
/*
 * Each key that the loader accepts arrives in the agent: for each key of the
 * loader's tables, a workflow is loaded with it and without it, and what agents
 * are told must differ. A key without a sample here is a failure.
 */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "../records.h"
#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "plan/frame.h"
#include "workflow/load.h"
#include "workflow/load_phase.h"
#include "workflow/load_slash.h"
#include "workflow/load_step.h"

#define MAP "map: {input: i, agent_template: [{shell: a}]}"
#define LIST "commands: [{shell: b}]"
#define SLASH "command: c"

/* The maps of a workflow file, and what stands in them without a sample. */
static const struct {
	const char *place;
	const char *before;
	const char *after;
	const char *usual;
} places[] = {
	{ "file", "{", "}", MAP },
	{ "claude", "{" MAP ", claude: {", "}}", "" },
	{ "workspace", "{" MAP ", workspace: {", "}}", "" },
	{ "map", "{map: {", "}}", "input: i, agent_template: [{shell: a}]" },
	{ "agent_template", "{map: {input: i, agent_template: {", "}}}",
	    "commands: [{shell: a}]" },
	{ "phase", "{" MAP ", setup: {", "}}",
	    "commands: [{shell: s}, {shell: t}]" },
	{ "capture_outputs",
	    "{" MAP ", setup: {commands: [{shell: s}, {shell: t}], "
	    "capture_outputs: {N: {",
	    "}}}}", "command_index: 0" },
	{ "step", "{map: {input: i, agent_template: [{", "}]}}", "shell: a" },
	{ "test", "{map: {input: i, agent_template: [{test: {", "}}]}}",
	    "command: a" },
	{ "write_file", "{map: {input: i, agent_template: [{write_file: {",
	    "}}]}}", "path: p, content: c" },
	{ "capture_streams",
	    "{map: {input: i, agent_template: [{shell: a, capture_streams: {",
	    "}}]}}", "" },
	{ "on_failure",
	    "{map: {input: i, agent_template: [{shell: a, on_failure: {",
	    "}}]}}", "shell: b" },
	{ "metadata",
	    "{map: {input: i, agent_template: [{shell: a, metadata: {", "}}]}}",
	    "" },
};

enum arrival {
	IN_AGENT,
	IN_SUPERVISOR, /* it decides something there, agents need not know */
	REFUSED, /* the reader of this key only has an error to tell */
};

/* The key within its map, and the same without it if that is not usual. */
static const struct sample {
	const char *place;
	const char *key;
	const char *with;
	const char *without;
	enum arrival arrival;
} samples[] = {
	{ "file", "name", MAP ", name: n", NULL, IN_AGENT },
	{ "file", "env", MAP ", env: {A: b}", NULL, IN_SUPERVISOR },
	{ "file", "merge", MAP ", merge: [{shell: m}]", NULL, IN_AGENT },
	{ "file", "claude", MAP ", claude: {permissions: plan}", NULL,
	    IN_SUPERVISOR },
	{ "file", "workspace", MAP ", workspace: {keep: a}", NULL, IN_AGENT },
	{ "file", "interpolation", MAP ", interpolation: raw", NULL, IN_AGENT },
	{ "file", "commands", LIST, NULL, IN_AGENT },
	{ "file", "steps", "steps: [{shell: b}]", NULL, IN_AGENT },
	{ "file", "setup", MAP ", setup: [{shell: s}]", NULL, IN_AGENT },
	{ "file", "map", "map: {input: j, agent_template: [{shell: a}]}", NULL,
	    IN_AGENT },
	{ "file", "reduce", MAP ", reduce: [{shell: r}]", NULL, IN_AGENT },
	{ "claude", "permissions", "permissions: plan", NULL, IN_SUPERVISOR },
	{ "claude", "command", "command: other --flag", NULL, IN_SUPERVISOR },
	{ "claude", "arguments", "arguments: [--model, x]", NULL,
	    IN_SUPERVISOR },
	{ "workspace", "keep", "keep: [reports/**]", NULL, IN_AGENT },
	{ "workspace", "keep_failed", "keep_failed: 0", NULL, IN_SUPERVISOR },
	{ "workspace", "root", "root: /mnt", NULL, IN_SUPERVISOR },
	{ "workspace", "min_free", "min_free: 500MB", NULL, IN_SUPERVISOR },
	{ "map", "input", "input: j, agent_template: [{shell: a}]", NULL,
	    IN_AGENT },
	{ "map", "json_path",
	    "input: i, agent_template: [{shell: a}], json_path: $.a", NULL,
	    IN_AGENT },
	{ "map", "agent_template", "input: i, agent_template: [{shell: b}]",
	    NULL, IN_AGENT },
	{ "map", "max_parallel",
	    "input: i, agent_template: [{shell: a}], max_parallel: 3", NULL,
	    IN_SUPERVISOR },
	{ "map", "filter",
	    "input: i, agent_template: [{shell: a}], filter: a == 1", NULL,
	    IN_AGENT },
	{ "map", "sort_by",
	    "input: i, agent_template: [{shell: a}], sort_by: a", NULL,
	    IN_AGENT },
	{ "map", "distinct",
	    "input: i, agent_template: [{shell: a}], distinct: a", NULL,
	    IN_AGENT },
	{ "map", "item_name",
	    "input: i, agent_template: [{shell: a}], item_name: a", NULL,
	    IN_AGENT },
	{ "map", "offset", "input: i, agent_template: [{shell: a}], offset: 2",
	    NULL, IN_AGENT },
	{ "map", "max_items",
	    "input: i, agent_template: [{shell: a}], max_items: 0", NULL,
	    IN_AGENT },
	{ "map", "agent_timeout_secs",
	    "input: i, agent_template: [{shell: a}], agent_timeout_secs: 5",
	    NULL, IN_AGENT },
	{ "map", "timeout_per_agent",
	    "input: i, agent_template: [{shell: a}], timeout_per_agent: 5",
	    NULL, IN_AGENT },
	{ "map", "conflict_timeout",
	    "input: i, agent_template: [{shell: a}], conflict_timeout: 5", NULL,
	    IN_AGENT },
	{ "agent_template", "commands", LIST, NULL, IN_AGENT },
	{ "agent_template", "steps", "steps: [{shell: b}]", NULL, IN_AGENT },
	{ "phase", "commands", LIST, NULL, IN_AGENT },
	{ "phase", "steps", "steps: [{shell: b}]", NULL, IN_AGENT },
	{ "phase", "timeout", LIST ", timeout: 5", LIST, IN_AGENT },
	{ "phase", "capture_outputs", LIST ", capture_outputs: {N: 0}", LIST,
	    IN_AGENT },
	{ "capture_outputs", "command_index", "command_index: 1", NULL,
	    IN_AGENT },
	{ "capture_outputs", "source", "command_index: 0, source: stderr", NULL,
	    IN_AGENT },
	{ "capture_outputs", "pattern", "command_index: 0, pattern: a", NULL,
	    IN_AGENT },
	{ "capture_outputs", "json_path", "command_index: 0, json_path: $.a",
	    NULL, IN_AGENT },
	{ "capture_outputs", "max_size", "command_index: 0, max_size: 5", NULL,
	    IN_AGENT },
	{ "capture_outputs", "default", "command_index: 0, default: d", NULL,
	    IN_AGENT },
	{ "capture_outputs", "multiline", "command_index: 0, multiline: join",
	    NULL, IN_AGENT },
	{ "step", "claude", "claude: a", NULL, IN_AGENT },
	{ "step", "shell", "shell: b", NULL, IN_AGENT },
	{ "step", "write_file", "write_file: {path: p, content: c}", NULL,
	    IN_AGENT },
	{ "step", "test", "test: {command: b}", NULL, IN_AGENT },
	{ "step", "command", "command: a", NULL, IN_AGENT },
	{ "step", "goal_seek", "goal_seek: {goal: g}", NULL, REFUSED },
	{ "step", "name", "shell: a, name: n", NULL, IN_AGENT },
	{ "step", "id", "shell: a, id: i", NULL, IN_AGENT },
	{ "step", "timeout", "shell: a, timeout: 5", NULL, IN_AGENT },
	{ "step", "capture", "shell: a, capture: v", NULL, IN_AGENT },
	{ "step", "capture_output", "shell: a, capture_output: v", NULL,
	    IN_AGENT },
	{ "step", "capture_format", "shell: a, capture_format: json", NULL,
	    IN_AGENT },
	{ "step", "capture_streams", "shell: a, capture_streams: stderr", NULL,
	    IN_AGENT },
	{ "step", "on_failure", "shell: a, on_failure: b", NULL, IN_AGENT },
	{ "step", "commit_required", "shell: a, commit_required: true", NULL,
	    IN_AGENT },
	{ "step", "env", "shell: a, env: {A: b}", NULL, IN_AGENT },
	{ "step", "working_dir", "shell: a, working_dir: d", NULL, IN_AGENT },
	{ "step", "cwd", "shell: a, cwd: d", NULL, IN_AGENT },
	{ "step", "when", "shell: a, when: x == 1", NULL, IN_AGENT },
	{ "step", "continue_on_error", "shell: a, continue_on_error: true",
	    NULL, IN_AGENT },
	{ "step", "allow_failure", "shell: a, allow_failure: true", NULL,
	    IN_AGENT },
	{ "step", "args", SLASH ", args: [x]", SLASH, IN_AGENT },
	{ "step", "options", SLASH ", options: {k: v}", SLASH, IN_AGENT },
	{ "step", "metadata", "shell: a, metadata: {timeout: 5}", NULL,
	    IN_AGENT },
	{ "test", "command", "command: b", NULL, IN_AGENT },
	{ "test", "on_failure", "command: a, on_failure: b", NULL, IN_AGENT },
	{ "write_file", "path", "path: q, content: c", NULL, IN_AGENT },
	{ "write_file", "content", "path: p, content: d", NULL, IN_AGENT },
	{ "write_file", "format", "path: p, content: c, format: json", NULL,
	    IN_AGENT },
	{ "write_file", "mode", "path: p, content: c, mode: 0600", NULL,
	    IN_AGENT },
	{ "write_file", "create_dirs", "path: p, content: c, create_dirs: true",
	    NULL, IN_AGENT },
	{ "capture_streams", "stdout", "stdout: false", NULL, IN_AGENT },
	{ "capture_streams", "stderr", "stderr: true", NULL, IN_AGENT },
	{ "capture_streams", "exit_code", "exit_code: false", NULL, IN_AGENT },
	{ "capture_streams", "success", "success: false", NULL, IN_AGENT },
	{ "capture_streams", "duration", "duration: false", NULL, IN_AGENT },
	{ "on_failure", "max_attempts", "shell: b, max_attempts: 3", NULL,
	    IN_AGENT },
	{ "on_failure", "max_retries", "shell: b, max_retries: 3", NULL,
	    IN_AGENT },
	{ "on_failure", "retry_original", "shell: b, retry_original: true",
	    NULL, IN_AGENT },
	{ "on_failure", "fail_workflow", "shell: b, fail_workflow: true", NULL,
	    IN_AGENT },
	{ "on_failure", "handler_failure_fatal",
	    "shell: b, handler_failure_fatal: true", NULL, IN_AGENT },
	{ "on_failure", "commit_required", "shell: b, commit_required: true",
	    NULL, IN_AGENT },
	{ "on_failure", "strategy", "shell: b, strategy: fallback", NULL,
	    IN_AGENT },
	{ "on_failure", "commands", LIST, NULL, IN_AGENT },
	{ "on_failure", "timeout", LIST ", timeout: 5", LIST, IN_AGENT },
	{ "metadata", "commit_required", "commit_required: true", NULL,
	    IN_AGENT },
	{ "metadata", "continue_on_error", "continue_on_error: true", NULL,
	    IN_AGENT },
	{ "metadata", "timeout", "timeout: 5", NULL, IN_AGENT },
	{ "metadata", "env", "env: {A: b}", NULL, IN_AGENT },
};

/* A workflow whose map of this place has this content. */
static bool
load(const char *place, const char *content, struct workflow *workflow)
{
	struct workflow_findings findings = { 0 };
	size_t i = 0;
	while (strcmp(places[i].place, place) != 0)
		if (++i == COUNT_OF(places))
			BUG("no place %s", place);
	autofree char *text = mem_format("%s%s%s", places[i].before,
	    content == NULL ? places[i].usual : content, places[i].after);
	const bool ok = workflow_load_text(
	    "w.yml", text, strlen(text), workflow, &findings);
	workflow_findings_release(&findings);
	return ok;
}

/* Where a step stands in the file may differ for other reasons. */
static void
drop_places(json_t *json)
{
	const char *name;
	json_t *value;
	size_t i;
	if (json_is_object(json)) {
		json_object_del(json, "line");
		json_object_del(json, "column");
	}
	json_object_foreach(json, name, value)
		drop_places(value);
	json_array_foreach(json, i, value)
		drop_places(value);
}

/* What the agent of a phase knows after it has read its spec. */
static json_t *
told_in_phase(const struct workflow *workflow, enum frame_phase phase)
{
	const struct frame_spec spec = frame_spec_of(workflow, phase);
	struct frame_spec arrived;
	autostr struct str line = { 0 };
	autoerror struct error err = { 0 };
	frame_spec_encode(&spec, &line);
	if (!frame_spec_decode(str_text(&line), line.len, &arrived, &err))
		BUG("%s", error_text(&err));
	autofree char *path =
	    records_difference(&frame_spec_table, &spec, &arrived);
	if (path != NULL)
		tap_ok(false, "%s arrives", path);
	json_t *json = record_to_json(&frame_spec_table, &arrived);
	frame_spec_release(&arrived);
	drop_places(json);
	return json;
}

/* What all agents know, or what the supervisor does. */
static json_t *
knowledge(const char *place, const char *content, bool of_supervisor)
{
	struct workflow workflow;
	if (!load(place, content, &workflow))
		return NULL;
	json_t *all = json_array();
	for (int i = 0; !of_supervisor && i < FRAME_PHASES; i++)
		json_array_append_new(
		    all, told_in_phase(&workflow, (enum frame_phase)i));
	if (of_supervisor)
		json_array_append_new(
		    all, record_to_json(&workflow_table, &workflow));
	workflow_release(&workflow);
	return all;
}

static void
check_sample(const struct sample *sample)
{
	const bool of_supervisor = sample->arrival == IN_SUPERVISOR;
	autojson json_t *with =
	    knowledge(sample->place, sample->with, of_supervisor);
	if (sample->arrival == REFUSED) {
		tap_ok(with == NULL, "%s in %s is refused", sample->key,
		    sample->place);
		return;
	}
	autojson json_t *without =
	    knowledge(sample->place, sample->without, of_supervisor);
	tap_ok(with != NULL && without != NULL && !json_equal(with, without),
	    "%s in %s arrives in the %s", sample->key, sample->place,
	    of_supervisor ? "supervisor" : "agent");
}

static const struct sample *
find_sample(const char *place, const char *key)
{
	for (size_t i = 0; i < COUNT_OF(samples); i++)
		if (strcmp(samples[i].place, place) == 0 &&
		    strcmp(samples[i].key, key) == 0)
			return &samples[i];
	return NULL;
}

static bool
says_nothing(const struct load_field *field)
{
	return field->read == load_ignored ||
	    field->read == load_without_effect;
}

/* Every key of these tables has a sample, unless it says nothing. */
static void
check_keys(const struct load_keys *keys)
{
	for (; keys->place != NULL; keys++)
		for (const struct load_field *field = keys->fields;
		     field->key != NULL; field++)
			tap_ok(says_nothing(field) ||
				find_sample(keys->place, field->key) != NULL,
			    "%s in %s has a sample", field->key, keys->place);
}

int
main(void)
{
	setlocale(LC_CTYPE, "");
	json_init();
	check_keys(load_file_keys);
	check_keys(load_phase_keys);
	check_keys(load_step_keys);
	check_keys(load_slash_keys);
	for (size_t i = 0; i < COUNT_OF(samples); i++)
		check_sample(&samples[i]);
	return tap_done();
}
