/* SPDX-License-Identifier: MIT */
/* What a run would do, without doing it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/frame.h"
#include "plan/items.h"
#include "plan/label.h"
#include "run/claude.h"
#include "run/dry.h"
#include "run/phases.h"
#include "run/preflight.h"

#define SHOWN_ITEMS 5

struct dry {
	const struct run_options *options;
	struct workflow workflow;
	struct repo repo;
	json_t *plan; /* the document that --json prints */
	struct str text; /* what people get */
};

static json_t *
describe_steps(struct dry *dry, const char *phase, const struct steps *steps)
{
	json_t *list = json_array();
	for (size_t i = 0; i < steps->n; i++) {
		const struct step *step = &steps->items[i];
		autofree char *command = step_display(step);
		json_t *entry = json_object();
		json_set_text(entry, "command", command);
		str_format(&dry->text, "[DRY RUN] %s: Would execute: %s\n",
		    phase, command);
		if (step->when != NULL) {
			json_set_text(entry, "when", step->when);
			str_format(
			    &dry->text, "            when: %s\n", step->when);
		}
		if (step->on_failure != NULL)
			json_object_set_new(entry, "on_failure",
			    steps_to_json(&step->on_failure->commands));
		json_array_append_new(list, entry);
	}
	return list;
}

static void
show_items(struct dry *dry, const json_t *items)
{
	json_t *sample = json_array();
	size_t n = json_array_size(items);
	str_format(&dry->text, "[DRY RUN] map: %zu items\n", n);
	for (size_t i = 0; i < n && i < SHOWN_ITEMS; i++) {
		json_t *item = json_array_get(items, i);
		autofree char *label =
		    label_make(dry->workflow.map.item_name, NULL, item, i);
		autostr struct str whole = { 0 };
		json_compact(item, &whole, true);
		str_add(&dry->text, "            ");
		if (strcmp(label, str_text(&whole)) != 0)
			str_format(&dry->text, "%s: ", label);
		str_format(&dry->text, "%s\n", str_text(&whole));
		json_array_append(sample, item);
	}
	json_object_set_new(dry->plan, "items", json_integer((json_int_t)n));
	json_object_set_new(dry->plan, "sample", sample);
}

static void
show_source(struct dry *dry, const char *name,
    const struct items_counts *counts, const struct items_config *config)
{
	autostr struct str stages = { 0 };
	items_counts_tell(counts, config, &stages);
	str_format(&dry->text, "[DRY RUN] map: %s is %s: %s\n", name,
	    items_form_name(counts->form), str_text(&stages));
	json_set_text(dry->plan, "input_form", items_form_name(counts->form));
	json_object_set_new(
	    dry->plan, "counts", record_to_json(&items_counts_table, counts));
}

static bool
plan_bytes(struct dry *dry, const char *bytes, size_t len, const char *name,
    struct error *err)
{
	struct items_config config = items_config_of(&dry->workflow.map);
	struct items_counts counts = { 0 };
	enum items_form form;
	autojson json_t *document = items_parse(bytes, len, name, &form, err);
	if (document == NULL)
		return false;
	autojson json_t *items = items_plan(document, &config, &counts, err);
	if (items == NULL)
		return error_wrap(err, "%s: map", dry->workflow.path);
	counts.form = form;
	show_source(dry, name, &counts, &config);
	show_items(dry, items);
	return true;
}

static bool
plan_file(struct dry *dry, const char *path, struct error *err)
{
	autostr struct str bytes = { 0 };
	return file_read(path, JSON_FILE_LIMIT, &bytes, err) &&
	    plan_bytes(
		dry, str_text(&bytes), bytes.len, dry->workflow.map.input, err);
}

/* A file that is there now is planned; all else is known at run time only. */
static bool
describe_map(struct dry *dry, struct error *err)
{
	const struct map_block *map = &dry->workflow.map;
	autofree char *path = path_join(dry->repo.root, map->input);
	str_format(&dry->text, "[DRY RUN] map: at most %u agents at once\n",
	    dry->options->max_parallel > 0 ? dry->options->max_parallel
					   : map->max_parallel);
	json_object_set_new(dry->plan, "agent_template",
	    describe_steps(dry, "agent", &map->agent_template));
	if (workflow_input_is_document(map->input))
		return plan_bytes(
		    dry, map->input, strlen(map->input), "map.input", err);
	if (path_exists(path) && !path_is_dir(path))
		return plan_file(dry, path, err);
	const char *when = dry->workflow.setup.steps.n > 0
	    ? "known after setup"
	    : "known when the run begins";
	str_format(&dry->text, "[DRY RUN] map: items of '%s' are %s\n",
	    map->input, when);
	json_set_text(dry->plan, "items", when);
	return true;
}

static bool
describe(struct dry *dry, struct error *err)
{
	const struct workflow *workflow = &dry->workflow;
	str_format(&dry->text, "[DRY RUN] workflow %s in %s\n", workflow->name,
	    dry->repo.root);
	json_set_text(dry->plan, "workflow", workflow->name);
	json_set_text(dry->plan, "repository", dry->repo.root);
	json_set_text(dry->plan, "merge_target", dry->repo.branch);
	if (!workflow->mapreduce) {
		json_object_set_new(dry->plan, "commands",
		    describe_steps(dry, "step", &workflow->commands));
	} else {
		json_object_set_new(dry->plan, "setup",
		    describe_steps(dry, "setup", &workflow->setup.steps));
		if (!describe_map(dry, err))
			return false;
		json_object_set_new(dry->plan, "reduce",
		    describe_steps(dry, "reduce", &workflow->reduce.steps));
	}
	json_object_set_new(dry->plan, "merge",
	    describe_steps(dry, "merge", &workflow->merge.steps));
	str_format(&dry->text,
	    "[DRY RUN] result: branch %s, merged only "
	    "with consent; nothing was changed\n",
	    dry->repo.branch == NULL ? "(HEAD is detached)" : dry->repo.branch);
	return true;
}

static void
add_warning(struct dry *dry, const char *text)
{
	json_t *warnings = json_object_get(dry->plan, "warnings");
	json_array_append_new(warnings, json_text(text));
	log_warn("%s", text);
}

/* What a run would warn of, or would not begin for. */
static void
warn(struct dry *dry, const struct preflight *preflight)
{
	autostrv struct strv warnings = { 0 };
	autoerror struct error refusal = { 0 };
	json_object_set_new(dry->plan, "warnings", json_array());
	if (!preflight_look(preflight, &warnings, &refusal))
		add_warning(dry, error_text(&refusal));
	for (size_t i = 0; i < warnings.n; i++)
		add_warning(dry, warnings.items[i]);
}

static bool
look_ahead(struct dry *dry, struct error *err)
{
	autostrv struct strv env = { 0 };
	struct claude_config claude = { 0 };
	struct vars *vars = vars_new(NULL);
	bool ok = start_vars(dry->options, &dry->workflow, vars, &env, err) &&
	    claude_configure(dry->options, &dry->workflow, &claude, err);
	if (ok)
		warn(dry,
		    &(struct preflight){ .workflow = &dry->workflow,
			.repo = &dry->repo,
			.env = &env,
			.claude = &claude });
	record_release(&claude_config_table, &claude);
	vars_free(vars);
	return ok;
}

static void
print(const struct dry *dry, bool as_json)
{
	autostr struct str out = { 0 };
	autostr struct str json = { 0 };
	if (as_json) {
		json_pretty(dry->plan, &json);
		text_visible_json(&out, str_text(&json), json.len);
		str_add_char(&out, '\n');
	} else {
		text_visible(&out, str_text(&dry->text), dry->text.len, false);
	}
	fwrite(out.data, 1, out.len, stdout);
}

bool
run_dry(const struct run_options *options, bool as_json, struct error *err)
{
	struct dry dry = { .options = options, .plan = json_object() };
	const char *dir = options->directory == NULL ? "." : options->directory;
	bool ok = start_load(options, &dry.workflow, err) &&
	    repo_open(dir, &dry.repo, err) && look_ahead(&dry, err) &&
	    describe(&dry, err);
	if (ok)
		print(&dry, as_json);
	workflow_release(&dry.workflow);
	repo_release(&dry.repo);
	json_decref(dry.plan);
	str_release(&dry.text);
	return ok;
}
