/* SPDX-License-Identifier: MIT */
/* What an attempt's end left, found and kept. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/remains.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/head.h"
#include "git/salvage.h"
#include "git/worktree_use.h"

#define UNCOMMITTED_LIMIT (16u * 1024) /* bytes of the list in a result */

/* A look at one tree. */
struct remains {
	struct keeper *keeper;
	const struct frame_spec *spec;
	struct frame_result *result;
	struct salvage_owner owner; /* without refs nothing can be kept */
	struct worktree_status status;
	bool must_stay; /* not all that was found could be kept elsewhere */
};

/* The ref, which is released, of something that was kept; or of nothing. */
static void
add_ref(struct remains *remains, const char *kind, const char *what,
    struct salvage_ref *ref)
{
	if (ref->name != NULL)
		kept_add_ref(&remains->result->salvage, kind, what, ref->name,
		    ref->commit);
	salvage_ref_release(ref);
}

/* --- uncommitted files ------------------------------------------------ */

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

static bool
keep_files(struct remains *remains, struct error *err)
{
	autostr struct str list = { 0 };
	const struct worktree_status *status = &remains->status;
	if (status->changed.n + status->untracked.n == 0)
		return true;
	add_lines(&list, &status->changed);
	add_lines(&list, &status->untracked);
	remains->result->uncommitted = str_take(&list);
	if (remains->owner.refs == NULL)
		return false;
	autofree char *subject =
	    mem_format("Uncommitted work of %s", remains->owner.item);
	struct salvage_ref ref = { 0 };
	bool all = salvage_files(
	    &remains->owner, KEPT_UNCOMMITTED, subject, &ref, err);
	add_ref(remains, KEPT_UNCOMMITTED, "uncommitted changes", &ref);
	return all;
}

/* --- all of it -------------------------------------------------------- */

/*
 * Each looks for one kind of what may have been left, and keeps it. False: the
 * tree has to stay, since that could not be done, for the reason in err if that
 * is set.
 */
typedef bool remains_fn(struct remains *remains, struct error *err);

static remains_fn *const kinds[] = {
	keep_files,
};

static void
keep_tree(struct remains *remains)
{
	const char *what = remains->result->uncommitted != NULL
	    ? "uncommitted changes"
	    : "a work tree that could not be looked at";
	kept_add_path(&remains->result->salvage, KEPT_TREE, what,
	    remains->spec->directory);
	remains->must_stay = true;
}

static void
keep_all(struct remains *remains)
{
	bool all = true;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		autoerror struct error err = { 0 };
		if (kinds[i](remains, &err))
			continue;
		if (err.kind != ERROR_NONE)
			log_warn("%s", error_text(&err));
		all = false;
	}
	if (!all)
		keep_tree(remains);
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
look_at_tree(struct remains *remains)
{
	autoerror struct error err = { 0 };
	const struct frame_spec *spec = remains->spec;
	struct frame_result *result = remains->result;
	if (spec->phase == PHASE_MAP && spec->check_reuse &&
	    left_nothing(remains->keeper, spec->directory, result->tip)) {
		result->reusable = worktree_is_reusable(spec->directory);
		return;
	}
	if (worktree_status(spec->directory, &remains->status, &err)) {
		keep_all(remains);
	} else {
		log_warn("%s", error_text(&err));
		keep_tree(remains);
	}
	/* A tree whose work is kept nowhere else is left for people. */
	result->reusable = spec->check_reuse && !remains->must_stay &&
	    worktree_is_reusable(spec->directory);
	result->needs_clean =
	    remains->status.untracked.n > 0 || remains->status.ignored;
	worktree_status_release(&remains->status);
}

void
remains_keep(struct keeper *keeper, const struct frame_spec *spec,
    struct frame_result *result)
{
	autoerror struct error err = { 0 };
	struct head head = { 0 };
	struct remains remains = {
		.keeper = keeper,
		.spec = spec,
		.result = result,
		.owner = {
			.tree = spec->directory,
			.refs = spec->salvage_refs,
			.item = spec->item[0] != '\0'
			    ? spec->item
			    : frame_phase_name(spec->phase),
			.attempt = spec->attempt,
		},
	};
	if (spec->phase == PHASE_PLAN ||
	    !head_read(spec->directory, &head, &err))
		return;
	result->tip = mem_text(head.oid);
	head_release(&head);
	if (spec->phase == PHASE_MAP || spec->salvage_refs != NULL ||
	    spec->check_reuse)
		look_at_tree(&remains);
}
