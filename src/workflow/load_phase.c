/* SPDX-License-Identifier: MIT */
/* The blocks of a MapReduce workflow: setup, map, reduce, merge. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "workflow/load_phase.h"
#include "workflow/load_step.h"
#include "workflow/load_value.h"
#include "workflow/value.h"

static void
read_phase_timeout(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct phase_block *phase = target;
	load_timeout(load, node, &phase->timeout_ms, &phase->timeout_variable);
}

static void
read_source(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "stdout", "stderr", "both",
		"combined", NULL };
	struct output_capture *output = target;
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		output->source = choice > OUTPUT_BOTH
		    ? OUTPUT_BOTH
		    : (enum output_source)choice;
}

static void
read_multiline(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "preserve", "join", "first_line",
		"last_line", "array", NULL };
	struct output_capture *output = target;
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		output->multiline = (enum output_lines)choice;
}

static const struct load_field output_fields[] = {
	{ "command_index", load_unsigned,
	    offsetof(struct output_capture, command_index) },
	{ "source", read_source, 0 },
	{ "pattern", load_pattern, offsetof(struct output_capture, pattern) },
	{ "json_path", load_json_path,
	    offsetof(struct output_capture, json_path) },
	{ "max_size", load_size, offsetof(struct output_capture, max_size) },
	{ "default", load_text, offsetof(struct output_capture, fallback) },
	{ "multiline", read_multiline, 0 },
	{ NULL, NULL, 0 },
};

static void
read_output(struct load *load, const struct yaml_entry *entry,
    struct output_captures *outputs)
{
	struct output_capture *output = output_captures_add(outputs);
	struct load_table table = { .fields = output_fields, .target = output };
	output->name = mem_text(entry->key->text);
	if (entry->value->kind == YAML_KIND_SCALAR) {
		load_unsigned(load, entry->value, &output->command_index);
		return;
	}
	if (!load_is_kind(load, entry->value, YAML_KIND_MAP,
		"the index of a command, or a map"))
		return;
	load_map(load, entry->value, &table, 1);
	if (yaml_find(entry->value, "command_index") == NULL)
		load_error(load, entry->value, "'command_index' is missing");
}

static void
read_outputs(struct load *load, const struct yaml_node *node, void *target)
{
	if (!load_is_kind(load, node, YAML_KIND_MAP, "a map of NAME: command"))
		return;
	for (size_t i = 0; i < node->n; i++) {
		const size_t before =
		    load_enter_key(load, node->entries[i].key->text);
		read_output(load, &node->entries[i], target);
		load_leave(load, before);
	}
}

/* Of every phase. */
static const struct load_field phase_fields[] = {
	{ "commands", load_steps, offsetof(struct phase_block, steps) },
	{ "steps", load_steps, offsetof(struct phase_block, steps) },
	{ "timeout", read_phase_timeout, 0 },
	{ NULL, NULL, 0 },
};

static const struct load_field setup_fields[] = {
	{ "capture_outputs", read_outputs,
	    offsetof(struct phase_block, outputs) },
	{ NULL, NULL, 0 },
};

/* first is the table of what this phase has besides. */
static void
read_phase(struct load *load, const struct yaml_node *node,
    struct load_table first, struct phase_block *phase)
{
	static const char *const unsupported[] = { "parallel", "checkpoint",
		"env", NULL };
	struct load_table tables[] = {
		first,
		{ .fields = phase_fields,
		    .target = phase,
		    .unsupported = unsupported },
	};
	phase->present = true;
	if (node->kind == YAML_KIND_LIST) {
		load_steps(load, node, &phase->steps);
		return;
	}
	if (!load_is_kind(load, node, YAML_KIND_MAP,
		"a list of steps, or a map with 'commands'"))
		return;
	load_map(load, node, tables, COUNT_OF(tables));
	if (yaml_find(node, "commands") == NULL &&
	    yaml_find(node, "steps") == NULL)
		load_error(load, node, "'commands' is missing");
}

static void
check_output_indexes(struct load *load, const struct yaml_node *node,
    const struct phase_block *phase)
{
	const struct yaml_node *outputs = yaml_find(node, "capture_outputs");
	const size_t before = load_enter_key(load, "capture_outputs");
	for (size_t i = 0; outputs != NULL && i < phase->outputs.n; i++) {
		const struct output_capture *output = &phase->outputs.items[i];
		const size_t inner = load_enter_key(load, output->name);
		if (output->command_index >= phase->steps.n)
			load_error(load, outputs->entries[i].value,
			    "there is no command %u: they count from 0, and "
			    "there are %zu",
			    output->command_index, phase->steps.n);
		load_leave(load, inner);
	}
	load_leave(load, before);
}

void
load_setup(struct load *load, const struct yaml_node *node, void *target)
{
	const struct load_table table = { .fields = setup_fields,
		.target = target };
	read_phase(load, node, table, target);
	check_output_indexes(load, node, target);
}

void
load_phase(struct load *load, const struct yaml_node *node, void *target)
{
	static const struct load_field none[] = { { NULL, NULL, 0 } };
	static const char *const unsupported[] = { "capture_outputs", NULL };
	const struct load_table table = {
		.fields = none, .target = target, .unsupported = unsupported
	};
	read_phase(load, node, table, target);
}

/* --- the map block ---------------------------------------------------- */

static const struct load_field template_fields[] = {
	{ "commands", load_steps, 0 },
	{ "steps", load_steps, 0 },
	{ NULL, NULL, 0 },
};

static void
read_template(struct load *load, const struct yaml_node *node, void *target)
{
	struct steps *steps = target;
	struct load_table table = { .fields = template_fields,
		.target = steps };
	const size_t errors = load->n_errors;
	if (node->kind == YAML_KIND_LIST)
		load_steps(load, node, steps);
	else if (load_is_kind(load, node, YAML_KIND_MAP, "a list of steps"))
		load_map(load, node, &table, 1);
	if (steps->n == 0 && load->n_errors == errors)
		load_error(load, node, "an agent needs at least one step");
}

static void
read_max_parallel(struct load *load, const struct yaml_node *node, void *target)
{
	struct map_block *map = target;
	autoerror struct error err = { 0 };
	const char *text =
	    load_scalar(load, node, "a whole number, or \"$NAME\"");
	autofree char *name = text != NULL ? value_variable(text) : NULL;
	if (name != NULL)
		map->max_parallel_variable = mem_format("$%s", name);
	else if (text != NULL &&
	    !value_parallel(text, &map->max_parallel, &err))
		load_take_error(load, node, &err);
}

static void
read_agent_timeout(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct map_block *map = target;
	load_timeout(
	    load, node, &map->agent_timeout_ms, &map->agent_timeout_variable);
}

static void
read_conflict_timeout(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct map_block *map = target;
	load_timeout(load, node, &map->conflict_timeout_ms,
	    &map->conflict_timeout_variable);
}

static void
read_old_timeout(struct load *load, const struct yaml_node *node, void *target)
{
	load_warn(load, load->key, "deprecated: write 'agent_timeout_secs'");
	read_agent_timeout(load, node, target);
}

static void
read_max_items(struct load *load, const struct yaml_node *node, void *target)
{
	struct map_block *map = target;
	const size_t errors = load->n_errors;
	load_size(load, node, &map->max_items);
	map->has_max_items = load->n_errors == errors;
}

/* A text with references is JSON only when they have their values. */
static void
check_document(
    struct load *load, const struct yaml_node *node, const char *text)
{
	autoerror struct error err = { 0 };
	if (strchr(text, '$') != NULL)
		return;
	autojson json_t *document =
	    json_load_text(text, strlen(text), "input", &err);
	if (document == NULL)
		load_error(load, node,
		    "what begins with '[' or '{' is the items themselves as "
		    "JSON, never a command or a file: %s",
		    error_text(&err));
}

/* A list or a map is the document, and so is a text that looks like one. */
static void
read_input(struct load *load, const struct yaml_node *node, void *target)
{
	char **input = target;
	autoerror struct error err = { 0 };
	if (node->kind == YAML_KIND_SCALAR) {
		load_text(load, node, input);
		if (*input != NULL && workflow_input_is_document(*input))
			check_document(load, node, *input);
		return;
	}
	autojson json_t *document = yaml_to_json(load->doc, node, &err);
	if (document == NULL) {
		load_take_error(load, node, &err);
		return;
	}
	struct str text = { 0 };
	json_compact(document, &text, false);
	*input = str_take(&text);
}

static const struct load_field map_fields[] = {
	{ "input", read_input, offsetof(struct map_block, input) },
	{ "json_path", load_json_path, offsetof(struct map_block, json_path) },
	{ "agent_template", read_template,
	    offsetof(struct map_block, agent_template) },
	{ "max_parallel", read_max_parallel, 0 },
	{ "filter", load_filter, offsetof(struct map_block, filter) },
	{ "sort_by", load_sort, offsetof(struct map_block, sort_by) },
	{ "distinct", load_member, offsetof(struct map_block, distinct) },
	{ "item_name", load_text, offsetof(struct map_block, item_name) },
	{ "offset", load_size, offsetof(struct map_block, offset) },
	{ "max_items", read_max_items, 0 },
	{ "agent_timeout_secs", read_agent_timeout, 0 },
	{ "conflict_timeout", read_conflict_timeout, 0 },
	{ "timeout_per_agent", read_old_timeout, 0 },
	{ NULL, NULL, 0 },
};

static void
require(struct load *load, const struct yaml_node *map, const char *key,
    const char *what)
{
	const struct yaml_node *value = yaml_find(map, key);
	if (value == NULL)
		load_error(load, map, "'%s' is missing: %s", key, what);
	else if (value->kind == YAML_KIND_SCALAR && !yaml_is_null(value) &&
	    value->len == 0)
		load_error(load, value, "'%s' is empty: %s", key, what);
}

void
load_map_block(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const unsupported[] = {
		"timeout_config",
		"retry_on_failure",
		"timeout",
		"variables",
		"executor",
		"error_policy",
		"on_item_failure",
		"continue_on_failure",
		"max_failures",
		"failure_threshold",
		"retry_config",
		NULL,
	};
	/* Items that nobody wanted cost a night. */
	struct load_table table = { .fields = map_fields,
		.target = target,
		.unsupported = unsupported,
		.is_strict = true };
	if (!load_is_kind(load, node, YAML_KIND_MAP,
		"a map with input and agent_template"))
		return;
	load_map(load, node, &table, 1);
	require(load, node, "input", "a file of items, a command, or a list");
	if (yaml_find(node, "agent_template") == NULL)
		load_error(load, node,
		    "'agent_template' is missing: the steps of an agent");
}

const struct load_keys load_phase_keys[] = {
	{ "capture_outputs", output_fields },
	{ "phase", phase_fields },
	{ "phase", setup_fields },
	{ "agent_template", template_fields },
	{ "map", map_fields },
	{ NULL, NULL },
};
