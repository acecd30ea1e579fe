/* SPDX-License-Identifier: MIT */
/* on_failure in all its shapes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "workflow/load.h"

/* An on_failure map while it is read. */
struct rule_form {
	struct on_failure *rule;
	bool has_retry;
	bool retry_original;
};

static void
add_handler_text(
    struct load *load, const struct yaml_node *node, struct steps *steps)
{
	const char *text = load_scalar(load, node, "a command");
	autofree char *copy = mem_text(text);
	const char *start = copy != NULL ? text_trim(copy) : NULL;
	if (text == NULL)
		return;
	if (yaml_type(node) != YAML_TYPE_TEXT) {
		load_expected(load, node, "a command");
		return;
	}
	if (!*start) {
		load_error(load, node, "the command is empty");
		return;
	}
	const bool slash = *start == '/';
	struct step *step =
	    load_new_step(steps, node, slash ? STEP_CLAUDE : STEP_SHELL);
	step->command = mem_text(slash ? start : text);
}

static void
read_handlers(struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	struct steps *steps = &form->rule->commands;
	form->rule->from_commands = true;
	if (!load_is_kind(load, node, YAML_KIND_LIST, "a list of commands"))
		return;
	if (node->n == 0)
		load_error(load, node, "the list is empty");
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *item = node->items[i];
		const size_t before = load_enter_index(load, i);
		if (item->kind == YAML_KIND_MAP)
			load_step_map(load, item, NULL, steps);
		else
			add_handler_text(load, item, steps);
		load_leave(load, before);
	}
}

static void
read_max_attempts(struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	unsigned value = 0;
	if (form->rule->max_attempts > 0) {
		load_error(load, load->key,
		    "this was given before under another name");
		return;
	}
	const size_t errors = load->n_errors;
	load_unsigned(load, node, &value);
	if (value == 0 && load->n_errors == errors)
		load_error(load, node, "must be at least 1");
	form->rule->max_attempts = value;
}

static void
read_strategy(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "recovery", "fallback", "cleanup",
		NULL };
	struct rule_form *form = target;
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		form->rule->strategy = (enum handler_strategy)choice;
}

static void
read_retry_original(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	form->has_retry = true;
	load_bool(load, node, &form->retry_original);
}

static void
read_rule_timeout(struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	load_timeout(
	    load, node, &form->rule->timeout_ms, &form->rule->timeout_variable);
}

static void
read_fail_workflow(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	load_bool(load, node, &form->rule->fail_workflow);
}

static void
read_fatal(struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	load_bool(load, node, &form->rule->handler_failure_fatal);
}

static void
read_commit_required(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	load_bool(load, node, &form->rule->commit_required);
}

/* Beside a command, what else there is belongs to the command's step. */
static const struct load_field rule_fields[] = {
	{ "max_attempts", read_max_attempts, 0 },
	{ "max_retries", read_max_attempts, 0 },
	{ "retry_original", read_retry_original, 0 },
	{ "fail_workflow", read_fail_workflow, 0 },
	{ "handler_failure_fatal", read_fatal, 0 },
	{ "commit_required", read_commit_required, 0 },
	{ "strategy", read_strategy, 0 },
	{ NULL, NULL, 0 },
};

/* Beside a list of commands, in addition. */
static const struct load_field commands_fields[] = {
	{ "commands", read_handlers, 0 },
	{ "timeout", read_rule_timeout, 0 },
	{ "capture", load_without_effect, 0 },
	{ NULL, NULL, 0 },
};

static void
read_rule(
    struct load *load, const struct yaml_node *node, struct on_failure *rule)
{
	struct rule_form form = { rule, false, false };
	struct load_table tables[] = {
		{ rule_fields, &form, 0 },
		{ commands_fields, &form, 0 },
	};
	if (yaml_find(node, "commands") != NULL)
		load_map(load, node, tables, COUNT_OF(tables));
	else
		load_step_map(load, node, &tables[0], &rule->commands);
	/* the old switch says no more than once more, or not again */
	if (form.has_retry && rule->max_attempts == 0)
		rule->max_attempts = form.retry_original ? 2 : 1;
}

static void
read_list(
    struct load *load, const struct yaml_node *node, struct on_failure *rule)
{
	struct rule_form form = { rule, false, false };
	read_handlers(load, node, &form);
	rule->from_commands = false;
	rule->bare = true;
}

static void
read_scalar(
    struct load *load, const struct yaml_node *node, struct on_failure *rule)
{
	if (yaml_type(node) == YAML_TYPE_BOOL) {
		load_bool(load, node, &rule->ignore);
		return;
	}
	add_handler_text(load, node, &rule->commands);
	rule->bare = true;
}

void
load_on_failure(struct load *load, const struct yaml_node *node, void *target)
{
	struct on_failure **slot = target;
	struct on_failure *rule = mem_zalloc(sizeof(*rule));
	switch (node->kind) {
	case YAML_KIND_SCALAR:
		read_scalar(load, node, rule);
		break;
	case YAML_KIND_LIST:
		read_list(load, node, rule);
		break;
	case YAML_KIND_MAP:
		read_rule(load, node, rule);
		break;
	}
	/* on_failure: false is the default */
	if (rule->ignore || rule->commands.n > 0)
		*slot = rule;
	else
		on_failure_free(rule);
}
