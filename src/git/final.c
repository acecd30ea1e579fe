/* SPDX-License-Identifier: MIT */
/* The merge into the user's branch. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/final.h"
#include "git/git.h"
#include "git/head.h"
#include "git/merge.h"
#include "git/merger.h"
#include "git/obstacles.h"
#include "git/worktree.h"

#define LOCK_PATIENCE_MS 30000
#define RACE_TRIES 5
#define PATHS_SHOWN 3
#define SMALL_FILE 65536
#define LOOK_MS 100
#define TAKE_BACK_TRIES 20

static const struct git_wait *
wait_of(const struct final *final)
{
	return final->wait.loop == NULL ? NULL : &final->wait;
}

static char *
ref_of(const char *branch)
{
	return mem_format("refs/heads/%s", branch);
}

static bool
resolve(const struct repo *repo, const char *name, struct str *oid,
    struct error *err)
{
	const char *const args[] = { "rev-parse", "--verify", "-q",
		"--end-of-options", name, NULL };
	str_clear(oid);
	if (git_run(repo->root, args, oid, err) && git_is_oid(str_text(oid)))
		return true;
	error_release(err);
	return error_set(err, ERROR_GIT, "there is no %s", name);
}

static bool
count(const struct final *final, const char *const *args, size_t *n,
    struct error *err)
{
	autostr struct str out = { 0 };
	if (!git_run_on(wait_of(final), final->repo->root, args, &out, err))
		return false;
	*n = (size_t)strtoul(str_text(&out), NULL, 10);
	return true;
}

bool
final_count(const struct final *final, const char *source, const char *target,
    struct final_counts *counts, struct error *err)
{
	const struct repo *repo = final->repo;
	autostr struct str names = { 0 };
	autofree char *from = ref_of(source);
	autofree char *to = ref_of(target);
	autofree char *range = mem_format("%s..%s", to, from);
	autofree char *changes = mem_format("%s...%s", to, from);
	const char *const commits[] = { "rev-list", "--count", range, "--",
		NULL };
	const char *const files[] = { "diff", "--name-only", "-z",
		"--no-ext-diff", changes, "--", NULL };
	autostr struct str oid = { 0 };
	if (!resolve(repo, to, &oid, err) || !resolve(repo, from, &oid, err))
		return false;
	if (!count(final, commits, &counts->commits, err) ||
	    !git_run_on(wait_of(final), repo->root, files, &names, err))
		return false;
	counts->files = 0;
	for (size_t i = 0; i < names.len; i++)
		counts->files += names.data[i] == '\0';
	return true;
}

static bool
is_ancestor(const struct final *final, const char *ref, const char *of,
    bool *ancestor, struct error *err)
{
	struct git_options options = { .purpose = GIT_FOR_US,
		.wait = wait_of(final) };
	struct git_result git = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", ref, of,
		NULL };
	if (!git_call(final->repo->root, args, &options, &git, err))
		return false;
	bool asked = git.code <= 1;
	if (asked)
		*ancestor = git.code == 0;
	else
		git_complain("git merge-base", &git, err);
	git_result_release(&git);
	return asked;
}

bool
final_is_merged(const struct final *final, const char *source,
    const char *target, bool *merged, struct error *err)
{
	autofree char *from = ref_of(source);
	autofree char *to = ref_of(target);
	return is_ancestor(final, from, to, merged, err);
}

bool
final_contains(const struct final *final, const char *commit,
    const char *target, bool *contains, struct error *err)
{
	autofree char *to = ref_of(target);
	return is_ancestor(final, commit, to, contains, err);
}

/* Whether a rebase or bisection in this tree will move or needs the branch. */
static bool
is_worked_on(const char *tree, const char *branch)
{
	static const char *const files[] = { "rebase-merge/head-name",
		"rebase-apply/head-name", "BISECT_START" };
	autoerror struct error ignored = { 0 };
	autofree char *ref = ref_of(branch);
	autofree char *git_dir = head_git_dir(tree, &ignored);
	for (size_t i = 0; git_dir != NULL && i < COUNT_OF(files); i++) {
		autoerror struct error none = { 0 };
		autostr struct str line = { 0 };
		autofree char *file = path_join(git_dir, files[i]);
		if (!file_read(file, SMALL_FILE, &line, &none))
			continue;
		str_cut(&line, strcspn(str_text(&line), "\n"));
		if (str_is(&line, ref) || str_is(&line, branch))
			return true;
	}
	return false;
}

/* A repository that lies apart from its tree need not know where that is. */
static bool
is_work_tree(const char *path)
{
	autoerror struct error ignored = { 0 };
	autofree char *git_dir = head_git_dir(path, &ignored);
	return git_dir != NULL;
}

static bool
take_tree(const struct worktree_entry *entry, const char *branch, char **path,
    struct error *err)
{
	if (!path_is_dir(entry->path))
		return true;
	if (is_worked_on(entry->path, branch))
		return error_set(err, ERROR_GIT,
		    "%s is in the middle of an operation on %s", entry->path,
		    branch);
	if (*path != NULL || entry->branch == NULL ||
	    strcmp(entry->branch, branch) != 0)
		return true;
	if (!is_work_tree(entry->path))
		return error_set(err, ERROR_GIT,
		    "%s is checked out in the work tree of %s, and nothing "
		    "tells where that is: merge it from there",
		    branch, entry->path);
	*path = mem_text(entry->path);
	return true;
}

/* The work tree in which a branch is checked out; NULL: nowhere. */
static bool
find_tree(
    const struct repo *repo, const char *branch, char **path, struct error *err)
{
	struct worktree_list list;
	bool ok = worktree_list(repo, &list, err);
	*path = NULL;
	for (size_t i = 0; ok && i < list.n; i++)
		ok = take_tree(&list.items[i], branch, path, err);
	worktree_list_release(&list);
	if (!ok) {
		free(*path);
		*path = NULL;
	}
	return ok;
}

int
final_lock(const struct repo *repo, int64_t deadline, struct error *err)
{
	/* The lock of the folder above is for work trees that come and go. */
	autofree char *refs = path_join(repo->common_dir, "refs");
	return lock_wait(refs, deadline, err);
}

char *
final_name(const struct repo *repo)
{
	struct stat st;
	autofree char *refs = path_join(repo->common_dir, "refs");
	if (stat(refs, &st) != 0)
		return mem_text("");
	return mem_format(
	    "%ju-%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

bool
final_is_held_above(const struct repo *repo)
{
	autoerror struct error why = { 0 };
	autofree char *name = final_name(repo);
	const char *list = getenv(FINAL_HELD);
	bool named = false;
	while (list != NULL && *list != '\0' && !named) {
		size_t len = strcspn(list, " ");
		named = len == strlen(name) && strncmp(list, name, len) == 0;
		list += len + strspn(list + len, " ");
	}
	if (!named)
		return false;
	/* What outlived the merge that started it may have the name, too. */
	autofd int lock = final_lock(repo, 0, &why);
	return lock < 0 && why.kind == ERROR_STATE;
}

/* --- waiting ---------------------------------------------------------- */

static bool
check_stop(const struct final *final, struct error *err)
{
	const bool *stop = final->wait.stop;
	return stop == NULL || !*stop ||
	    error_set(err, ERROR_CANCELLED, "interrupted");
}

static bool
pause_a_little(const struct final *final, struct error *err)
{
	const int64_t end = clock_now() + LOOK_MS;
	for (int64_t now; (now = clock_now()) < end;)
		if (!check_stop(final, err) ||
		    !loop_turn(final->wait.loop, end - now, err))
			return false;
	return true;
}

static bool
say_locked(const char *lock, struct error *err)
{
	struct stat st;
	autofree char *age = NULL;
	if (stat(lock, &st) == 0)
		age = clock_duration_text(
		    clock_wall() - (int64_t)st.st_mtime * 1000);
	return error_set(err, ERROR_GIT,
	    "another git is at work, or died and left %s%s%s%s", lock,
	    age == NULL ? "" : " (", age == NULL ? "" : age,
	    age == NULL ? "" : " old)");
}

/* Never remove a lock of the user's: wait a while, then say whose it is. */
static bool
wait_for_lock(const struct final *final, const char *git_dir, struct error *err)
{
	autofree char *lock = path_join(git_dir, "index.lock");
	int64_t deadline = clock_now() + LOCK_PATIENCE_MS;
	while (path_exists(lock)) {
		if (clock_now() >= deadline)
			return say_locked(lock, err);
		if (!pause_a_little(final, err))
			return false;
	}
	return true;
}

static bool
check_idle(const struct final *final, const char *tree, struct error *err)
{
	static const char *const states[] = { "MERGE_HEAD", "CHERRY_PICK_HEAD",
		"REVERT_HEAD", "rebase-merge", "rebase-apply", "sequencer" };
	autofree char *git_dir = head_git_dir(tree, err);
	if (git_dir == NULL)
		return false;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		autofree char *file = path_join(git_dir, states[i]);
		if (path_exists(file))
			return error_set(err, ERROR_GIT,
			    "%s is in the middle of another operation (%s)",
			    tree, states[i]);
	}
	return wait_for_lock(final, git_dir, err);
}

/* --- the merge in a tree ---------------------------------------------- */

static void
say_conflict(const struct strv *paths, struct error *err)
{
	autostr struct str list = { 0 };
	for (size_t i = 0; i < paths->n && i < PATHS_SHOWN; i++) {
		const char *path = paths->items[i];
		str_add(&list, i == 0 ? "" : ", ");
		text_visible(&list, path, strlen(path), true);
	}
	if (paths->n > PATHS_SHOWN)
		str_format(&list, " and %zu more", paths->n - PATHS_SHOWN);
	error_set(err, ERROR_GIT, "conflict in %s",
	    paths->n == 0 ? "a file" : str_text(&list));
}

/* The paths of entries "MODE OID STAGE<tab>PATH", several of each path. */
static void
list_unmerged(const char *tree, struct strv *paths)
{
	autostr struct str out = { 0 };
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "ls-files", "-u", "-z", NULL };
	if (!git_run(tree, args, &out, &ignored))
		return;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1) {
		const char *path = strchr(at, '\t');
		const char *last =
		    paths->n == 0 ? "" : paths->items[paths->n - 1];
		if (path != NULL && strcmp(path + 1, last) != 0)
			strv_add(paths, path + 1);
	}
}

/* A merge of tip is begun there and not committed. */
static bool
is_begun(const char *git_dir, const char *tip)
{
	autoerror struct error ignored = { 0 };
	autostr struct str head = { 0 };
	autofree char *file = path_join(git_dir, "MERGE_HEAD");
	if (!file_read(file, SMALL_FILE, &head, &ignored))
		return false;
	str_cut(&head, strcspn(str_text(&head), "\n"));
	return str_is(&head, tip);
}

/*
 * Its files are written: the index has the merged tree. The hook that comes
 * then runs before git writes down that a merge is begun.
 */
static bool
is_written(const char *tree, const char *git_dir, const char *merged)
{
	autoerror struct error ignored = { 0 };
	autofree char *lock = path_join(git_dir, "index.lock");
	const char *const args[] = { "diff-index", "--cached", "--quiet",
		"--ignore-submodules=none", merged, "--", NULL };
	return !path_exists(lock) && git_run(tree, args, NULL, &ignored);
}

/*
 * Only a merge that is ours: the user may have begun one in between. Nobody can
 * end this: half a merge must not stay. What failed is in err already.
 */
static void
take_back(const struct final *final, const char *tree, const char *tip,
    const char *merged, struct error *err)
{
	const struct final patient = { .repo = final->repo,
		.wait = { .loop = final->wait.loop } };
	const char *const abort[] = { "merge", "--abort", NULL };
	const char *const reset[] = { "reset", "-q", "--merge", "HEAD", NULL };
	autoerror struct error why = { 0 };
	autofree char *git_dir = head_git_dir(tree, &why);
	for (int i = 0; git_dir != NULL; i++) {
		bool begun = is_begun(git_dir, tip);
		error_release(&why);
		if (!begun && !is_written(tree, git_dir, merged))
			return;
		if (git_run_on(
			&patient.wait, tree, begun ? abort : reset, NULL, &why))
			return;
		if (i >= TAKE_BACK_TRIES || !pause_a_little(&patient, &why))
			break;
	}
	if (why.kind != ERROR_NONE)
		error_wrap(err,
		    "the merge could not be taken back in %s (%s): "
		    "'git reset --merge' does that; it failed because of",
		    tree, error_text(&why));
}

/* Another git was at work in the tree, and will have ended soon. */
static bool
lost_race(const struct git_result *git)
{
	const char *said = str_text(&git->err);
	return strstr(said, "index.lock") != NULL ||
	    strstr(said, "Unable to write index") != NULL ||
	    strstr(said, "cannot lock ref") != NULL;
}

/* What stood in the way, in words that do not ask for what was taken back. */
static void
explain(const char *tree, const struct git_result *git, bool *conflict,
    struct error *err)
{
	autostrv struct strv paths = { 0 };
	list_unmerged(tree, &paths);
	*conflict = paths.n > 0;
	if (*conflict)
		say_conflict(&paths, err);
	else if (!git_found_in_way(git, err))
		git_complain("git merge", git, err);
}

/* Files are left alone where the merge is in conflict, or writes over some. */
struct preview {
	const struct final *final;
	const char *tree;
	bool done;
	bool conflict;
	struct strv paths; /* in conflict */
	char merged[GIT_OID_SIZE]; /* tree; "": there is none */
	struct error err;
};

static void
preview_made(const struct merged *merged, const struct error *err, void *arg)
{
	struct preview *preview = arg;
	preview->done = true;
	if (merged == NULL) {
		error_set(&preview->err, err->kind, "%s", error_text(err));
		return;
	}
	preview->conflict = merged->conflict;
	strv_copy(&preview->paths, &merged->paths);
	snprintf(preview->merged, sizeof(preview->merged), "%s", merged->tree);
}

static bool
make_preview(struct preview *preview, const char *tip, struct error *err)
{
	struct loop *loop = preview->final->wait.loop;
	autostr struct str head = { 0 };
	const char *const args[] = { "rev-parse", "--verify", "-q", "HEAD",
		NULL };
	if (!git_run(preview->tree, args, &head, err))
		return false;
	struct merger *merger =
	    merger_new(loop, preview->tree, preview->final->repo->common_dir);
	merger_start(merger, str_text(&head), tip, preview_made, preview);
	bool ok = true;
	while (ok && !preview->done)
		ok = loop_turn(loop, -1, err);
	merger_free(merger);
	if (ok && preview->err.kind != ERROR_NONE) {
		error_move(err, &preview->err);
		ok = false;
	}
	error_release(&preview->err);
	return ok;
}

/* A conflict is left to the user's own git, which looks at less than we do. */
static bool
look_first(const struct final *final, const char *tree, const char *tip,
    char merged[GIT_OID_SIZE], bool *conflict, struct error *err)
{
	struct obstacles found = { 0 };
	struct preview preview = { .final = final, .tree = tree };
	bool ok = make_preview(&preview, tip, err) &&
	    (*preview.merged == '\0' ||
		obstacles_find(
		    wait_of(final), tree, preview.merged, &found, err)) &&
	    obstacles_none(&found, err);
	if (ok && preview.conflict) {
		*conflict = true;
		say_conflict(&preview.paths, err);
		ok = false;
	}
	memcpy(merged, preview.merged, sizeof(preview.merged));
	strv_release(&preview.paths);
	obstacles_release(&found);
	return ok;
}

/*
 * When it may be ended: as long as git writes files, that would leave some of
 * them. In a hook, or at the question for a signature, it has begun a merge
 * that can be taken back; behind the commit it has nothing left to do.
 */
struct guard {
	const struct final *final;
	const char *tree;
	const char *git_dir;
	const char *tip;
	const char *merged;
	struct head before;
	bool may_end;
	struct timer *timer;
};

static bool
has_moved(const struct guard *guard)
{
	autoerror struct error ignored = { 0 };
	struct head now;
	if (!head_read(guard->tree, &now, &ignored))
		return false;
	bool moved = strcmp(now.oid, guard->before.oid) != 0;
	head_release(&now);
	return moved;
}

static void
look_whether_to_end(void *arg)
{
	struct guard *guard = arg;
	const bool *stop = guard->final->wait.stop;
	guard->timer = NULL;
	if (stop != NULL && *stop &&
	    (is_begun(guard->git_dir, guard->tip) || has_moved(guard) ||
		is_written(guard->tree, guard->git_dir, guard->merged)))
		guard->may_end = true;
	else
		guard->timer = loop_after(guard->final->wait.loop, LOOK_MS,
		    look_whether_to_end, guard);
}

static bool
call_merge(const struct final *final, const char *tree, const char *tip,
    const char *merged, const char *const *args, struct git_result *git,
    struct error *err)
{
	struct guard guard = {
		.final = final, .tree = tree, .tip = tip, .merged = merged
	};
	const struct git_wait wait = { .loop = final->wait.loop,
		.stop = &guard.may_end };
	const struct git_options options = { .purpose = GIT_FOR_MERGE,
		.wait = &wait };
	autofree char *git_dir = head_git_dir(tree, err);
	if (git_dir == NULL || !head_read(tree, &guard.before, err))
		return false;
	guard.git_dir = git_dir;
	guard.timer =
	    loop_after(wait.loop, LOOK_MS, look_whether_to_end, &guard);
	bool ran = git_call(tree, args, &options, git, err);
	timer_remove(guard.timer);
	head_release(&guard.before);
	return ran;
}

/* Whatever git said at the end: the commit is there, or it is not. */
static bool
has_tip(const char *tree, const char *tip)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", tip, "HEAD",
		NULL };
	return git_run(tree, args, NULL, &ignored);
}

/* One try; *again: another git was at work meanwhile. */
static bool
try_merge(const struct final *final, const char *tree, const char *tip,
    const char *const *args, bool *conflict, bool *again, struct error *err)
{
	struct git_result git = { 0 };
	char merged[GIT_OID_SIZE] = "";
	*again = false;
	if (!check_idle(final, tree, err) ||
	    !look_first(final, tree, tip, merged, conflict, err) ||
	    !check_stop(final, err))
		return false;
	bool ran = call_merge(final, tree, tip, merged, args, &git, err);
	bool ok = (ran && git.code == 0) || has_tip(tree, tip);
	if (ok) {
		error_release(err);
	} else {
		*again = ran && lost_race(&git);
		if (ran)
			explain(tree, &git, conflict, err);
		take_back(final, tree, tip, merged, err);
	}
	git_result_release(&git);
	return ok;
}

static bool
merge_in_tree(const struct final *final, const char *tree, const char *source,
    const char *message, bool *conflict, struct error *err)
{
	autostr struct str tip = { 0 };
	autofree char *from = ref_of(source);
	const char *const args[] = { "merge", "--no-ff", "--no-edit", "-m",
		message, from, NULL };
	bool again = false;
	if (!resolve(final->repo, from, &tip, err))
		return false;
	for (unsigned tries = 1;; tries++) {
		autoerror struct error why = { 0 };
		if (try_merge(final, tree, str_text(&tip), args, conflict,
			&again, &why))
			return true;
		if (!again || tries >= RACE_TRIES) {
			error_move(err, &why);
			return false;
		}
		if (!pause_a_little(final, err))
			return false;
	}
}

/* A merge of objects, waited for. */
struct final_wait {
	struct objects *objects;
	const char *ref;
	const char *old;
	const char *tip;
	bool done;
	bool conflict;
	struct error err;
};

static void
branch_moved(const struct error *err, void *arg)
{
	struct final_wait *wait = arg;
	wait->done = true;
	if (err != NULL)
		error_set(&wait->err, err->kind, "%s", error_text(err));
}

static void
objects_merged(const struct merge_result *result, void *arg)
{
	struct final_wait *wait = arg;
	const char *const known[] = { wait->old, wait->tip, NULL };
	const struct ref_change change = {
		.ref = wait->ref,
		.old = wait->old,
		.new = result->commit,
	};
	const struct objects_hardening hardening = {
		.tip = result->commit,
		.known = known,
		.changes = &change,
		.n_changes = 1,
	};
	switch (result->outcome) {
	case MERGE_DONE:
		objects_harden(wait->objects, &hardening, branch_moved, wait);
		return;
	case MERGE_CONFLICT:
		wait->conflict = true;
		say_conflict(&result->paths, &wait->err);
		break;
	case MERGE_FAILED:
		error_set(&wait->err, result->err->kind, "%s",
		    error_text(result->err));
		break;
	}
	wait->done = true;
}

/* Nobody looks at the branch: its ref moves, no file does. */
static bool
merge_objects(const struct final *final, const char *source, const char *target,
    const char *message, bool *conflict, struct error *err)
{
	const struct repo *repo = final->repo;
	struct loop *loop = final->wait.loop;
	autostr struct str old = { 0 };
	autostr struct str tip = { 0 };
	autofree char *from = ref_of(source);
	autofree char *to = ref_of(target);
	autofree char *identity = repo_identity(repo);
	if (!resolve(repo, to, &old, err) || !resolve(repo, from, &tip, err))
		return false;
	struct final_wait wait = {
		.objects = objects_open(loop, repo->root, repo->common_dir),
		.ref = to,
		.old = str_text(&old),
		.tip = str_text(&tip),
	};
	struct merge_request request = {
		.old = wait.old,
		.tip = wait.tip,
		.message = message,
		.identity = identity,
		.wall_ms = clock_wall(),
	};
	bool ok = true;
	merge_start(wait.objects, &request, objects_merged, &wait);
	while (!wait.done && ok)
		ok = loop_turn(loop, -1, err);
	objects_close(wait.objects);
	*conflict = wait.conflict;
	if (ok && wait.err.kind != ERROR_NONE) {
		error_move(err, &wait.err);
		ok = false;
	}
	error_release(&wait.err);
	return ok;
}

bool
final_merge(const struct final *final, const char *source, const char *target,
    const char *message, bool *conflict, struct error *err)
{
	char *found = NULL;
	*conflict = false;
	if (!find_tree(final->repo, target, &found, err))
		return false;
	autofree char *tree = found;
	bool merged = tree == NULL
	    ? merge_objects(final, source, target, message, conflict, err)
	    : merge_in_tree(final, tree, source, message, conflict, err);
	if (!merged)
		return error_wrap(err, "merging %s into %s", source, target);
	bool contains = false;
	const struct final patient = { .repo = final->repo };
	if (!final_is_merged(&patient, source, target, &contains, err))
		return false;
	if (!contains)
		return error_set(err, ERROR_GIT,
		    "%s does not contain %s after the merge", target, source);
	return true;
}
