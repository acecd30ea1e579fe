/* SPDX-License-Identifier: MIT */
/* Steps of a workflow file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflow/load.h"

#define NAME_CHARACTERS                                                        \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* The commands that a map gives; a step has one of them. */
struct command_form {
	char *claude;
	char *shell;
	char *test;
	char *slash; /* "command": a slash command by name */
	struct write_file file;
	struct on_failure *test_failure;
	bool has_file;
	const struct yaml_node *first; /* keys in the order given */
	const struct yaml_node *second;
	const struct yaml_node *third;
};

static void
note_command(struct load *load, struct command_form *form)
{
	const struct yaml_node **slot = form->first == NULL ? &form->first
	    : form->second == NULL			    ? &form->second
							    : &form->third;
	*slot = load->key;
}

static void
read_command_text(
    struct load *load, const struct yaml_node *node, char **target)
{
	const char *text = load_scalar(load, node, "text");
	if (text != NULL && text[strspn(text, " \t\r\n")] == '\0')
		load_error(load, node, "the command is empty");
	else if (text != NULL)
		*target = mem_text(text);
}

static void
read_claude(struct load *load, const struct yaml_node *node, void *target)
{
	struct command_form *form = target;
	note_command(load, form);
	read_command_text(load, node, &form->claude);
}

static void
read_shell(struct load *load, const struct yaml_node *node, void *target)
{
	struct command_form *form = target;
	note_command(load, form);
	read_command_text(load, node, &form->shell);
}

static void
read_slash(struct load *load, const struct yaml_node *node, void *target)
{
	struct command_form *form = target;
	note_command(load, form);
	read_command_text(load, node, &form->slash);
}

static void
read_test_command(struct load *load, const struct yaml_node *node, void *target)
{
	read_command_text(load, node, target);
}

static void
read_test(struct load *load, const struct yaml_node *node, void *target)
{
	static const struct load_field fields[] = {
		{ "command", read_test_command,
		    offsetof(struct command_form, test) },
		{ "on_failure", load_on_failure,
		    offsetof(struct command_form, test_failure) },
		{ NULL, NULL, 0 },
	};
	struct command_form *form = target;
	struct load_table table = { fields, form, 0 };
	note_command(load, form);
	load_warn(load, load->key, "deprecated: write 'shell'");
	if (node->kind == YAML_KIND_SCALAR) {
		read_command_text(load, node, &form->test);
		return;
	}
	if (!load_is_kind(load, node, YAML_KIND_MAP, "a map with a command"))
		return;
	load_map(load, node, &table, 1);
	if (yaml_find(node, "command") == NULL)
		load_error(load, node, "'command' is missing");
}

static void
read_write_file(struct load *load, const struct yaml_node *node, void *target)
{
	struct command_form *form = target;
	note_command(load, form);
	form->has_file = true;
	load_write_file(load, node, &form->file);
}

/* A command of the language that is not built: still the step's command. */
static void
read_other_command(
    struct load *load, const struct yaml_node *node, void *target)
{
	note_command(load, target);
	load_unsupported(load, node, target);
}

static void
read_goal_seek(struct load *load, const struct yaml_node *node, void *target)
{
	(void)node;
	note_command(load, target);
	load_error(load, load->key,
	    "this is not in the language any more: use validate");
}

static const struct load_field command_fields[] = {
	{ "claude", read_claude, 0 },
	{ "shell", read_shell, 0 },
	{ "write_file", read_write_file, 0 },
	{ "test", read_test, 0 },
	{ "command", read_slash, 0 },
	{ "goal_seek", read_goal_seek, 0 },
	{ "foreach", read_other_command, 0 },
	{ "analyze", read_other_command, 0 },
	{ "handler", read_other_command, 0 },
	{ "workflow", read_other_command, 0 },
	{ "use", read_other_command, 0 },
	{ NULL, NULL, 0 },
};

static void
read_id(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "text");
	if (text != NULL &&
	    (!*text || text[strspn(text, NAME_CHARACTERS)] != '\0'))
		load_error(
		    load, node, "an id has letters, digits, '-' and '_' only");
	else if (text != NULL)
		load_text(load, node, target);
}

/* capture_output: true asks for what every step gives anyhow. */
static void
read_capture(struct load *load, const struct yaml_node *node, void *target)
{
	struct capture *capture = target;
	if (node->kind == YAML_KIND_SCALAR && yaml_type(node) == YAML_TYPE_BOOL)
		return;
	const char *text = load_scalar(load, node, "text");
	if (text == NULL)
		return;
	if (!*text || text[strspn(text, NAME_CHARACTERS ".")] != '\0')
		load_error(load, node,
		    "a variable's name has letters, digits, '-', '_' and '.' "
		    "only");
	else if (capture->name != NULL && strcmp(capture->name, text) != 0)
		load_error(load, node,
		    "the step has another variable already: '%s'",
		    capture->name);
	else if (capture->name == NULL)
		capture->name = mem_text(text);
}

static void
read_capture_format(
    struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "string", "json", "lines",
		"number", "boolean", NULL };
	struct capture *capture = target;
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		capture->format = (enum capture_format)choice;
}

static void
read_capture_streams(
    struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "stdout", "stderr", "both", NULL };
	static const struct load_field fields[] = {
		{ "stdout", load_bool, offsetof(struct capture, out) },
		{ "stderr", load_bool, offsetof(struct capture, err) },
		{ "exit_code", load_bool, offsetof(struct capture, exit_code) },
		{ "success", load_bool, offsetof(struct capture, success) },
		{ "duration", load_bool, offsetof(struct capture, duration) },
		{ NULL, NULL, 0 },
	};
	struct capture *capture = target;
	struct load_table table = { fields, capture, 0 };
	unsigned choice = 0;
	if (node->kind != YAML_KIND_SCALAR) {
		if (load_is_kind(load, node, YAML_KIND_MAP, "a map of streams"))
			load_map(load, node, &table, 1);
	} else if (load_choice(load, node, names, &choice)) {
		capture->out = choice != 1;
		capture->err = choice != 0;
	}
}

static void
read_step_timeout(struct load *load, const struct yaml_node *node, void *target)
{
	struct step *step = target;
	load_timeout(load, node, &step->timeout_ms, &step->timeout_variable);
}

const struct load_field load_step_options[] = {
	{ "name", load_text, offsetof(struct step, name) },
	{ "id", read_id, offsetof(struct step, id) },
	{ "description", load_ignored, 0 },
	{ "timeout", read_step_timeout, 0 },
	{ "capture", read_capture, offsetof(struct step, capture) },
	{ "capture_output", read_capture, offsetof(struct step, capture) },
	{ "capture_format", read_capture_format,
	    offsetof(struct step, capture) },
	{ "capture_streams", read_capture_streams,
	    offsetof(struct step, capture) },
	{ "on_failure", load_on_failure, offsetof(struct step, on_failure) },
	{ "commit_required", load_bool,
	    offsetof(struct step, commit_required) },
	{ "env", load_env, offsetof(struct step, env) },
	{ "working_dir", load_text, offsetof(struct step, working_dir) },
	{ "cwd", load_text, offsetof(struct step, working_dir) },
	{ "when", load_condition, offsetof(struct step, when) },
	{ "continue_on_error", load_bool,
	    offsetof(struct step, continue_on_error) },
	{ "allow_failure", load_bool,
	    offsetof(struct step, continue_on_error) },
	{ "temporary", load_ignored, 0 },
	{ "args", load_ignored, 0 }, /* see load_slash_map() */
	{ "options", load_ignored, 0 },
	{ "metadata", load_metadata, 0 },
	{ "analysis", load_without_effect, 0 },
	{ "validate", load_unsupported, 0 },
	{ "retry", load_unsupported, 0 },
	{ "retry_config", load_unsupported, 0 },
	{ "auto_commit", load_unsupported, 0 },
	{ "commit_config", load_unsupported, 0 },
	{ "on_success", load_unsupported, 0 },
	{ "on_exit_code", load_unsupported, 0 },
	{ "output_file", load_unsupported, 0 },
	{ "outputs", load_unsupported, 0 },
	{ "step_validate", load_unsupported, 0 },
	{ "skip_validation", load_unsupported, 0 },
	{ "validation_timeout", load_unsupported, 0 },
	{ "ignore_validation_failure", load_unsupported, 0 },
	{ "clear_env", load_unsupported, 0 },
	{ "with", load_unsupported, 0 },
	{ "depends_on", load_unsupported, 0 },
	{ "parallel", load_unsupported, 0 },
	{ "executor", load_unsupported, 0 },
	{ NULL, NULL, 0 },
};

struct step *
load_new_step(
    struct steps *steps, const struct yaml_node *node, enum step_kind kind)
{
	struct step *step = steps_add(steps);
	step->kind = kind;
	step->line = node->place.line;
	step->column = node->place.column;
	return step;
}

/* Exactly one command, or shell and claude where a pair is allowed. */
static void
check_commands(struct load *load, const struct command_form *form, bool pair,
    bool has_options)
{
	if (form->second != NULL &&
	    (!pair || form->claude == NULL || form->shell == NULL ||
		form->third != NULL))
		load_error(load, form->second,
		    "a step has one command: '%s' and '%s' are given",
		    form->first->text, form->second->text);
	else if (form->second != NULL && has_options)
		load_error(load, form->second,
		    "options of a step cannot stand beside both '%s' and "
		    "'%s': write a list of commands",
		    form->first->text, form->second->text);
}

/* Takes what form holds into step. */
static void
take_command(struct step *step, struct command_form *form)
{
	if (form->has_file) {
		step->kind = STEP_WRITE_FILE;
		step->file = form->file;
		form->file = (struct write_file){ 0 };
		return;
	}
	char **from = form->shell != NULL ? &form->shell
	    : form->test != NULL	  ? &form->test
					  : &form->claude;
	step->kind = from == &form->claude ? STEP_CLAUDE : STEP_SHELL;
	step->command = *from;
	*from = NULL;
}

static void
take_test_failure(
    struct load *load, struct step *step, struct command_form *form)
{
	if (form->test_failure != NULL && step->on_failure != NULL)
		load_error(load, form->first,
		    "on_failure is given twice, in 'test' and beside it");
	else if (form->test_failure != NULL) {
		step->on_failure = form->test_failure;
		form->test_failure = NULL;
	}
}

static void
release_form(struct command_form *form)
{
	free(form->claude);
	free(form->shell);
	free(form->test);
	free(form->slash);
	free(form->file.path);
	free(form->file.content);
	on_failure_free(form->test_failure);
}

/* Arguments belong to slash commands given by name. */
static void
warn_arguments(struct load *load, const struct yaml_node *map)
{
	static const char *const keys[] = { "args", "options" };
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct yaml_node *value = yaml_find(map, keys[i]);
		if (value != NULL)
			load_warn(load, value,
			    "'%s' has no effect beside a command", keys[i]);
	}
}

static void
finish_step(struct load *load, const struct yaml_node *map, struct step *step,
    struct command_form *form, unsigned unknown)
{
	if (form->slash != NULL) {
		step->command = form->slash;
		form->slash = NULL;
		load_slash_map(load, map, step);
	} else if (form->first != NULL) {
		take_command(step, form);
		warn_arguments(load, map);
	} else if (step->name != NULL && unknown == 0)
		load_slash_map(load, map, step);
	else
		load_error(load, map,
		    "a step needs a command: claude, shell or write_file");
	take_test_failure(load, step, form);
}

void
load_step_map(struct load *load, const struct yaml_node *map,
    const struct load_table *rule, struct steps *steps)
{
	struct command_form form = { 0 };
	struct step *step = load_new_step(steps, map, STEP_SHELL);
	struct load_table tables[3] = { { command_fields, &form, 0 } };
	size_t n = 1;
	if (rule != NULL)
		tables[n++] = *rule;
	tables[n++] = (struct load_table){ load_step_options, step, 0 };
	const unsigned unknown = load_map(load, map, tables, n);
	check_commands(load, &form, rule != NULL, tables[n - 1].hits > 0);
	finish_step(load, map, step, &form, unknown);
	if (form.claude != NULL && step->kind == STEP_SHELL)
		take_command(load_new_step(steps, map, STEP_CLAUDE), &form);
	release_form(&form);
}

void
load_steps(struct load *load, const struct yaml_node *node, void *target)
{
	struct steps *steps = target;
	if (!load_is_kind(load, node, YAML_KIND_LIST, "a list of steps"))
		return;
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *item = node->items[i];
		const size_t before = load_enter_index(load, i);
		if (item->kind == YAML_KIND_MAP)
			load_step_map(load, item, NULL, steps);
		else if (item->kind == YAML_KIND_SCALAR)
			load_slash_text(load, item, steps);
		else
			load_expected(load, item, "a step");
		load_leave(load, before);
	}
}
