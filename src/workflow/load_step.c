/* SPDX-License-Identifier: MIT */
/* Steps of a workflow file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "workflow/load_slash.h"
#include "workflow/load_step.h"
#include "workflow/load_value.h"

#define BLANKS " \t\r\n"
#define DEFAULT_MODE 0644u
#define MODE_LIMIT 0777u
#define NAME_CHARACTERS                                                        \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* A failure of a step has steps of its own. */
static void read_on_failure(
    struct load *load, const struct yaml_node *node, void *target);
static void read_step_map(struct load *load, const struct yaml_node *map,
    const struct load_table *rule, struct steps *steps);

/* A new step of this kind at the place of node. */
static struct step *
new_step(struct steps *steps, const struct yaml_node *node, enum step_kind kind)
{
	struct step *step = steps_add(steps);
	step->kind = kind;
	step->line = node->place.line;
	step->column = node->place.column;
	return step;
}

/* --- write_file ------------------------------------------------------- */

static bool
climbs(const char *path)
{
	while (*path) {
		const size_t len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += len;
		path += strspn(path, "/");
	}
	return false;
}

static void
read_file_path(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "text");
	if (text == NULL)
		return;
	if (!*text)
		load_error(load, node, "the path is empty");
	else if (climbs(text))
		load_error(load, node, "a path with '..' is not allowed");
	else
		*(char **)target = mem_text(text);
}

static void
read_file_format(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "text", "json", "yaml", NULL };
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		*(enum write_format *)target = (enum write_format)choice;
}

static void
read_file_mode(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "text");
	unsigned long mode = 0;
	if (text == NULL)
		return;
	if (*text && text[strspn(text, "01234567")] == '\0')
		mode = strtoul(text, NULL, 8);
	else
		mode = MODE_LIMIT + 1;
	if (mode > MODE_LIMIT)
		load_expected(load, node, "permissions in octal up to 0777");
	else
		*(unsigned *)target = (unsigned)mode;
}

static const struct load_field file_fields[] = {
	{ "path", read_file_path, offsetof(struct write_file, path) },
	{ "content", load_text, offsetof(struct write_file, content) },
	{ "format", read_file_format, offsetof(struct write_file, format) },
	{ "mode", read_file_mode, offsetof(struct write_file, mode) },
	{ "create_dirs", load_bool, offsetof(struct write_file, create_dirs) },
	{ NULL, NULL, 0 },
};

static void
read_file(
    struct load *load, const struct yaml_node *node, struct write_file *file)
{
	struct load_table table = { .fields = file_fields, .target = file };
	file->mode = DEFAULT_MODE;
	if (!load_is_kind(
		load, node, YAML_KIND_MAP, "a map with path and content"))
		return;
	load_map(load, node, &table, 1);
	if (yaml_find(node, "path") == NULL)
		load_error(load, node, "'path' is missing");
	if (yaml_find(node, "content") == NULL)
		load_error(load, node, "'content' is missing");
}

/* --- commands --------------------------------------------------------- */

/* The commands that a map gives; a step has one of them. */
struct command_form {
	char *claude;
	char *shell;
	char *test;
	char *slash; /* "command": a slash command by name */
	struct write_file file;
	struct on_failure *test_failure;
	bool has_file;
};

static void
read_command(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "text");
	if (text != NULL && text[strspn(text, BLANKS)] == '\0')
		load_error(load, node, "the command is empty");
	else if (text != NULL)
		*(char **)target = mem_text(text);
}

static const struct load_field test_fields[] = {
	{ "command", read_command, offsetof(struct command_form, test) },
	{ "on_failure", read_on_failure,
	    offsetof(struct command_form, test_failure) },
	{ NULL, NULL, 0 },
};

static void
read_test(struct load *load, const struct yaml_node *node, void *target)
{
	struct command_form *form = target;
	struct load_table table = { .fields = test_fields, .target = form };
	load_warn(load, load->key, "deprecated: write 'shell'");
	if (node->kind == YAML_KIND_SCALAR) {
		read_command(load, node, &form->test);
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
	form->has_file = true;
	read_file(load, node, &form->file);
}

static void
read_goal_seek(struct load *load, const struct yaml_node *node, void *target)
{
	(void)node;
	(void)target;
	load_error(load, load->key,
	    "this is not in the language any more; validate, "
	    "which replaces it, is not supported yet");
}

static const struct load_field command_fields[] = {
	{ "claude", read_command, offsetof(struct command_form, claude) },
	{ "shell", read_command, offsetof(struct command_form, shell) },
	{ "write_file", read_write_file, 0 },
	{ "test", read_test, 0 },
	{ "command", read_command, offsetof(struct command_form, slash) },
	{ "goal_seek", read_goal_seek, 0 },
	{ NULL, NULL, 0 },
};

static const char *const commands_to_come[] = { "foreach", "analyze", "handler",
	"workflow", "use", NULL };

static bool
is_command_key(const char *key)
{
	for (size_t i = 0; command_fields[i].key != NULL; i++)
		if (strcmp(command_fields[i].key, key) == 0)
			return true;
	for (size_t i = 0; commands_to_come[i] != NULL; i++)
		if (strcmp(commands_to_come[i], key) == 0)
			return true;
	return false;
}

/* The index-th key of a map that is a command; there must be so many. */
static const struct yaml_node *
command_key(const struct yaml_node *map, size_t index)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *key = map->entries[i].key;
		if (is_command_key(key->text) && index-- == 0)
			return key;
	}
	BUG("a map with fewer commands");
}

/* --- options ---------------------------------------------------------- */

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
	static const char rule[] =
	    "a variable's name has letters, digits, '-', '_' and '.' only";
	struct capture *capture = target;
	if (node->kind == YAML_KIND_SCALAR && yaml_type(node) == YAML_TYPE_BOOL)
		return;
	const char *text = load_scalar(load, node, "text");
	if (text == NULL)
		return;
	if (!*text || text[strspn(text, NAME_CHARACTERS ".")] != '\0')
		load_error(load, node, "%s", rule);
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

static const struct load_field stream_fields[] = {
	{ "stdout", load_bool, offsetof(struct capture, out) },
	{ "stderr", load_bool, offsetof(struct capture, err) },
	{ "exit_code", load_bool, offsetof(struct capture, exit_code) },
	{ "success", load_bool, offsetof(struct capture, success) },
	{ "duration", load_bool, offsetof(struct capture, duration) },
	{ NULL, NULL, 0 },
};

static void
read_capture_streams(
    struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "stdout", "stderr", "both", NULL };
	struct capture *capture = target;
	struct load_table table = { .fields = stream_fields,
		.target = capture };
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

static const struct load_field option_fields[] = {
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
	{ "on_failure", read_on_failure, offsetof(struct step, on_failure) },
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
	{ NULL, NULL, 0 },
};

static const char *const options_to_come[] = {
	"validate",
	"retry",
	"retry_config",
	"auto_commit",
	"commit_config",
	"on_success",
	"on_exit_code",
	"output_file",
	"outputs",
	"step_validate",
	"skip_validation",
	"validation_timeout",
	"ignore_validation_failure",
	"clear_env",
	"with",
	"depends_on",
	"parallel",
	"executor",
	NULL,
};

/* --- on_failure ------------------------------------------------------- */

/* An on_failure map while it is read. */
struct rule_form {
	struct on_failure rule;
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
	    new_step(steps, node, slash ? STEP_CLAUDE : STEP_SHELL);
	step->command = mem_text(slash ? start : text);
}

static void
read_handlers(struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	struct steps *steps = &form->rule.commands;
	form->rule.from_commands = true;
	if (!load_is_kind(load, node, YAML_KIND_LIST, "a list of commands"))
		return;
	if (node->n == 0)
		load_error(load, node, "the list is empty");
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *item = node->items[i];
		const size_t before = load_enter_index(load, i);
		if (item->kind == YAML_KIND_MAP)
			read_step_map(load, item, NULL, steps);
		else
			add_handler_text(load, item, steps);
		load_leave(load, before);
	}
}

static void
read_rule_attempts(
    struct load *load, const struct yaml_node *node, void *target)
{
	struct rule_form *form = target;
	unsigned value = 0;
	if (form->rule.max_attempts > 0) {
		load_error(load, load->key,
		    "this was given before under another name");
		return;
	}
	const size_t errors = load->n_errors;
	load_unsigned(load, node, &value);
	if (value == 0 && load->n_errors == errors)
		load_error(load, node, "must be at least 1");
	form->rule.max_attempts = value;
}

static void
read_rule_strategy(
    struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "recovery", "fallback", "cleanup",
		NULL };
	struct rule_form *form = target;
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		form->rule.strategy = (enum handler_strategy)choice;
}

static void
read_rule_retry(struct load *load, const struct yaml_node *node, void *target)
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
	    load, node, &form->rule.timeout_ms, &form->rule.timeout_variable);
}

/* Beside a command, what else there is belongs to the command's step. */
static const struct load_field rule_fields[] = {
	{ "max_attempts", read_rule_attempts, 0 },
	{ "max_retries", read_rule_attempts, 0 },
	{ "retry_original", read_rule_retry, 0 },
	{ "fail_workflow", load_bool,
	    offsetof(struct rule_form, rule.fail_workflow) },
	{ "handler_failure_fatal", load_bool,
	    offsetof(struct rule_form, rule.handler_failure_fatal) },
	{ "commit_required", load_bool,
	    offsetof(struct rule_form, rule.commit_required) },
	{ "strategy", read_rule_strategy, 0 },
	{ NULL, NULL, 0 },
};

/* Beside a list of commands, in addition. */
static const struct load_field rule_list_fields[] = {
	{ "commands", read_handlers, 0 },
	{ "timeout", read_rule_timeout, 0 },
	{ "capture", load_without_effect, 0 },
	{ NULL, NULL, 0 },
};

static void
read_rule(
    struct load *load, const struct yaml_node *node, struct on_failure *rule)
{
	struct rule_form form = { 0 };
	struct load_table tables[] = {
		{ .fields = rule_fields, .target = &form },
		{ .fields = rule_list_fields, .target = &form },
	};
	if (yaml_find(node, "commands") != NULL)
		load_map(load, node, tables, COUNT_OF(tables));
	else
		read_step_map(load, node, &tables[0], &form.rule.commands);
	/* The old switch says no more than once more, or not again. */
	if (form.has_retry && form.rule.max_attempts == 0)
		form.rule.max_attempts = form.retry_original ? 2 : 1;
	*rule = form.rule;
}

static void
read_rule_list(
    struct load *load, const struct yaml_node *node, struct on_failure *rule)
{
	struct rule_form form = { 0 };
	read_handlers(load, node, &form);
	*rule = form.rule;
	rule->from_commands = false;
	rule->bare = true;
}

static void
read_rule_scalar(
    struct load *load, const struct yaml_node *node, struct on_failure *rule)
{
	if (yaml_type(node) == YAML_TYPE_BOOL) {
		load_bool(load, node, &rule->ignore);
		return;
	}
	add_handler_text(load, node, &rule->commands);
	rule->bare = true;
}

static void
read_on_failure(struct load *load, const struct yaml_node *node, void *target)
{
	struct on_failure **slot = target;
	struct on_failure *rule = mem_zalloc(sizeof(*rule));
	switch (node->kind) {
	case YAML_KIND_SCALAR:
		read_rule_scalar(load, node, rule);
		break;
	case YAML_KIND_LIST:
		read_rule_list(load, node, rule);
		break;
	case YAML_KIND_MAP:
		read_rule(load, node, rule);
		break;
	}
	/* "on_failure: false" is the default. */
	if (rule->ignore || rule->commands.n > 0)
		*slot = rule;
	else
		on_failure_free(rule);
}

/* --- a step ----------------------------------------------------------- */

/* Notes a second command, unless the two are an allowed pair. */
static void
check_commands(struct load *load, const struct yaml_node *map,
    const struct command_form *form, unsigned n, bool pair, bool has_options)
{
	if (n < 2)
		return;
	const char *first = command_key(map, 0)->text;
	const struct yaml_node *second = command_key(map, 1);
	if (!pair || form->claude == NULL || form->shell == NULL || n > 2)
		load_error(load, second,
		    "a step has one command: '%s' and '%s' are given", first,
		    second->text);
	else if (has_options)
		load_error(load, second,
		    "options of a step cannot stand beside both '%s' and "
		    "'%s': write a list of commands",
		    first, second->text);
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
take_test_failure(struct load *load, const struct yaml_node *map,
    struct step *step, struct command_form *form)
{
	if (form->test_failure != NULL && step->on_failure != NULL)
		load_error(load, command_key(map, 0),
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
	record_release(&write_file_table, &form->file);
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
    struct command_form *form, const struct load_table *commands,
    unsigned unknown)
{
	if (form->slash != NULL) {
		step->command = form->slash;
		form->slash = NULL;
		load_slash_map(load, map, step);
	} else if (commands->hits > 0) {
		take_command(step, form);
		warn_arguments(load, map);
	} else if (step->name != NULL && unknown == 0)
		load_slash_map(load, map, step);
	else
		load_error(load, map,
		    "a step needs a command: claude, shell or write_file");
	take_test_failure(load, map, step, form);
}

/*
 * Reads a map as a step and adds it. rule, if not NULL, is a table that comes
 * first, and shell and claude may then stand side by side, as two steps.
 */
static void
read_step_map(struct load *load, const struct yaml_node *map,
    const struct load_table *rule, struct steps *steps)
{
	struct command_form form = { 0 };
	struct step *step = new_step(steps, map, STEP_SHELL);
	struct load_table tables[3] = {
		{ .fields = command_fields,
		    .target = &form,
		    .unsupported = commands_to_come },
	};
	size_t n = 1;
	if (rule != NULL)
		tables[n++] = *rule;
	tables[n++] = (struct load_table){ .fields = option_fields,
		.target = step,
		.unsupported = options_to_come };
	const unsigned unknown = load_map(load, map, tables, n);
	check_commands(load, map, &form, tables[0].hits, rule != NULL,
	    tables[n - 1].hits > 0);
	finish_step(load, map, step, &form, &tables[0], unknown);
	if (form.claude != NULL && step->kind == STEP_SHELL)
		take_command(new_step(steps, map, STEP_CLAUDE), &form);
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
			read_step_map(load, item, NULL, steps);
		else if (item->kind == YAML_KIND_SCALAR)
			load_slash_text(
			    load, item, new_step(steps, item, STEP_CLAUDE));
		else
			load_expected(load, item, "a step");
		load_leave(load, before);
	}
}

const struct load_keys load_step_keys[] = {
	{ "step", command_fields },
	{ "step", option_fields },
	{ "test", test_fields },
	{ "write_file", file_fields },
	{ "capture_streams", stream_fields },
	{ "on_failure", rule_fields },
	{ "on_failure", rule_list_fields },
	{ NULL, NULL },
};
