/* SPDX-License-Identifier: MIT */
/* An agent's work tree, before and after. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/prepare.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/git.h"
#include "git/head.h"
#include "git/salvage.h"
#include "git/stale.h"
#include "git/worktree_use.h"

#define UNCOMMITTED_LIMIT (16u * 1024) /* bytes of the list in a result */

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

bool
prepare_tree(
    struct keeper *keeper, const struct frame_spec *spec, struct error *err)
{
	autostrv struct strv checkout = { 0 };
	autostrv struct strv clean = { 0 };
	if (!path_is_dir(spec->directory))
		return error_set(err, ERROR_SYSTEM,
		    "the work tree %s is missing", spec->directory);
	if (spec->base == NULL)
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

static void
add_lines(struct str *list, const struct strv *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		const char *entry = entries->items[i];
		if (list->len + strlen(entry) > UNCOMMITTED_LIMIT) {
			str_add(list, "...\n");
			return;
		}
		text_visible(list, entry, strlen(entry), true);
		str_add_char(list, '\n');
	}
}

static void
salvage(const struct frame_spec *spec, struct frame_result *result)
{
	autoerror struct error err = { 0 };
	char commit[GIT_OID_SIZE];
	autofree char *message = mem_format("Uncommitted work of %s",
	    spec->item[0] != '\0' ? spec->item : frame_phase_name(spec->phase));
	if (salvage_keep(
		spec->directory, spec->salvage_ref, message, commit, &err))
		result->salvaged = mem_text(commit);
	else
		log_warn("%s", error_text(&err));
}

/*
 * Most agents commit all that they did: that is seen without git. Which tree
 * HEAD has is known to the supervisor, where a git stays that reads objects.
 */
static bool
left_nothing(struct keeper *keeper, const char *dir, const char *tip)
{
	char tree[GIT_OID_SIZE];
	autostr struct str frame = { 0 };
	if (!worktree_is_index(dir, tree))
		return false;
	frame_ask_encode(tip, &frame);
	if (!keeper_ask(keeper, &frame))
		return false;
	autofree char *answer =
	    frame_answer_decode(str_text(&keeper->answer), keeper->answer.len);
	return answer != NULL && strcmp(answer, tree) == 0;
}

static void
look_at_tree(struct keeper *keeper, const struct frame_spec *spec,
    struct frame_result *result)
{
	autoerror struct error err = { 0 };
	autostr struct str list = { 0 };
	struct worktree_status status = { 0 };
	if (spec->phase == PHASE_MAP && spec->check_reuse &&
	    left_nothing(keeper, spec->directory, result->tip)) {
		result->reusable = worktree_is_reusable(spec->directory);
		return;
	}
	if (!worktree_status(spec->directory, &status, &err)) {
		log_warn("%s", error_text(&err));
		return;
	}
	bool is_dirty = status.changed.n + status.untracked.n > 0;
	if (is_dirty) {
		add_lines(&list, &status.changed);
		add_lines(&list, &status.untracked);
		result->uncommitted = str_take(&list);
		if (spec->salvage_ref != NULL)
			salvage(spec, result);
	}
	/* A tree whose work is kept nowhere else is left for people. */
	result->reusable = spec->check_reuse &&
	    (!is_dirty || result->salvaged != NULL) &&
	    worktree_is_reusable(spec->directory);
	result->needs_clean = status.untracked.n > 0 || status.ignored;
	worktree_status_release(&status);
}

void
prepare_end(struct keeper *keeper, const struct frame_spec *spec,
    struct frame_result *result)
{
	autoerror struct error err = { 0 };
	struct head head = { 0 };
	if (spec->phase == PHASE_PLAN ||
	    !head_read(spec->directory, &head, &err))
		return;
	result->tip = mem_text(head.oid);
	head_release(&head);
	if (spec->phase == PHASE_MAP || spec->salvage_ref != NULL ||
	    spec->check_reuse)
		look_at_tree(keeper, spec, result);
}
