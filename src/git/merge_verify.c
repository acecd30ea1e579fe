/* SPDX-License-Identifier: MIT */
/* Whether a conflict was really resolved. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "git/merge.h"

static bool
descends(const char *worktree, const char *from, struct error *err)
{
	struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", from,
		"HEAD", NULL };
	if (!git_call(worktree, args, &options, &git, err))
		return false;
	int code = git.code;
	git_result_release(&git);
	if (code == 0)
		return true;
	return error_set(err, ERROR_GIT,
	    "the resolution does not contain %.12s", from);
}

static bool
is_clean(const char *worktree, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "status", "--porcelain",
		"--untracked-files=no", NULL };
	if (!git_run(worktree, args, &out, err))
		return false;
	if (out.len > 0)
		return error_set(err, ERROR_GIT,
		    "the resolution left uncommitted changes");
	return true;
}

/*
 * diff --check complains of white space as well: only what it says of
 * markers counts.
 */
static bool
has_no_markers(const char *worktree, const char *old, struct error *err)
{
	struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	const char *const args[] = { "diff", "--check", "--no-ext-diff", old,
		"HEAD", NULL };
	if (!git_call(worktree, args, &options, &git, err))
		return false;
	bool marked = strstr(str_text(&git.out),
	    ": leftover conflict marker") != NULL;
	git_result_release(&git);
	if (marked)
		return error_set(err, ERROR_GIT,
		    "the resolution still holds conflict markers");
	return true;
}

bool
merge_verify(const char *worktree, const char *old, const char *tip,
    char tree[GIT_OID_SIZE], struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "rev-parse", "HEAD^{tree}", NULL };
	if (!descends(worktree, old, err) || !descends(worktree, tip, err) ||
	    !is_clean(worktree, err) || !has_no_markers(worktree, old, err) ||
	    !git_run(worktree, args, &out, err))
		return false;
	if (!git_is_oid(str_text(&out)))
		return error_set(err, ERROR_GIT, "HEAD has no tree");
	memcpy(tree, out.data, out.len + 1);
	return true;
}
