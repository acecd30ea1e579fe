/* SPDX-License-Identifier: MIT */
/* prodigy items: the items a map would work on. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "data/json.h"
#include "git/repo.h"
#include "plan/items.h"
#include "plan/label.h"
#include "run/phases.h"

struct items_values {
	const char *path;
	const char *input;
	const char *json_path;
	const char *filter;
	const char *distinct;
	struct strv sort_by;
	struct option_number offset;
	struct option_number max_items;
};

#define AT(member) offsetof(struct items_values, member)

static const struct option_spec options[] = {
	{ "input", 0, OPTION_TEXT, AT(input), "FILE",
	    "read items from FILE (- is standard input)" },
	{ "json-path", 0, OPTION_TEXT, AT(json_path), "PATH",
	    "select items by a JSON path" },
	{ "filter", 0, OPTION_TEXT, AT(filter), "EXPR",
	    "keep items for which EXPR holds" },
	{ "sort-by", 0, OPTION_LIST, AT(sort_by), "KEYS",
	    "order, as in 'priority DESC, name'" },
	{ "distinct", 0, OPTION_TEXT, AT(distinct), "PATH",
	    "the first item of each value only" },
	{ "offset", 0, OPTION_NUMBER, AT(offset), "N",
	    "leave out the first N items" },
	{ "max-items", 0, OPTION_NUMBER, AT(max_items), "N",
	    "at most N items" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "the repository whose files the workflow names" },
};

static void
release(void *values)
{
	struct items_values *items = values;
	strv_release(&items->sort_by);
}

static bool
read_standard_input(struct str *bytes, struct error *err)
{
	for (;;) {
		char *room = str_room(bytes, 65536);
		ssize_t n = read(STDIN_FILENO, room, 65536);
		if (n < 0)
			return error_system(err, "reading standard input");
		if (n == 0)
			return true;
		str_grown(bytes, (size_t)n);
		if (bytes->len > JSON_FILE_LIMIT)
			return error_set(err, ERROR_INPUT,
			    "standard input is larger than %u bytes",
			    JSON_FILE_LIMIT);
	}
}

static void
print_items(const json_t *items, const char *name)
{
	size_t n = json_array_size(items);
	for (size_t i = 0; i < n; i++) {
		const json_t *data = json_array_get(items, i);
		autofree char *id = items_id(i);
		autofree char *label = label_make(name, NULL, data, i);
		autojson json_t *line = json_pack("{s:s, s:o, s:O}", "id", id,
		    "label", json_text(label), "data", data);
		output_json_line(line);
	}
	if (n == 0)
		log_note("no items");
}

static bool
plan(const struct str *bytes, const char *name,
    const struct items_config *config, const char *item_name, struct error *err)
{
	struct items_counts counts;
	autojson json_t *document =
	    items_parse(str_text(bytes), bytes->len, name, NULL, err);
	if (document == NULL)
		return false;
	autojson json_t *items = items_plan(document, config, &counts, err);
	if (items == NULL)
		return false;
	print_items(items, item_name);
	return true;
}

static bool
plan_options(const struct items_values *values, struct error *err)
{
	autostr struct str bytes = { 0 };
	struct items_config config = {
		.json_path = values->json_path,
		.filter = values->filter,
		.sort_by = &values->sort_by,
		.distinct = values->distinct,
		.offset = values->offset.value,
		.max_items = values->max_items.value,
		.has_max_items = values->max_items.given,
	};
	bool read = strcmp(values->input, "-") == 0
	    ? read_standard_input(&bytes, err)
	    : file_read(values->input, JSON_FILE_LIMIT, &bytes, err);
	return read && plan(&bytes, values->input, &config, NULL, err);
}

/*
 * The file that map.input names: in the repository that dir (NULL: the working
 * folder) belongs to, or else in dir itself.
 */
static char *
input_path(const char *dir, const struct map_block *map)
{
	autoerror struct error ignored = { 0 };
	struct repo repo;
	const char *start = dir == NULL ? "." : dir;
	if (!repo_find(start, &repo, &ignored))
		return path_join(start, map->input);
	char *path = path_join(repo.root, map->input);
	repo_release(&repo);
	return path;
}

static void
override(const struct items_values *values, struct items_config *config)
{
	if (values->json_path != NULL)
		config->json_path = values->json_path;
	if (values->filter != NULL)
		config->filter = values->filter;
	if (values->sort_by.n > 0)
		config->sort_by = &values->sort_by;
	if (values->distinct != NULL)
		config->distinct = values->distinct;
}

static bool
plan_workflow(const struct items_values *values,
    const struct workflow *workflow, struct error *err)
{
	autostr struct str bytes = { 0 };
	const struct map_block *map = &workflow->map;
	if (!workflow->mapreduce)
		return error_set(err, ERROR_INPUT,
		    "%s: a workflow without map has no items", workflow->path);
	struct items_config config = items_config_of(map);
	override(values, &config);
	if (workflow_input_is_document(map->input)) {
		str_add(&bytes, map->input);
		return plan(&bytes, "map.input", &config, map->item_name, err);
	}
	autofree char *path = input_path(values->path, map);
	if (!path_exists(path))
		return error_set(err, ERROR_INPUT,
		    "%s: map.input: no file '%s' yet: "
		    "it is a command, or setup makes it",
		    workflow->path, map->input);
	return file_read(path, JSON_FILE_LIMIT, &bytes, err) &&
	    plan(&bytes, map->input, &config, map->item_name, err);
}

static bool
run(struct invocation *invocation, int *status, struct error *err)
{
	const struct items_values *values = invocation->values;
	(void)status;
	if ((values->input != NULL) == (invocation->n_args > 0))
		return error_set(err, ERROR_USAGE,
		    "%s: a workflow or --input, one of both", invocation->path);
	if (values->input != NULL)
		return plan_options(values, err);
	struct workflow workflow = { 0 };
	struct run_options run_options = {
		.workflow = invocation->args[0],
		.has_max_items = values->max_items.given,
		.max_items = values->max_items.value,
		.has_offset = values->offset.given,
		.offset = values->offset.value,
	};
	bool ok = start_load(&run_options, &workflow, err) &&
	    plan_workflow(values, &workflow, err);
	workflow_release(&workflow);
	return ok;
}

const struct command cmd_items = {
	.name = "items",
	.summary = "Prints the items a map would work on, as JSON lines",
	.synopsis = "[OPTION...] WORKFLOW | --input FILE [OPTION...]",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct items_values),
	.release = release,
	.max_args = 1,
	.run = run,
};
