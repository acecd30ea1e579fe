/* SPDX-License-Identifier: MIT */
/* An agent's work tree, made ready. */
#include "config.h"

#include <string.h>

#include "agent/prepare.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/git.h"
#include "git/stale.h"
#include "git/switch.h"
#include "git/worktree_use.h"

/* One git command, waited for in turns of the keeper's loop. */
struct prepare_wait {
	bool done;
	int code;
	struct str err;
};

static void
git_ended(const struct git_result *result, void *arg)
{
	struct prepare_wait *wait = arg;
	wait->code = result->code;
	str_add_str(&wait->err, &result->err);
	wait->done = true;
}

static bool
run_git(struct keeper *keeper, const char *dir, struct strv *args,
    struct error *err)
{
	/* Nothing is synced: a tree that a power cut damages is made anew. */
	const struct git_options options = {
		.purpose = GIT_FOR_US,
		.sync = GIT_HARDENED_LATER,
	};
	const char *const *array = (const char *const *)strv_array(args);
	struct prepare_wait wait = { 0 };
	if (!git_start_with(
		keeper->loop, dir, array, &options, git_ended, &wait, err))
		return false;
	while (!wait.done)
		keeper_turn(keeper);
	struct git_result result = { .code = wait.code, .err = wait.err };
	bool ok = wait.code == 0 || git_complain(array[0], &result, err);
	git_result_release(&result);
	return ok;
}

/*
 * A tree that is known to be a certain commit needs no more than what differs
 * from it, which is nothing as long as nothing was merged.
 */
static bool
move_tree(struct keeper *keeper, const struct frame_spec *spec)
{
	autoerror struct error why = { 0 };
	autostrv struct strv move = { 0 };
	if (spec->stands_at == NULL || spec->needs_clean ||
	    spec->branch == NULL)
		return false;
	worktree_move_args(&move, spec->stands_at, spec->base);
	return (strcmp(spec->stands_at, spec->base) == 0 ||
		   run_git(keeper, spec->directory, &move, &why)) &&
	    switch_to_branch(
		spec->directory, spec->branch, spec->stands_at, spec->base);
}

bool
prepare_tree(
    struct keeper *keeper, const struct frame_spec *spec, struct error *err)
{
	autostrv struct strv checkout = { 0 };
	autostrv struct strv clean = { 0 };
	if (!path_is_dir(spec->directory))
		return error_set(err, ERROR_SYSTEM,
		    "the work tree %s is missing", spec->directory);
	if (spec->base == NULL || move_tree(keeper, spec))
		return true;
	if (spec->reused)
		stale_clear_tree(spec->directory);
	worktree_checkout_args(&checkout, spec->branch, spec->base);
	if (!run_git(keeper, spec->directory, &checkout, err))
		return error_wrap(err, "preparing the work tree");
	worktree_clean_args(&clean);
	if (spec->needs_clean && !run_git(keeper, spec->directory, &clean, err))
		return error_wrap(err, "cleaning the work tree");
	return true;
}
