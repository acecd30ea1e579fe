/* SPDX-License-Identifier: MIT */
/*
 * Merging in a work tree of our own, for git before 2.38. It is made by the
 * first merge, in turn filled with one side and merged into, and is removed at
 * the end; nobody else knows of it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/merger.h"
#include "git/merger_parts.h"
#include "git/repo.h"
#include "git/worktree.h"

static void
next(struct merging *merging, const char *const *args, git_done_fn *fn)
{
	autoerror struct error err = { 0 };
	struct merger *merger = merging->merger;
	const struct git_options options = {
		.purpose = GIT_FOR_US,
		.sync = GIT_HARDENED_LATER,
	};
	if (!git_start_with(
		merger->loop, merger->tree, args, &options, fn, merging, &err))
		merging_fail(merging, &err);
}

static void
complain(
    struct merging *merging, const char *what, const struct git_result *git)
{
	autoerror struct error err = { 0 };
	git_complain(what, git, &err);
	merging_fail(merging, &err);
}

static void
tree_written(const struct git_result *git, void *arg)
{
	struct merged merged = { 0 };
	size_t len = strcspn(str_text(&git->out), "\n");
	if (git->code != 0 || len >= sizeof(merged.tree)) {
		complain(arg, "git write-tree", git);
		return;
	}
	memcpy(merged.tree, str_text(&git->out), len);
	merging_done(arg, &merged, NULL);
}

static void
unmerged_listed(const struct git_result *git, void *arg)
{
	struct merged merged = { .conflict = true };
	const char *end = str_text(&git->out) + git->out.len;
	for (const char *at = str_text(&git->out); at < end;
	     at += strlen(at) + 1)
		strv_add(&merged.paths, at);
	if (git->code != 0 || merged.paths.n == 0) {
		complain(arg, "git merge", git);
	} else {
		str_format(&merged.messages, "%zu files are in conflict\n",
		    merged.paths.n);
		merging_done(arg, &merged, NULL);
	}
	merged_release(&merged);
}

static void
tried(const struct git_result *git, void *arg)
{
	static const char *const write[] = { "write-tree", NULL };
	static const char *const list[] = { "diff", "--name-only", "-z",
		"--no-ext-diff", "--diff-filter=U", NULL };
	if (git->code == 0)
		next(arg, write, tree_written);
	else if (git->code == 1)
		next(arg, list, unmerged_listed);
	else
		complain(arg, "git merge", git);
}

/* Nothing is committed: the identity is only asked for. */
static void
filled(const struct git_result *git, void *arg)
{
	struct merging *merging = arg;
	const char *const args[] = { "-c", "user.name=prodigy", "-c",
		"user.email=prodigy@localhost", "-c", "rerere.enabled=false",
		"merge", "-q", "--no-commit", "--no-ff", merging->tip, NULL };
	if (git->code == 0)
		next(merging, args, tried);
	else
		complain(merging, "git checkout", git);
}

/* --force also ends a merge that was left in the middle. */
static void
fill(struct merging *merging)
{
	const char *const args[] = { "checkout", "-q", "--force", "--detach",
		merging->old, "--", NULL };
	next(merging, args, filled);
}

static void
tree_added(const struct error *err, void *arg)
{
	struct merging *merging = arg;
	if (err != NULL) {
		free(merging->merger->tree);
		merging->merger->tree = NULL;
		merging_fail(merging, err);
		return;
	}
	fill(merging);
}

void
merger_tree_start(struct merging *merging)
{
	struct merger *merger = merging->merger;
	struct repo repo;
	char random[9];
	autoerror struct error err = { 0 };
	if (merger->tree != NULL) {
		fill(merging);
		return;
	}
	if (!repo_find(merger->dir, &repo, &err)) {
		merging_fail(merging, &err);
		return;
	}
	autofree char *name = mem_format("merge-%s", id_hex(random, 8));
	merger->tree = path_join(merger->scratch, name);
	worktree_add(merger->loop, &repo, merger->tree, merging->old,
	    tree_added, merging);
	repo_release(&repo);
}

void
merger_tree_remove(struct merger *merger)
{
	struct repo repo;
	autoerror struct error err = { 0 };
	if (merger->tree == NULL)
		return;
	if (!repo_find(merger->dir, &repo, &err)) {
		log_warn("%s", error_text(&err));
		return;
	}
	if (!worktree_remove(&repo, merger->tree, &err))
		log_warn("%s", error_text(&err));
	repo_release(&repo);
	free(merger->tree);
	merger->tree = NULL;
}
