/* SPDX-License-Identifier: MIT */
/* Whether a conflict was really resolved. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/head.h"
#include "git/merge_verify.h"

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
