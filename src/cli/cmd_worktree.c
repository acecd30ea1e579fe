/* SPDX-License-Identifier: MIT */
/* prodigy worktree: the work trees of runs, and their merge later. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/find.h"
#include "cli/output.h"
#include "data/json.h"
#include "git/final.h"
#include "git/git.h"
#include "git/worktree.h"
#include "git/worktree_use.h"
#include "run/phases.h"
#include "state/figures.h"
#include "state/ids.h"
#include "state/session.h"

struct worktree_values {
	const char *path;
	bool json;
	bool detailed;
	bool yes;
	int status;
};

#define AT(member) offsetof(struct worktree_values, member)

static const struct option_spec list_options[] = {
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "one JSON document on standard output" },
	{ "detailed", 'd', OPTION_FLAG, AT(detailed), NULL,
	    "with path, target and workflow" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "look at the repository at DIR" },
};

static const struct option_spec merge_options[] = {
	{ "yes", 'y', OPTION_FLAG, AT(yes), NULL, "merge without asking" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR", "the repository at DIR" },
};

/* --- ls --------------------------------------------------------------- */

static bool
count_commits(const struct find *find, const char *const *args, size_t *count)
{
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	if (!git_run(find->repo.root, args, &out, &ignored))
		return false;
	*count = strtoul(str_text(&out), NULL, 10);
	return true;
}

/*
 * What a merge would bring. During the map phase that is at the map ref, which
 * the branch of the run follows in the end, and then leaves behind.
 */
static size_t
commits_ahead(const struct find *find, const struct worktree_entry *tree,
    const json_t *session)
{
	const char *target = json_get_text(session, "original_branch");
	const char *map = json_get_text(session, "map_ref");
	size_t count = 0;
	if (tree->branch == NULL || target == NULL)
		return 0;
	autofree char *branch = mem_format("refs/heads/%s", tree->branch);
	autofree char *lacks = mem_format("^refs/heads/%s", target);
	const char *const both[] = { "rev-list", "--count", lacks, branch, map,
		"--", NULL };
	const char *const one[] = { "rev-list", "--count", lacks, branch, "--",
		NULL };
	/* A map ref that is not there yet, or any more, asks for nothing. */
	if (map == NULL || !count_commits(find, both, &count))
		(void)count_commits(find, one, &count);
	return count;
}

/* One that cannot be looked at may hold anything. */
static bool
is_dirty(const char *path)
{
	autoerror struct error ignored = { 0 };
	struct worktree_status status;
	if (!path_is_dir(path))
		return false;
	if (!worktree_status(path, &status, &ignored))
		return true;
	bool dirty = status.changed.n > 0 || status.untracked.n > 0;
	worktree_status_release(&status);
	return dirty;
}

/* Ours are those in the folders that hold work trees of the repository. */
static bool
is_ours(const struct find *find, const char *path)
{
	for (size_t i = 0; i < find->folders.n; i++) {
		autofree char *prefix =
		    mem_format("%s/", find->folders.items[i]);
		if (text_starts_with(path, prefix))
			return true;
	}
	return false;
}

static void
describe_items(const json_t *session, json_t *out)
{
	struct figures figures;
	bool has_items = figures_said(session, &figures);
	autofree char *text = has_items ? figures_text(&figures) : mem_text("");
	json_set_text(out, "items", text);
	json_object_set_new(out, "items_processed",
	    json_integer((json_int_t)figures_ended(&figures)));
	json_object_set_new(out, "items_failed",
	    json_integer((json_int_t)figures.items[JOB_ITEM_FAILED]));
	json_object_set_new(
	    out, "total_items", json_integer((json_int_t)figures.total));
}

/* NULL: there is none that can be read. */
static json_t *
load_session(const struct find *find, const char *name, struct strv *unread)
{
	autoerror struct error ignored = { 0 };
	autoerror struct error err = { 0 };
	json_t *session = session_load(&find->layout, name, &ignored);
	if (session != NULL && !figures_update(&find->layout, session, &err))
		strv_add(unread, error_text(&err));
	return session;
}

static json_t *
describe(const struct find *find, const struct worktree_entry *tree,
    struct strv *unread)
{
	const char *name = path_name(tree->path);
	bool has_session = text_starts_with(name, "session-");
	autojson json_t *session =
	    has_session ? load_session(find, name, unread) : NULL;
	const char *status = !path_is_dir(tree->path) ? "missing"
	    : session != NULL ? find_session_status(find, session)
	    : has_session     ? "unreadable"
			      : "agent";
	json_t *out = json_object();
	json_set_text(out, "session_id", name);
	json_set_text(out, "status", status);
	json_set_text(out, "branch_name", tree->branch);
	json_set_text(
	    out, "parent_branch", json_get_text(session, "original_branch"));
	json_set_text(out, "worktree_path", tree->path);
	json_set_text(
	    out, "workflow_path", json_get_text(session, "workflow_path"));
	json_set_text(out, "started_at", json_get_text(session, "started_at"));
	json_set_text(
	    out, "last_activity", json_get_text(session, "updated_at"));
	json_set_text(out, "error_summary", json_get_text(session, "error"));
	json_object_set_new(out, "commits",
	    json_integer((json_int_t)commits_ahead(find, tree, session)));
	json_object_set_new(out, "dirty", json_boolean(is_dirty(tree->path)));
	describe_items(session, out);
	return out;
}

static void
add_text(struct output_table *table, const json_t *tree, const char *key)
{
	autostr struct str text = { 0 };
	json_text_of(json_get(tree, key), &text);
	output_table_add(table, str_text(&text));
}

static void
print_trees(const json_t *trees, bool detailed)
{
	static const char *const header[] = { "WORKTREE", "STATUS", "DONE",
		"TARGET", "COMMITS", "DIRTY" };
	struct output_table table = { .columns = COUNT_OF(header) };
	for (size_t i = 0; i < COUNT_OF(header); i++)
		output_table_add(&table, header[i]);
	for (size_t i = 0; i < json_array_size(trees); i++) {
		const json_t *tree = json_array_get(trees, i);
		add_text(&table, tree, "session_id");
		add_text(&table, tree, "status");
		add_text(&table, tree, "items");
		add_text(&table, tree, "parent_branch");
		add_text(&table, tree, "commits");
		output_table_add(
		    &table, json_get_bool(tree, "dirty", false) ? "yes" : "");
	}
	output_table_print(&table);
	for (size_t i = 0; detailed && i < json_array_size(trees); i++) {
		const json_t *tree = json_array_get(trees, i);
		const char *workflow = json_get_text(tree, "workflow_path");
		output_line("%s: %s%s%s", json_get_text(tree, "session_id"),
		    json_get_text(tree, "worktree_path"),
		    workflow == NULL ? "" : ", workflow ",
		    workflow == NULL ? "" : workflow);
	}
	output_line("%zu work tree%s", json_array_size(trees),
	    json_array_size(trees) == 1 ? "" : "s");
}

static bool
list(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct worktree_values *values = invocation->values;
	struct worktree_list all;
	if (!find_repository(find, err) ||
	    !worktree_list(&find->repo, &all, err))
		return false;
	autostrv struct strv unread = { 0 };
	autojson json_t *trees = json_array();
	for (size_t i = 0; i < all.n; i++)
		if (is_ours(find, all.items[i].path))
			json_array_append_new(
			    trees, describe(find, &all.items[i], &unread));
	worktree_list_release(&all);
	if (values->json) {
		autojson json_t *document =
		    json_pack("{s:O, s:{s:I}}", "sessions", trees, "summary",
			"total", (json_int_t)json_array_size(trees));
		output_json(document);
	} else if (json_array_size(trees) == 0) {
		output_line("No work trees.");
	} else {
		print_trees(trees, values->detailed);
	}
	return find_unread(&unread, err);
}

static bool
run_list(struct invocation *invocation, int *status, struct error *err)
{
	const struct worktree_values *values = invocation->values;
	(void)status;
	return find_with(invocation, values->path, list, err);
}

/* --- merge ------------------------------------------------------------ */

static bool
merge(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	struct worktree_values *values = invocation->values;
	if (!find_repository(find, err))
		return false;
	autofree char *id =
	    ids_find_session(&find->layout, invocation->args[0], err);
	const struct run_options options = {
		.directory = find->repo.root,
		.yes = values->yes,
		.quiet = invocation->global.quiet,
		.ascii = output_ascii(),
		.verbose = invocation->global.verbose,
		.can_ask = output_can_ask(),
	};
	return id != NULL && run_merge(&options, id, &values->status, err);
}

static bool
merge_later(struct invocation *invocation, int *status, struct error *err)
{
	const struct worktree_values *values = invocation->values;
	bool ran = find_with(invocation, values->path, merge, err);
	*status = values->status;
	return ran;
}

static const struct command worktree_ls = {
	.name = "ls",
	.aliases = "list",
	.summary = "Lists the work trees of runs and of kept agents",
	.synopsis = "[OPTION...]",
	.options = list_options,
	.n_options = COUNT_OF(list_options),
	.values_size = sizeof(struct worktree_values),
	.run = run_list,
};

static const struct command worktree_merge = {
	.name = "merge",
	.summary = "Merges the result of a run into the branch it began on",
	.synopsis = "[OPTION...] SESSION",
	.options = merge_options,
	.n_options = COUNT_OF(merge_options),
	.values_size = sizeof(struct worktree_values),
	.min_args = 1,
	.max_args = 1,
	.run = merge_later,
};

static const struct command *const children[] = {
	&worktree_ls,
	&worktree_merge,
	NULL,
};

const struct command cmd_worktree = {
	.name = "worktree",
	.summary = "Lists work trees and merges them later",
	.synopsis = "COMMAND [ARGUMENT...]",
	.max_args = (size_t)-1,
	.children = children,
	.missing = "clean cleanup clean-orphaned",
};
