/* SPDX-License-Identifier: MIT */
/* From a workflow file to a workflow: the top level. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "workflow/load.h"
#include "workflow/load_phase.h"
#include "workflow/load_step.h"
#include "workflow/value.h"

#define NAME_LIMIT 200 /* bytes of a workflow's name */

/* --- keys of the top level -------------------------------------------- */

static void
read_name(struct load *load, const struct yaml_node *node, void *target)
{
	char **name = target;
	const char *text = load_scalar(load, node, "text");
	if (text == NULL)
		return;
	if (!*text || node->len > NAME_LIMIT || strchr(text, '\n') != NULL) {
		load_error(load, node, "a name is one line of 1 to %d bytes",
		    NAME_LIMIT);
		return;
	}
	free(*name);
	*name = mem_text(text);
}

static void
read_interpolation(
    struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "quoted", "raw", NULL };
	struct workflow *workflow = target;
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		workflow->raw_interpolation = choice == 1;
}

static void
read_permissions(struct load *load, const struct yaml_node *node, void *target)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char expected[] =
	    "expected a permission mode of claude, such as acceptEdits";
	const char *text = load_scalar(load, node, "text");
	if (text != NULL && (!*text || text[strspn(text, letters)] != '\0'))
		load_error(load, node, "%s", expected);
	else if (text != NULL)
		*(char **)target = mem_text(text);
}

static const struct load_field claude_fields[] = {
	{ "permissions", read_permissions,
	    offsetof(struct workflow, permissions) },
	{ "command", load_words, offsetof(struct workflow, claude_command) },
	{ "arguments", load_words,
	    offsetof(struct workflow, claude_arguments) },
	{ NULL, NULL, 0 },
};

static void
read_claude(struct load *load, const struct yaml_node *node, void *target)
{
	struct load_table table = { .fields = claude_fields, .target = target };
	if (load_is_kind(load, node, YAML_KIND_MAP,
		"a map of settings (a claude step belongs in a list)"))
		load_map(load, node, &table, 1);
}

/* They are given to git behind magic of ours, and name files of a tree. */
static void
check_glob(struct load *load, const struct yaml_node *node)
{
	const char *text = load_scalar(load, node, "a pattern of file names");
	if (text == NULL)
		return;
	size_t len = strlen(text);
	autofree char *path =
	    mem_text_n(text, len > 1 && text[len - 1] == '/' ? len - 1 : len);
	if (!path_is_beneath(path))
		load_error(load, node,
		    "expected a pattern of paths within the work tree, such as "
		    "reports/**, found '%.60s'",
		    text);
}

static void
read_globs(struct load *load, const struct yaml_node *node, void *target)
{
	unsigned before = load->n_errors;
	if (node->kind != YAML_KIND_LIST)
		check_glob(load, node);
	for (size_t i = 0; node->kind == YAML_KIND_LIST && i < node->n; i++) {
		const size_t place = load_enter_index(load, i);
		check_glob(load, node->items[i]);
		load_leave(load, place);
	}
	if (load->n_errors == before)
		load_texts(load, node, target);
}

static void
read_keep_failed(struct load *load, const struct yaml_node *node, void *target)
{
	struct workspace_block *workspace = target;
	load_size(load, node, &workspace->keep_failed);
	workspace->has_keep_failed = true;
}

static void
read_min_free(struct load *load, const struct yaml_node *node, void *target)
{
	struct workspace_block *workspace = target;
	struct error err = { 0 };
	const char *text =
	    load_scalar(load, node, "a size such as 500MB or 2GiB");
	if (text != NULL && !value_bytes(text, &workspace->min_free, &err))
		load_take_error(load, node, &err);
	workspace->has_min_free = true;
}

static void
read_root_folder(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "the path of a folder");
	if (text != NULL && text[0] != '/' && strncmp(text, "~/", 2) != 0)
		load_error(load, node,
		    "expected an absolute path, or one that begins with ~/, "
		    "found '%.60s'",
		    text);
	else if (text != NULL)
		*(char **)target = mem_text(text);
}

static const struct load_field workspace_fields[] = {
	{ "keep", read_globs, offsetof(struct workspace_block, keep) },
	{ "keep_failed", read_keep_failed, 0 },
	{ "min_free", read_min_free, 0 },
	{ "root", read_root_folder, offsetof(struct workspace_block, root) },
	{ NULL, NULL, 0 },
};

static void
read_workspace(struct load *load, const struct yaml_node *node, void *target)
{
	struct load_table table = {
		.fields = workspace_fields, .target = target, .is_strict = true
	};
	if (load_is_kind(load, node, YAML_KIND_MAP, "a map of settings"))
		load_map(load, node, &table, 1);
}

static void
read_foreign(struct load *load, const struct yaml_node *node, void *target)
{
	(void)node;
	(void)target;
	load_error(load, load->key,
	    load->workflow->mapreduce
		? "this has no place in a MapReduce workflow"
		: "this needs 'mode: mapreduce' and a 'map' block");
}

static const struct load_field common_fields[] = {
	{ "name", read_name, offsetof(struct workflow, name) },
	{ "mode", load_ignored, 0 }, /* read before: see read_mode() */
	{ "description", load_ignored, 0 },
	{ "version", load_ignored, 0 },
	{ "author", load_ignored, 0 },
	{ "env", load_env, offsetof(struct workflow, env) },
	{ "merge", load_phase, offsetof(struct workflow, merge) },
	{ "claude", read_claude, 0 },
	{ "workspace", read_workspace, offsetof(struct workflow, workspace) },
	{ "interpolation", read_interpolation, 0 },
	{ NULL, NULL, 0 },
};

static const struct load_field standard_fields[] = {
	{ "commands", load_steps, offsetof(struct workflow, commands) },
	{ "steps", load_steps, offsetof(struct workflow, commands) },
	{ "setup", read_foreign, 0 },
	{ "map", read_foreign, 0 },
	{ "reduce", read_foreign, 0 },
	{ NULL, NULL, 0 },
};

static const struct load_field mapreduce_fields[] = {
	{ "setup", load_setup, offsetof(struct workflow, setup) },
	{ "map", load_map_block, offsetof(struct workflow, map) },
	{ "reduce", load_phase, offsetof(struct workflow, reduce) },
	{ "commands", read_foreign, 0 },
	{ "steps", read_foreign, 0 },
	{ NULL, NULL, 0 },
};

static const char *const keys_to_come[] = {
	"secrets",
	"env_files",
	"profiles",
	"inherit",
	"retry_defaults",
	"retry_config",
	"imports",
	"extends",
	"template",
	"templates",
	"parameters",
	"defaults",
	"workflows",
	"sub_workflows",
	"max_iterations",
	"timeout",
	"error_policy",
	"on_item_failure",
	"continue_on_failure",
	"max_failures",
	"failure_threshold",
	"error_collection",
	"circuit_breaker",
	"executor",
	"checkpoint",
	"durability",
	NULL,
};

const struct load_keys load_file_keys[] = {
	{ "file", common_fields },
	{ "file", standard_fields },
	{ "file", mapreduce_fields },
	{ "claude", claude_fields },
	{ "workspace", workspace_fields },
	{ NULL, NULL },
};

/* Which kind of workflow it is decides by which table the file is read. */
static bool
read_mode(struct load *load, const struct yaml_node *root)
{
	static const char *const names[] = { "standard", "mapreduce", NULL };
	const struct yaml_node *mode = yaml_find(root, "mode");
	unsigned choice = 0;
	if (mode == NULL)
		return yaml_find(root, "map") != NULL &&
		    yaml_find(root, "commands") == NULL &&
		    yaml_find(root, "steps") == NULL;
	const size_t before = load_enter_key(load, "mode");
	const bool known = load_choice(load, mode, names, &choice);
	load_leave(load, before);
	return known && choice == 1;
}

static void
read_map(struct load *load, const struct yaml_node *root)
{
	struct workflow *workflow = load->workflow;
	workflow->mapreduce = read_mode(load, root);
	struct load_table tables[] = {
		{ .fields = workflow->mapreduce ? mapreduce_fields
						: standard_fields,
		    .target = workflow },
		{ .fields = common_fields,
		    .target = workflow,
		    .unsupported = keys_to_come },
	};
	load_map(load, root, tables, COUNT_OF(tables));
	if (workflow->mapreduce && yaml_find(root, "map") == NULL)
		load_error(load, root, "'map' is missing");
	if (!workflow->mapreduce && yaml_find(root, "commands") == NULL &&
	    yaml_find(root, "steps") == NULL)
		load_error(
		    load, root, "'commands' is missing: the list of steps");
	if (yaml_find(root, "commands") != NULL &&
	    yaml_find(root, "steps") != NULL)
		load_error(load, yaml_find(root, "steps"),
		    "'commands' and 'steps' are the same: give one");
}

/* --- ids -------------------------------------------------------------- */

/* Steps that have an id. */
struct id_list {
	const struct step **steps; /* owned array of borrowed steps */
	size_t n;
	size_t cap;
};

static void
collect_ids(const struct steps *steps, struct id_list *ids)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct step *step = &steps->items[i];
		if (step->id != NULL) {
			ids->steps = mem_grow(ids->steps, &ids->cap, ids->n + 1,
			    sizeof(const struct step *));
			ids->steps[ids->n++] = step;
		}
		if (step->on_failure != NULL)
			collect_ids(&step->on_failure->commands, ids);
	}
}

static int
compare_ids(const void *left, const void *right)
{
	const struct step *a = *(const struct step *const *)left;
	const struct step *b = *(const struct step *const *)right;
	const int order = strcmp(a->id, b->id);
	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

static void
check_ids(struct load *load)
{
	const struct workflow *workflow = load->workflow;
	struct id_list ids = { 0 };
	collect_ids(&workflow->commands, &ids);
	collect_ids(&workflow->setup.steps, &ids);
	collect_ids(&workflow->map.agent_template, &ids);
	collect_ids(&workflow->reduce.steps, &ids);
	collect_ids(&workflow->merge.steps, &ids);
	if (ids.n > 0)
		qsort(ids.steps, ids.n, sizeof(*ids.steps), compare_ids);
	for (size_t i = 1; i < ids.n; i++) {
		const struct step *first = ids.steps[i - 1];
		const struct step *again = ids.steps[i];
		const struct yaml_node place = { .place = { again->line,
						     again->column } };
		if (strcmp(first->id, again->id) == 0)
			load_error(load, &place,
			    "the id '%s' is taken by the step at line %u",
			    again->id, first->line);
	}
	free(ids.steps);
}

/* --- the file --------------------------------------------------------- */

static void
read_root(struct load *load)
{
	const struct yaml_node *root = load->doc->root;
	if (root->kind == YAML_KIND_LIST)
		load_steps(load, root, &load->workflow->commands);
	else if (root->kind == YAML_KIND_MAP)
		read_map(load, root);
	else {
		load_error(load, root,
		    "a workflow is a list of steps or a map, not %s",
		    yaml_describe(root));
		return;
	}
	check_ids(load);
}

static char *
file_stem(const char *path)
{
	char *name = mem_text(path_name(path));
	char *dot = strrchr(name, '.');
	if (dot != NULL && dot > name)
		*dot = '\0';
	return name;
}

static void
start_workflow(
    struct workflow *workflow, const char *name, const void *bytes, size_t len)
{
	*workflow = (struct workflow){
		.path = mem_text(name),
		.name = file_stem(name),
		.map.max_parallel = WORKFLOW_MAX_PARALLEL,
	};
	char digest[DIGEST_SHA256_HEX];
	digest_sha256(bytes, len, digest);
	workflow->sha256 = mem_text(digest);
	workflow->text = mem_text_n(bytes, len);
}

bool
workflow_load_text(const char *name, const void *bytes, size_t len,
    struct workflow *workflow, struct workflow_findings *findings)
{
	struct yaml_doc doc = { 0 };
	struct error err = { 0 };
	struct load load = { .doc = &doc, .workflow = workflow };
	start_workflow(workflow, name, bytes, len);
	if (!yaml_load(name, bytes, len, &doc, &err))
		error_list_add(&findings->errors, &err);
	else if (doc.root == NULL) {
		error_set(&err, ERROR_INPUT, "%s: the file is empty", name);
		error_list_add(&findings->errors, &err);
	} else
		read_root(&load);
	load_report(&load, &findings->errors, &findings->warnings);
	load_release(&load);
	yaml_doc_release(&doc);
	if (findings->errors.n == 0)
		return true;
	workflow_release(workflow);
	return false;
}

bool
workflow_load(const char *path, struct workflow *workflow,
    struct workflow_findings *findings)
{
	autostr struct str text = { 0 };
	struct error err = { 0 };
	*workflow = (struct workflow){ 0 };
	if (file_read(path, WORKFLOW_FILE_LIMIT, &text, &err))
		return workflow_load_text(
		    path, str_text(&text), text.len, workflow, findings);
	error_list_add(&findings->errors, &err);
	return false;
}

void
workflow_findings_release(struct workflow_findings *findings)
{
	error_list_release(&findings->errors);
	strv_release(&findings->warnings);
}
