/* SPDX-License-Identifier: MIT */
/* Workflows as values: names, release, and the fields given by variables. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflow/value.h"
#include "workflow/workflow.h"

/* Where variables are looked up. */
struct lookup {
	const struct workflow *workflow;
	const struct strv *environment;
};

const char *
output_source_name(enum output_source source)
{
	static const char *const names[OUTPUT_SOURCES] = {
		[OUTPUT_STDOUT] = "stdout",
		[OUTPUT_STDERR] = "stderr",
		[OUTPUT_BOTH] = "both",
	};
	return names[source];
}

const char *
output_lines_name(enum output_lines lines)
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

struct output_capture *
output_captures_add(struct output_captures *outputs)
{
	outputs->items = mem_grow(outputs->items, &outputs->cap, outputs->n + 1,
	    sizeof(*outputs->items));
	struct output_capture *output = &outputs->items[outputs->n++];
	*output = (struct output_capture){ .max_size = WORKFLOW_OUTPUT_SIZE };
	return output;
}

void
output_captures_release(struct output_captures *outputs)
{
	for (size_t i = 0; i < outputs->n; i++) {
		free(outputs->items[i].name);
		free(outputs->items[i].pattern);
		free(outputs->items[i].json_path);
		free(outputs->items[i].fallback);
	}
	free(outputs->items);
	*outputs = (struct output_captures){ 0 };
}

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
	    resolve_steps(&lookup, &map->agent_template, err) &&
	    resolve_phase(&lookup, &workflow->reduce, "reduce", err) &&
	    resolve_phase(&lookup, &workflow->merge, "merge", err);
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

static void
release_phase(struct phase_block *phase)
{
	steps_release(&phase->steps);
	free(phase->timeout_variable);
	output_captures_release(&phase->outputs);
}

static void
release_map(struct map_block *map)
{
	free(map->input);
	free(map->json_path);
	free(map->filter);
	strv_release(&map->sort_by);
	free(map->distinct);
	free(map->max_parallel_variable);
	free(map->agent_timeout_variable);
	steps_release(&map->agent_template);
}

void
workflow_release(struct workflow *workflow)
{
	free(workflow->path);
	free(workflow->name);
	strv_release(&workflow->env);
	free(workflow->permissions);
	steps_release(&workflow->commands);
	release_phase(&workflow->setup);
	release_map(&workflow->map);
	release_phase(&workflow->reduce);
	release_phase(&workflow->merge);
	*workflow = (struct workflow){ 0 };
}

void
workflow_findings_release(struct workflow_findings *findings)
{
	error_list_release(&findings->errors);
	strv_release(&findings->warnings);
}
