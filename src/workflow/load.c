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

#define NAME_LIMIT 200 /* bytes of a workflow's name */

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
read_mode(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "standard", "mapreduce", NULL };
	unsigned choice = 0;
	(void)target; /* looked at before: see is_mapreduce() */
	load_choice(load, node, names, &choice);
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
	const char *text = load_scalar(load, node, "text");
	if (text != NULL && (!*text || text[strspn(text, letters)] != '\0'))
		load_error(load, node,
		    "expected a permission mode of claude, such as "
		    "acceptEdits");
	else if (text != NULL)
		*(char **)target = mem_text(text);
}

static void
read_claude(struct load *load, const struct yaml_node *node, void *target)
{
	static const struct load_field fields[] = {
		{ "permissions", read_permissions,
		    offsetof(struct workflow, permissions) },
		{ NULL, NULL, 0 },
	};
	struct load_table table = { fields, target, 0 };
	if (load_is_kind(load, node, YAML_KIND_MAP,
		"a map of settings (a claude step belongs in a list)"))
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
	{ "mode", read_mode, 0 },
	{ "description", load_ignored, 0 },
	{ "version", load_ignored, 0 },
	{ "author", load_ignored, 0 },
	{ "env", load_env, offsetof(struct workflow, env) },
	{ "merge", load_phase, offsetof(struct workflow, merge) },
	{ "claude", read_claude, 0 },
	{ "interpolation", read_interpolation, 0 },
	{ "secrets", load_unsupported, 0 },
	{ "env_files", load_unsupported, 0 },
	{ "profiles", load_unsupported, 0 },
	{ "inherit", load_unsupported, 0 },
	{ "retry_defaults", load_unsupported, 0 },
	{ "retry_config", load_unsupported, 0 },
	{ "imports", load_unsupported, 0 },
	{ "extends", load_unsupported, 0 },
	{ "template", load_unsupported, 0 },
	{ "templates", load_unsupported, 0 },
	{ "parameters", load_unsupported, 0 },
	{ "defaults", load_unsupported, 0 },
	{ "workflows", load_unsupported, 0 },
	{ "sub_workflows", load_unsupported, 0 },
	{ "max_iterations", load_unsupported, 0 },
	{ "timeout", load_unsupported, 0 },
	{ "error_policy", load_unsupported, 0 },
	{ "on_item_failure", load_unsupported, 0 },
	{ "continue_on_failure", load_unsupported, 0 },
	{ "max_failures", load_unsupported, 0 },
	{ "failure_threshold", load_unsupported, 0 },
	{ "error_collection", load_unsupported, 0 },
	{ "circuit_breaker", load_unsupported, 0 },
	{ "executor", load_unsupported, 0 },
	{ "checkpoint", load_unsupported, 0 },
	{ "durability", load_unsupported, 0 },
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

static bool
is_mapreduce(const struct yaml_node *root)
{
	const struct yaml_node *mode = yaml_find(root, "mode");
	if (mode != NULL && mode->kind == YAML_KIND_SCALAR)
		return strcmp(mode->text, "mapreduce") == 0;
	return yaml_find(root, "map") != NULL &&
	    yaml_find(root, "commands") == NULL &&
	    yaml_find(root, "steps") == NULL;
}

static void
read_map(struct load *load, const struct yaml_node *root)
{
	struct workflow *workflow = load->workflow;
	workflow->mapreduce = is_mapreduce(root);
	struct load_table tables[] = {
		{ workflow->mapreduce ? mapreduce_fields : standard_fields,
		    workflow, 0 },
		{ common_fields, workflow, 0 },
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
	load_check_ids(load);
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
	load_report(&load, findings);
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
