/* SPDX-License-Identifier: MIT */
/* Merging on object level. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/head.h"
#include "git/merge.h"
#include "git/merger.h"

struct merge {
	struct objects *objects;
	char *old;
	char *tip;
	char *base; /* NULL: not known */
	char *tree; /* the merged one; NULL until it is known */
	char *message;
	char *identity;
	int64_t wall_ms;
	merge_done_fn *fn;
	void *arg;
};

static void
finish(struct merge *merge, const struct merge_result *result)
{
	merge->fn(result, merge->arg);
	free(merge->old);
	free(merge->tip);
	free(merge->base);
	free(merge->tree);
	free(merge->message);
	free(merge->identity);
	free(merge);
}

static void
fail(struct merge *merge, const struct error *err)
{
	struct merge_result result = { .outcome = MERGE_FAILED, .err = err };
	finish(merge, &result);
}

static void
succeed(struct merge *merge, const char *commit, bool nothing)
{
	struct merge_result result = {
		.outcome = MERGE_DONE,
		.nothing = nothing,
	};
	memcpy(result.commit, commit, strlen(commit) + 1);
	finish(merge, &result);
}

/* --- the commit ------------------------------------------------------- */

static void
commit_written(const char *oid, const struct error *err, void *arg)
{
	if (oid == NULL)
		fail(arg, err);
	else
		succeed(arg, oid, false);
}

/* The format of a commit object: a header, an empty line, the message. */
static void
write_commit(struct merge *merge)
{
	autostr struct str text = { 0 };
	long long seconds = (long long)(merge->wall_ms / 1000);
	str_format(&text, "tree %s\nparent %s\nparent %s\n", merge->tree,
	    merge->old, merge->tip);
	str_format(&text, "author %s %lld +0000\n", merge->identity, seconds);
	str_format(
	    &text, "committer %s %lld +0000\n\n", merge->identity, seconds);
	str_add(&text, merge->message);
	objects_write_commit(
	    merge->objects, text.data, text.len, commit_written, merge);
}

/* --- whether old has it all already ----------------------------------- */

static void
ancestry_known(bool yes, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (err != NULL)
		fail(merge, err);
	else if (yes)
		succeed(merge, merge->old, true);
	else
		write_commit(merge);
}

/*
 * Only if the tree stays the same can tip be an ancestor, which is worth a
 * process to find out.
 */
static void
old_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (commit == NULL)
		fail(merge, err);
	else if (strcmp(commit->tree, merge->tree) != 0)
		write_commit(merge);
	else
		objects_is_ancestor(merge->objects, merge->tip, merge->old,
		    ancestry_known, merge);
}

/* --- the tree --------------------------------------------------------- */

static void
tree_merged(const struct merged *merged, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (merged == NULL) {
		fail(merge, err);
	} else if (merged->conflict) {
		struct merge_result result = {
			.outcome = MERGE_CONFLICT,
			.paths = merged->paths,
			.messages = str_text(&merged->messages),
		};
		finish(merge, &result);
	} else {
		merge->tree = mem_text(merged->tree);
		objects_read_commit(
		    merge->objects, merge->old, old_read, merge);
	}
}

static void
start_merger(struct merge *merge)
{
	merger_start(objects_merger(merge->objects), merge->old, merge->tip,
	    tree_merged, merge);
}

static void
tip_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (commit == NULL) {
		fail(merge, err);
		return;
	}
	merge->tree = mem_text(commit->tree);
	write_commit(merge);
}

static void
walked(
    const struct strv *oids, bool descends, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (oids == NULL)
		fail(merge, err);
	else if (oids->n == 0 && descends)
		succeed(merge, merge->old, true);
	else if (descends)
		objects_read_commit(
		    merge->objects, merge->tip, tip_read, merge);
	else
		start_merger(merge);
}

/* Nobody merged since tip began: its tree is the result. */
static void
start(void *arg)
{
	struct merge *merge = arg;
	if (merge->tree != NULL)
		write_commit(merge);
	else if (strcmp(merge->old, merge->tip) == 0)
		succeed(merge, merge->old, true);
	else if (merge->base != NULL && strcmp(merge->old, merge->base) == 0)
		objects_walk(
		    merge->objects, merge->base, merge->tip, walked, merge);
	else
		start_merger(merge);
}

void
merge_start(struct objects *objects, const struct merge_request *request,
    merge_done_fn *fn, void *arg)
{
	struct merge *merge = mem_zalloc(sizeof(*merge));
	merge->objects = objects;
	merge->old = mem_text(request->old);
	merge->tip = mem_text(request->tip);
	merge->base = mem_text(request->base);
	merge->tree = mem_text(request->tree);
	merge->message = mem_text(request->message);
	merge->identity = mem_text(request->identity);
	merge->wall_ms = request->wall_ms;
	merge->fn = fn;
	merge->arg = arg;
	loop_defer(objects_loop(objects), start, merge);
}

/* --- a conflict that somebody resolved -------------------------------- */

/* Lines that only a conflict has ("=======" also underlines titles). */
#define MARKERS "^(<<<<<<<+|>>>>>>>+)( |$)"

static bool
descends(const char *worktree, const char *from, struct error *err)
{
	struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", from,
		"HEAD", NULL };
	if (!git_call(worktree, args, &options, &git, err))
		return false;
	bool yes = git.code == 0;
	if (git.code == 1)
		error_set(err, ERROR_GIT,
		    "the resolution does not contain %.12s", from);
	else if (!yes)
		git_complain("git merge-base", &git, err);
	git_result_release(&git);
	return yes;
}

static bool
is_clean(const char *worktree, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "status", "--porcelain", "-z",
		"--untracked-files=no", NULL };
	if (!git_run(worktree, args, &out, err))
		return false;
	if (out.len > 0)
		return error_set(
		    err, ERROR_GIT, "the resolution left uncommitted changes");
	return true;
}

static bool
is_idle(const char *worktree, struct error *err)
{
	static const char *const open[] = { "MERGE_HEAD", "CHERRY_PICK_HEAD",
		"REVERT_HEAD", "rebase-merge", "rebase-apply" };
	autofree char *git_dir = head_git_dir(worktree, err);
	if (git_dir == NULL)
		return false;
	for (size_t i = 0; i < COUNT_OF(open); i++) {
		autofree char *file = path_join(git_dir, open[i]);
		if (path_exists(file))
			return error_set(err, ERROR_GIT,
			    "the resolution is not finished (%s)", open[i]);
	}
	return true;
}

/* The files in which HEAD has other marker lines than side. */
static bool
list_marked(const char *worktree, const char *side, struct strv *paths,
    struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "diff", "--name-only", "-z", "--text",
		"--no-renames", "--no-ext-diff", "--no-textconv", "-G", MARKERS,
		side, "HEAD", "--", NULL };
	if (!git_run(worktree, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		strv_add(paths, at);
	return true;
}

/*
 * A marker that was left over is new to both sides. A file that tells about
 * conflicts had its markers on one of them.
 */
static bool
has_no_markers(
    const char *worktree, const char *old, const char *tip, struct error *err)
{
	autostrv struct strv of_old = { 0 };
	autostrv struct strv of_tip = { 0 };
	if (!list_marked(worktree, old, &of_old, err))
		return false;
	if (of_old.n == 0)
		return true;
	if (!list_marked(worktree, tip, &of_tip, err))
		return false;
	for (size_t i = 0; i < of_old.n; i++) {
		autostr struct str name = { 0 };
		const char *path = of_old.items[i];
		if (!strv_has(&of_tip, path))
			continue;
		text_visible(&name, path, strlen(path), true);
		return error_set(err, ERROR_GIT,
		    "the resolution still has conflict markers in %s",
		    str_text(&name));
	}
	return true;
}

bool
merge_verify(const char *worktree, const char *old, const char *tip,
    char tree[GIT_OID_SIZE], struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "rev-parse", "HEAD^{tree}", NULL };
	if (!is_idle(worktree, err) || !descends(worktree, old, err) ||
	    !descends(worktree, tip, err) || !is_clean(worktree, err) ||
	    !has_no_markers(worktree, old, tip, err) ||
	    !git_run(worktree, args, &out, err))
		return false;
	if (!git_is_oid(str_text(&out)))
		return error_set(err, ERROR_GIT, "HEAD has no tree");
	memcpy(tree, out.data, out.len + 1);
	return true;
}
