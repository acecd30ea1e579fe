/* SPDX-License-Identifier: MIT */
/* Steps that are names of slash commands. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "workflow/load_slash.h"

/* The one command that was not expected to commit. */
#define NO_COMMIT_COMMAND "prodigy-lint"
#define BLANKS " \t\r\n"

/* Whether a slash command has to commit when the file does not say. */
static bool
commits_by_default(const char *command)
{
	const char *name = command + (*command == '/');
	const size_t len = strcspn(name, BLANKS);
	return len != strlen(NO_COMMIT_COMMAND) ||
	    strncmp(name, NO_COMMIT_COMMAND, len) != 0;
}

void
load_slash_text(
    struct load *load, const struct yaml_node *node, struct step *step)
{
	autofree char *copy = mem_text(node->text);
	const char *text = text_trim(copy);
	if (!*text || yaml_type(node) != YAML_TYPE_TEXT) {
		load_expected(load, node, "a step");
		return;
	}
	step->kind = STEP_CLAUDE;
	step->command = mem_format("%s%s", *text == '/' ? "" : "/", text);
	step->commit_required = commits_by_default(text);
}

static void
add_option(
    struct load *load, const struct yaml_entry *entry, struct str *command)
{
	const struct yaml_node *value = entry->value;
	const char *name = entry->key->text;
	const bool boolean = value->kind == YAML_KIND_SCALAR &&
	    yaml_type(value) == YAML_TYPE_BOOL;
	if (value->kind != YAML_KIND_SCALAR)
		load_expected(load, value, "text");
	else if (yaml_is_null(value) || (boolean && value->text[0] == 't'))
		str_format(command, " --%s", name);
	else if (!boolean)
		str_format(command, " --%s=%s", name, value->text);
}

static void
add_arguments(
    struct load *load, const struct yaml_node *map, struct str *command)
{
	const struct yaml_node *args = yaml_find(map, "args");
	const struct yaml_node *options = yaml_find(map, "options");
	autostrv struct strv words = { 0 };
	if (args != NULL) {
		const size_t before = load_enter_key(load, "args");
		load_texts(load, args, &words);
		load_leave(load, before);
	}
	for (size_t i = 0; i < words.n; i++)
		str_format(command, " %s", words.items[i]);
	if (options == NULL)
		return;
	const size_t before = load_enter_key(load, "options");
	if (load_is_kind(load, options, YAML_KIND_MAP, "a map of options")) {
		for (size_t i = 0; i < options->n; i++)
			add_option(load, &options->entries[i], command);
	}
	load_leave(load, before);
}

static bool
says_commit_required(const struct yaml_node *map)
{
	const struct yaml_node *metadata = yaml_find(map, "metadata");
	return yaml_find(map, "commit_required") != NULL ||
	    (metadata != NULL &&
		yaml_find(metadata, "commit_required") != NULL);
}

void
load_slash_map(
    struct load *load, const struct yaml_node *map, struct step *step)
{
	static const char label_only[] =
	    "a step needs a command: a label ('name') alone runs nothing";
	struct str command = { 0 };
	const char *name = step->command != NULL ? step->command : step->name;
	if (step->command == NULL &&
	    (!*name || name[strcspn(name, BLANKS)] != '\0')) {
		load_error(load, map, "%s", label_only);
		return;
	}
	str_format(&command, "%s%s", *name == '/' ? "" : "/", name);
	add_arguments(load, map, &command);
	if (!says_commit_required(map))
		step->commit_required = commits_by_default(name);
	step->kind = STEP_CLAUDE;
	if (step->command == NULL) {
		/* The name was the command, not a label. */
		free(step->name);
		step->name = NULL;
	}
	free(step->command);
	step->command = str_take(&command);
}

static void
read_timeout(struct load *load, const struct yaml_node *node, void *target)
{
	struct step *step = target;
	load_timeout(load, node, &step->timeout_ms, &step->timeout_variable);
}

static const struct load_field metadata_fields[] = {
	{ "commit_required", load_bool,
	    offsetof(struct step, commit_required) },
	{ "continue_on_error", load_bool,
	    offsetof(struct step, continue_on_error) },
	{ "timeout", read_timeout, 0 },
	{ "env", load_env, offsetof(struct step, env) },
	{ NULL, NULL, 0 },
};

const struct load_keys load_slash_keys[] = {
	{ "metadata", metadata_fields },
	{ NULL, NULL },
};

void
load_metadata(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const unsupported[] = { "retries", NULL };
	struct load_table table = { .fields = metadata_fields,
		.target = target,
		.unsupported = unsupported };
	if (load_is_kind(load, node, YAML_KIND_MAP, "a map"))
		load_map(load, node, &table, 1);
}
