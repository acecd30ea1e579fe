/* SPDX-License-Identifier: MIT */
/* What an attempt's end left, found and kept. */
#include "config.h"

#include <sys/file.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ignored.h"
#include "agent/inner.h"
#include "agent/remains.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/head.h"
#include "git/head_log.h"
#include "git/index_file.h"
#include "git/salvage.h"
#include "git/stashes.h"
#include "git/strays.h"
#include "git/worktree_use.h"

#define UNCOMMITTED_LIMIT (16u * 1024) /* bytes of the list in a result */

/* A look at one tree. */
struct remains {
	struct keeper *keeper;
	const struct frame_spec *spec;
	struct frame_result *result;
	struct salvage_owner owner; /* without refs nothing can be kept */
	/* How it was before the first step. */
	char *git_dir; /* of a linked work tree; else NULL */
	char *common_dir;
	char start[GIT_OID_SIZE]; /* HEAD; "" when it was not known */
	char stash[GIT_OID_SIZE]; /* the first entry of the list, or "" */
	size_t log_at; /* where the moves of HEAD begin in its log */
	bool has_log;
	/* How it is now. */
	const char *broken; /* why it is no work tree any more, or NULL */
	char head[GIT_OID_SIZE]; /* "": a branch without a commit */
	char branch[GIT_OID_SIZE]; /* the attempt's own; "": there is none */
	struct head_moves moves;
	struct worktree_status status;
	struct nested_list inner; /* repositories in the tree */
	bool must_stay; /* not all that was found could be kept elsewhere */
};

/* The first failure is what is told. */
static void
fail(struct remains *remains, const char *why)
{
	struct failure *failure = &remains->result->failure;
	if (failure->cause == CAUSE_NONE)
		failure_set(failure, CAUSE_WORKTREE, 0, "%s", why);
}

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

static bool
copy_oid(char to[GIT_OID_SIZE], const char *from)
{
	to[0] = '\0';
	if (from == NULL || !git_is_oid(from))
		return false;
	memcpy(to, from, strlen(from) + 1);
	return true;
}

/* --- where HEAD and the branch are ------------------------------------ */

/* Why the tree is none any more; NULL: it is as it was registered. */
static const char *
find_damage(const struct remains *remains)
{
	const char *dir = remains->spec->directory;
	if (!path_is_dir(dir))
		return "the work tree is gone: it was removed or moved away";
	if (remains->git_dir == NULL)
		return NULL;
	autofree char *git_dir = head_linked_git_dir(dir);
	if (git_dir != NULL && strcmp(git_dir, remains->git_dir) == 0)
		return NULL;
	if (!path_is_dir(remains->git_dir))
		return "the work tree is no longer registered in the "
		       "repository";
	autofree char *dot_git = path_join(dir, ".git");
	if (!path_exists(dot_git))
		return "the work tree has lost its .git";
	return "the work tree belongs to another repository now";
}

static bool
is_unborn(const char *dir)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "symbolic-ref", "-q", "HEAD", NULL };
	return git_run(dir, args, NULL, &ignored);
}

static void
read_head(struct remains *remains)
{
	autoerror struct error err = { 0 };
	struct head head = { 0 };
	const char *dir = remains->spec->directory;
	if (head_read(dir, &head, &err))
		memcpy(remains->head, head.oid, sizeof(remains->head));
	else if (!is_unborn(dir))
		remains->broken = "HEAD of the work tree cannot be read";
	head_release(&head);
}

static void
read_branch(struct remains *remains)
{
	const struct frame_spec *spec = remains->spec;
	const char *dir =
	    remains->broken != NULL ? spec->repository : spec->directory;
	if (spec->branch == NULL || dir == NULL)
		return;
	autofree char *ref = mem_format("refs/heads/%s", spec->branch);
	if (!head_read_ref(dir, ref, remains->branch))
		remains->branch[0] = '\0';
}

static bool
reaches(const struct remains *remains, const char *tip, const char *oid)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", oid, tip,
		NULL };
	return strcmp(tip, oid) == 0 ||
	    git_run(remains->owner.dir, args, NULL, &ignored);
}

static bool
read_log(struct remains *remains, struct error *err)
{
	return !remains->has_log || !path_is_dir(remains->git_dir) ||
	    head_log_read(
		remains->git_dir, remains->log_at, &remains->moves, err);
}

/* Whether HEAD is at a commit of this attempt, and not of somebody else. */
static bool
is_own_head(const struct remains *remains)
{
	const struct head_moves *moves = &remains->moves;
	const char *head = remains->head;
	if (head[0] == '\0' || remains->broken != NULL)
		return false;
	if (strcmp(head, remains->start) == 0 || moves->n == 0 ||
	    strcmp(moves->items[moves->n - 1].to, head) != 0)
		return true;
	return head_moves_made(moves, head);
}

/*
 * What the attempt came to is where HEAD is, unless that is behind its branch
 * or somewhere else: then it only went to see how things are there.
 */
static void
choose_tip(struct remains *remains)
{
	const char *head = remains->head;
	const char *branch = remains->branch;
	const char *tip = branch;
	if (branch[0] == '\0' ||
	    (is_own_head(remains) && !reaches(remains, branch, head)))
		tip = head;
	if (tip[0] != '\0')
		remains->result->tip = mem_text(tip);
}

static void
find_tip(struct remains *remains)
{
	remains->broken = find_damage(remains);
	if (remains->broken == NULL)
		read_head(remains);
	if (remains->broken != NULL) {
		fail(remains, remains->broken);
		if (remains->spec->repository != NULL)
			remains->owner.dir = remains->spec->repository;
	}
	read_branch(remains);
	choose_tip(remains);
}

/* --- commits ---------------------------------------------------------- */

/*
 * What is kept anyhow: what the attempt started from, and its result, which is
 * merged; or, when it has failed, its branch.
 */
struct safe {
	const char *oids[4]; /* NULL-terminated */
};

static struct safe
safe_commits(const struct remains *remains)
{
	const char *rest = remains->result->failure.cause == CAUSE_NONE
	    ? remains->result->tip
	    : remains->branch;
	struct safe safe = { { NULL } };
	size_t n = 0;
	if (remains->start[0] != '\0')
		safe.oids[n++] = remains->start;
	if (rest != NULL && rest[0] != '\0')
		safe.oids[n++] = rest;
	/* There the branch is that of the item which is to be merged. */
	if (remains->spec->phase == PHASE_RESOLVE && remains->branch[0] != '\0')
		safe.oids[n++] = remains->branch;
	return safe;
}

static bool
find_strays(
    const struct remains *remains, struct strays *strays, struct error *err)
{
	const char *tips[3] = { NULL };
	size_t n = 0;
	if (is_own_head(remains))
		tips[n++] = remains->head;
	if (remains->branch[0] != '\0')
		tips[n++] = remains->branch;
	const struct safe safe = safe_commits(remains);
	const struct strays_search search = {
		.dir = remains->owner.dir,
		.git_dir = remains->git_dir,
		.moves = &remains->moves,
		.tips = tips,
		.kept = safe.oids,
	};
	return strays_find(&search, strays, err);
}

static bool
has_work(const struct strays *strays)
{
	for (size_t i = 0; i < strays->n; i++)
		if (!strays->items[i].given_up)
			return true;
	return false;
}

static bool
keep_strays(
    struct remains *remains, const struct strays *strays, struct error *err)
{
	const struct safe safe = safe_commits(remains);
	if (strays->n == 0)
		return true;
	if (remains->owner.refs == NULL)
		return false;
	/* What was given up need not survive a power cut. */
	if (has_work(strays) &&
	    !strays_pack(remains->owner.dir, remains->common_dir, strays,
		safe.oids, err))
		return false;
	for (size_t i = 0; i < strays->n; i++) {
		const struct stray *stray = &strays->items[i];
		struct salvage_ref ref = { 0 };
		if (!salvage_put(&remains->owner, stray->oid, &ref, err))
			return false;
		add_ref(remains, KEPT_COMMIT,
		    stray->given_up ? "a commit that it gave up itself"
				    : "a commit outside of its branch",
		    &ref);
	}
	return true;
}

/* What is not merged with the result makes the attempt a failure. */
static void
judge_strays(struct remains *remains, const struct strays *strays)
{
	const char *base = remains->spec->base;
	const char *tip = remains->result->tip;
	if (base != NULL && tip != NULL && !reaches(remains, tip, base))
		fail(remains,
		    "history rewritten: HEAD does not descend from the commit "
		    "the agent started from");
	if (has_work(strays))
		fail(remains,
		    "commits were made that its branch does not have; they "
		    "are kept");
}

static void
judge_operation(struct remains *remains)
{
	const char *operation = remains->git_dir == NULL
	    ? NULL
	    : strays_open_operation(remains->git_dir);
	if (operation == NULL)
		return;
	autofree char *why = mem_format("a %s was left unfinished", operation);
	fail(remains, why);
}

/*
 * Nearly always HEAD went from commit to commit on its branch: then nothing is
 * anywhere else, and no git has to be asked.
 */
static bool
is_straight(const struct remains *remains)
{
	const char *tip = remains->result->tip;
	return remains->has_log && remains->broken == NULL && tip != NULL &&
	    strcmp(tip, remains->head) == 0 &&
	    (remains->spec->branch == NULL
		    ? remains->result->failure.cause == CAUSE_NONE
		    : strcmp(tip, remains->branch) == 0) &&
	    head_moves_are_straight(&remains->moves, remains->start, tip);
}

static bool
keep_commits(struct remains *remains, struct error *err)
{
	struct strays strays = { 0 };
	judge_operation(remains);
	if (remains->git_dir == NULL || is_straight(remains))
		return true;
	if (!find_strays(remains, &strays, err))
		return false;
	bool was_well = remains->result->failure.cause == CAUSE_NONE;
	judge_strays(remains, &strays);
	/* A failed attempt is not merged: that has to be kept, too. */
	if (was_well && remains->result->failure.cause != CAUSE_NONE) {
		strays_release(&strays);
		if (!find_strays(remains, &strays, err))
			return false;
	}
	bool kept = keep_strays(remains, &strays, err);
	strays_release(&strays);
	return kept;
}

/* --- stashes ---------------------------------------------------------- */

/* Short names of branches that HEAD may have been on: its own, and others. */
static void
list_branches(const struct remains *remains, struct strv *branches)
{
	static const char from_to[] = "checkout: moving from ";
	const struct head_moves *moves = &remains->moves;
	if (remains->spec->branch != NULL)
		strv_add(branches, remains->spec->branch);
	for (size_t i = 0; i < moves->n; i++) {
		const char *why = moves->items[i].why;
		const char *to = strrchr(why, ' ');
		if (text_starts_with(why, from_to) && to != NULL)
			strv_add(branches, to + 1);
	}
}

static bool
keep_stash(struct remains *remains, const char *oid, struct error *err)
{
	struct salvage_ref ref = { 0 };
	if (!salvage_stash(&remains->owner, oid, &ref, err))
		return false;
	add_ref(remains, KEPT_STASH, "a stash", &ref);
	return stashes_drop(remains->owner.dir, oid, err);
}

/* The list belongs to the user: what was put there is kept elsewhere. */
static bool
keep_stashes(struct remains *remains, struct error *err)
{
	autostrv struct strv branches = { 0 };
	autostrv struct strv oids = { 0 };
	char top[GIT_OID_SIZE];
	if (remains->owner.refs == NULL)
		return true;
	stashes_top(remains->owner.dir, top);
	if (strcmp(top, remains->stash) == 0)
		return true;
	/* Git drops by number: agents that end together do it in turn. */
	autofree char *refs = path_join(remains->common_dir, "refs");
	autofd int turn = open(refs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (turn >= 0)
		(void)flock(turn, LOCK_EX);
	list_branches(remains, &branches);
	if (!stashes_find(
		remains->owner.dir, remains->stash, &branches, &oids, err))
		return false;
	/* The oldest first, so that their refs are in order. */
	for (size_t i = oids.n; i > 0; i--)
		if (!keep_stash(remains, oids.items[i - 1], err))
			return false;
	return true;
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
	bool dirty = status->changed.n + status->untracked.n > 0;
	bool hides = false;
	/* Files may have changed whose entries tell git to pass them over. */
	if (!dirty && !index_hides(remains->spec->directory, &hides, err))
		return false;
	if (!dirty && !hides)
		return true;
	add_lines(&list, &status->changed);
	add_lines(&list, &status->untracked);
	if (dirty)
		remains->result->uncommitted = str_take(&list);
	if (remains->owner.refs == NULL)
		return false;
	struct salvage_files kept = { 0 };
	const char *parent =
	    remains->head[0] != '\0' ? remains->head : remains->result->tip;
	bool all = salvage_files(&remains->owner, parent, &kept, err);
	add_ref(remains, KEPT_UNCOMMITTED,
	    dirty ? "uncommitted changes" : "changes that the index hides",
	    &kept.files);
	add_ref(remains, KEPT_INDEX, "what was staged", &kept.staged);
	return all;
}

/* --- what git passes over --------------------------------------------- */

static bool
keep_inner(struct remains *remains, struct error *err)
{
	bool kept = inner_keep(remains->spec->directory, &remains->owner,
	    &remains->inner, &remains->result->salvage, err);
	inner_drop(&remains->inner, &remains->status.untracked);
	remains->owner.apart = &remains->inner;
	return kept;
}

/* They are told; those that the workflow asks for are copied. */
static bool
keep_ignored(struct remains *remains, struct error *err)
{
	const struct frame_spec *spec = remains->spec;
	struct frame_result *result = remains->result;
	const struct strv *ignored = &remains->status.ignored;
	if (spec->phase != PHASE_MAP || ignored->n == 0)
		return true;
	result->ignored = ignored_count(spec->directory, ignored);
	return spec->keep.n == 0 || spec->artifacts == NULL ||
	    ignored_copy(spec->directory, &spec->keep, spec->artifacts,
		&result->artifacts, err);
}

/* --- all of it -------------------------------------------------------- */

/*
 * Each looks for one kind of what may have been left, and keeps it. False: the
 * tree has to stay. With err that is since it could not be done, and the
 * attempt fails for it.
 */
typedef bool remains_fn(struct remains *remains, struct error *err);

static void
keep_tree(struct remains *remains, const char *what)
{
	if (remains->must_stay)
		return;
	kept_add_path(&remains->result->salvage, KEPT_TREE, what,
	    remains->spec->directory);
	remains->must_stay = true;
}

static void
keep(struct remains *remains, remains_fn *fn)
{
	autoerror struct error err = { 0 };
	if (fn(remains, &err))
		return;
	if (err.kind != ERROR_NONE) {
		log_warn("%s", error_text(&err));
		fail(remains, error_text(&err));
		keep_tree(remains, "work that could not be kept elsewhere");
	} else {
		keep_tree(remains, "uncommitted changes");
	}
}

/* Of what is in the tree beside commits, when git can look at it. */
static remains_fn *const kinds[] = {
	keep_inner,
	keep_files,
	keep_ignored,
};

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

static bool
read_status(struct remains *remains, struct error *err)
{
	return worktree_status(remains->spec->directory, &remains->status, err);
}

static void
look_at_files(struct remains *remains)
{
	const struct frame_spec *spec = remains->spec;
	struct frame_result *result = remains->result;
	if (spec->phase == PHASE_MAP && spec->check_reuse &&
	    remains->head[0] != '\0' && !remains->must_stay &&
	    left_nothing(remains->keeper, spec->directory, remains->head)) {
		result->reusable = worktree_is_reusable(spec->directory);
		result->is_tip = result->reusable;
		return;
	}
	keep(remains, read_status);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		keep(remains, kinds[i]);
	/* A tree whose work is kept nowhere else is left for people. */
	result->reusable = spec->check_reuse && !remains->must_stay &&
	    remains->inner.n == 0 && worktree_is_reusable(spec->directory);
	result->needs_clean =
	    remains->status.untracked.n > 0 || remains->status.ignored.n > 0;
	worktree_status_release(&remains->status);
	nested_release(&remains->inner);
}

struct remains *
remains_begin(struct keeper *keeper, const struct frame_spec *spec)
{
	autoerror struct error err = { 0 };
	struct head head = { 0 };
	struct remains *remains = mem_zalloc(sizeof(*remains));
	remains->keeper = keeper;
	remains->spec = spec;
	remains->owner = (struct salvage_owner){
		.dir = spec->directory,
		.refs = spec->salvage_refs,
		.item = spec->item[0] != '\0' ? spec->item
					      : frame_phase_name(spec->phase),
		.attempt = spec->attempt,
	};
	if (spec->phase == PHASE_PLAN)
		return remains;
	if (head_read(spec->directory, &head, &err))
		copy_oid(remains->start, head.oid);
	head_release(&head);
	stashes_top(spec->directory, remains->stash);
	remains->git_dir = head_linked_git_dir(spec->directory);
	if (remains->git_dir == NULL)
		return remains;
	error_release(&err);
	remains->common_dir = head_common_dir(spec->directory, &err);
	remains->has_log = head_log_begin(
	    remains->git_dir, spec->base != NULL, &remains->log_at, &err);
	if (!remains->has_log)
		log_warn("%s", error_text(&err));
	return remains;
}

static void
remains_free(struct remains *remains)
{
	head_moves_release(&remains->moves);
	free(remains->git_dir);
	free(remains->common_dir);
	free(remains);
}

void
remains_keep(struct remains *remains, struct frame_result *result)
{
	const struct frame_spec *spec = remains->spec;
	remains->result = result;
	if (spec->phase != PHASE_PLAN) {
		keep(remains, read_log);
		find_tip(remains);
		keep(remains, keep_commits);
		keep(remains, keep_stashes);
	}
	if (remains->broken != NULL)
		keep_tree(remains, "a work tree that cannot be looked at");
	else if (spec->phase == PHASE_MAP || spec->phase == PHASE_RESOLVE ||
	    spec->check_reuse)
		look_at_files(remains);
	remains_free(remains);
}
