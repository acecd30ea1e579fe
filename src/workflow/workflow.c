/* SPDX-License-Identifier: MIT */
/* Workflows as values: tables, and the fields given by variables. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "workflow/value.h"
#include "workflow/workflow.h"

/* --- tables ----------------------------------------------------------- */

static const char *
source_name(unsigned source)
{
	static const char *const names[OUTPUT_SOURCES] = {
		[OUTPUT_STDOUT] = "stdout",
		[OUTPUT_STDERR] = "stderr",
		[OUTPUT_BOTH] = "both",
	};
	return names[source];
}

static const char *
lines_name(unsigned lines)
{
	static const char *const names[OUTPUT_LINES] = {
		[OUTPUT_PRESERVE] = "preserve",
		[OUTPUT_JOIN] = "join",
		[OUTPUT_FIRST_LINE] = "first_line",
		[OUTPUT_LAST_LINE] = "last_line",
		[OUTPUT_ARRAY] = "array",
	};
	return names[lines];
}

static const struct record_field output_capture_fields[] = {
	RECORD(struct output_capture, name),
	RECORD(struct output_capture, command_index),
	RECORD_ENUM(struct output_capture, source, source_name, OUTPUT_SOURCES),
	RECORD(struct output_capture, pattern),
	RECORD(struct output_capture, json_path),
	RECORD(struct output_capture, max_size),
	RECORD_AS("default", struct output_capture, fallback),
	RECORD_ENUM(struct output_capture, multiline, lines_name, OUTPUT_LINES),
	RECORD_END,
};

const struct record_table output_capture_table =
    RECORD_TABLE(struct output_capture, output_capture_fields);

static const struct record_field phase_fields[] = {
	RECORD_LIST(struct phase_block, steps, &step_table),
	RECORD(struct phase_block, timeout_ms),
	RECORD(struct phase_block, timeout_variable),
	RECORD_LIST(struct phase_block, outputs, &output_capture_table),
	RECORD(struct phase_block, present),
	RECORD_END,
};

const struct record_table phase_block_table =
    RECORD_TABLE(struct phase_block, phase_fields);

static const struct record_field map_fields[] = {
	RECORD(struct map_block, input),
	RECORD(struct map_block, json_path),
	RECORD(struct map_block, filter),
	RECORD(struct map_block, sort_by),
	RECORD(struct map_block, distinct),
	RECORD(struct map_block, item_name),
	RECORD(struct map_block, offset),
	RECORD(struct map_block, max_items),
	RECORD(struct map_block, has_max_items),
	RECORD(struct map_block, max_parallel),
	RECORD(struct map_block, max_parallel_variable),
	RECORD(struct map_block, agent_timeout_ms),
	RECORD(struct map_block, agent_timeout_variable),
	RECORD(struct map_block, conflict_timeout_ms),
	RECORD(struct map_block, conflict_timeout_variable),
	RECORD_LIST(struct map_block, agent_template, &step_table),
	RECORD_END,
};

const struct record_table map_block_table =
    RECORD_TABLE(struct map_block, map_fields);

static const struct record_field workspace_fields[] = {
	RECORD(struct workspace_block, keep),
	RECORD(struct workspace_block, keep_failed),
	RECORD(struct workspace_block, has_keep_failed),
	RECORD(struct workspace_block, min_free),
	RECORD(struct workspace_block, has_min_free),
	RECORD(struct workspace_block, root),
	RECORD_END,
};

const struct record_table workspace_block_table =
    RECORD_TABLE(struct workspace_block, workspace_fields);

static const struct record_field workflow_fields[] = {
	RECORD(struct workflow, path),
	RECORD(struct workflow, name),
	RECORD(struct workflow, mapreduce),
	RECORD(struct workflow, env),
	RECORD(struct workflow, raw_interpolation),
	RECORD(struct workflow, permissions),
	RECORD(struct workflow, claude_command),
	RECORD(struct workflow, claude_arguments),
	RECORD_OBJECT(struct workflow, workspace, &workspace_block_table),
	RECORD_LIST(struct workflow, commands, &step_table),
	RECORD_OBJECT(struct workflow, setup, &phase_block_table),
	RECORD_OBJECT(struct workflow, map, &map_block_table),
	RECORD_OBJECT(struct workflow, reduce, &phase_block_table),
	RECORD_OBJECT(struct workflow, merge, &phase_block_table),
	RECORD(struct workflow, sha256),
	RECORD(struct workflow, text),
	RECORD_END,
};

const struct record_table workflow_table =
    RECORD_TABLE(struct workflow, workflow_fields);

/* --- fields given by variables ---------------------------------------- */

/* Where variables are looked up. */
struct lookup {
	const struct workflow *workflow;
	const struct strv *environment;
};

/* variable is "$NAME"; NULL when it is not set. */
static const char *
find_variable(const struct lookup *lookup, const char *variable)
{
	const char *value = strv_env_get(&lookup->workflow->env, variable + 1);
	return value != NULL ? value
			     : strv_env_get(lookup->environment, variable + 1);
}

static bool
resolve_timeout(const struct lookup *lookup, char **variable, int64_t *ms,
    const char *what, struct error *err)
{
	if (*variable == NULL)
		return true;
	const char *value = find_variable(lookup, *variable);
	if (value == NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: %s: the variable %s is not set",
		    lookup->workflow->path, what, *variable);
	if (!value_timeout(value, ms, err))
		return error_wrap(err, "%s: %s: the variable %s",
		    lookup->workflow->path, what, *variable);
	free(*variable);
	*variable = NULL;
	return true;
}

static bool
resolve_parallel(
    const struct lookup *lookup, struct map_block *map, struct error *err)
{
	if (map->max_parallel_variable == NULL)
		return true;
	const char *variable = map->max_parallel_variable;
	const char *value = find_variable(lookup, variable);
	if (value == NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: map.max_parallel: the variable %s is not set",
		    lookup->workflow->path, variable);
	if (!value_parallel(value, &map->max_parallel, err))
		return error_wrap(err, "%s: map.max_parallel: the variable %s",
		    lookup->workflow->path, variable);
	free(map->max_parallel_variable);
	map->max_parallel_variable = NULL;
	return true;
}

static bool
resolve_steps(
    const struct lookup *lookup, struct steps *steps, struct error *err)
{
	for (size_t i = 0; i < steps->n; i++) {
		struct step *step = &steps->items[i];
		struct on_failure *handler = step->on_failure;
		if (!resolve_timeout(lookup, &step->timeout_variable,
			&step->timeout_ms, "timeout", err))
			return false;
		if (handler != NULL &&
		    (!resolve_timeout(lookup, &handler->timeout_variable,
			 &handler->timeout_ms, "on_failure.timeout", err) ||
			!resolve_steps(lookup, &handler->commands, err)))
			return false;
	}
	return true;
}

static bool
resolve_phase(const struct lookup *lookup, struct phase_block *phase,
    const char *name, struct error *err)
{
	autofree char *what = mem_format("%s.timeout", name);
	return resolve_timeout(lookup, &phase->timeout_variable,
		   &phase->timeout_ms, what, err) &&
	    resolve_steps(lookup, &phase->steps, err);
}

bool
workflow_resolve(struct workflow *workflow, const struct strv *environment,
    struct error *err)
{
	const struct lookup lookup = { workflow, environment };
	struct map_block *map = &workflow->map;
	return resolve_steps(&lookup, &workflow->commands, err) &&
	    resolve_phase(&lookup, &workflow->setup, "setup", err) &&
	    resolve_parallel(&lookup, map, err) &&
	    resolve_timeout(&lookup, &map->agent_timeout_variable,
		&map->agent_timeout_ms, "map.agent_timeout_secs", err) &&
	    resolve_timeout(&lookup, &map->conflict_timeout_variable,
		&map->conflict_timeout_ms, "map.conflict_timeout", err) &&
	    resolve_steps(&lookup, &map->agent_template, err) &&
	    resolve_phase(&lookup, &workflow->reduce, "reduce", err) &&
	    resolve_phase(&lookup, &workflow->merge, "merge", err);
}

/* --- the rest --------------------------------------------------------- */

struct output_capture *
output_captures_add(struct output_captures *outputs)
{
	outputs->items = mem_grow(outputs->items, &outputs->cap, outputs->n + 1,
	    sizeof(*outputs->items));
	struct output_capture *output = &outputs->items[outputs->n++];
	*output = (struct output_capture){ .max_size = WORKFLOW_OUTPUT_SIZE };
	return output;
}

bool
workflow_input_is_document(const char *input)
{
	while (text_is_blank(*input))
		input++;
	return *input == '[' || *input == '{';
}

bool
workflow_uses_claude(const struct workflow *workflow)
{
	return steps_use_claude(&workflow->commands) ||
	    steps_use_claude(&workflow->setup.steps) ||
	    steps_use_claude(&workflow->map.agent_template) ||
	    steps_use_claude(&workflow->reduce.steps) ||
	    steps_use_claude(&workflow->merge.steps);
}

void
workflow_release(struct workflow *workflow)
{
	record_release(&workflow_table, workflow);
}
