/* SPDX-License-Identifier: MIT */
/* A commit's changes as uncommitted ones. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/bring.h"
#include "git/git.h"
#include "git/head.h"
#include "git/merger.h"
#include "proc/child.h"

#define INDEX_LIMIT ((size_t)512 * 1024 * 1024)
#define DIGITS 8
#define PATHS_SHOWN 5

struct bring_job {
	const struct bring *what;
	char *git_dir; /* of the work tree */
	char *index; /* temporary ones of ours */
	char *patch;
	/* Ids: of trees; of commits made for the merge; of the merged tree. */
	struct str ours;
	struct str old;
	struct str tip;
	struct str merged;
	/* The answer of the merger. */
	bool done;
	struct strv conflicts;
	struct error err;
};

/* --- git, with a temporary index of ours ------------------------------ */

static bool
run_git(const struct bring_job *job, const char *const *args, struct str *out,
    struct error *err)
{
	autostrv struct strv env = { 0 };
	strv_format(&env, "GIT_INDEX_FILE=%s", job->index);
	strv_add(&env, "GIT_AUTHOR_NAME=prodigy");
	strv_add(&env, "GIT_AUTHOR_EMAIL=prodigy@localhost");
	strv_add(&env, "GIT_COMMITTER_NAME=prodigy");
	strv_add(&env, "GIT_COMMITTER_EMAIL=prodigy@localhost");
	const struct git_options options = { .extra_env = &env };
	struct git_result git = { 0 };
	if (!git_call(job->what->dir, args, &options, &git, err))
		return false;
	autofree char *name = mem_format("git %s", args[0]);
	bool ok = git.code == 0 || git_complain(name, &git, err);
	if (ok && out != NULL)
		str_add_str(out, &git.out);
	git_result_release(&git);
	return ok;
}

/* The one id that a command prints. */
static bool
run_for_id(const struct bring_job *job, const char *const *args, struct str *id,
    struct error *err)
{
	str_clear(id);
	if (!run_git(job, args, id, err))
		return false;
	str_cut(id, strcspn(str_text(id), "\n"));
	return git_is_oid(str_text(id)) ||
	    error_set(err, ERROR_GIT, "git %s: no id", args[0]);
}

static bool
write_index(const struct bring_job *job, struct str *tree, struct error *err)
{
	const char *const write[] = { "write-tree", NULL };
	return run_for_id(job, write, tree, err);
}

/* --- the three sides -------------------------------------------------- */

/* The tracked files as they lie there; what is in the index alone is not. */
static bool
read_ours(struct bring_job *job, struct error *err)
{
	autostr struct str bytes = { 0 };
	autofree char *index = path_join(job->git_dir, "index");
	const char *const add[] = { "-c", "core.safecrlf=false", "add", "-u",
		"--", ".", NULL };
	if (path_exists(index) &&
	    (!file_read(index, INDEX_LIMIT, &bytes, err) ||
		!file_replace_derived(
		    job->index, str_text(&bytes), bytes.len, err)))
		return false;
	return run_git(job, add, NULL, err) &&
	    write_index(job, &job->ours, err);
}

static bool
make_commit(const struct bring_job *job, const char *tree, const char *parent,
    struct str *commit, struct error *err)
{
	const char *const make[] = { "commit-tree", "-m", "apply", tree,
		parent == NULL ? NULL : "-p", parent, NULL };
	return run_for_id(job, make, commit, err);
}

/* The tree of a commit, below a folder if it belongs there. */
static bool
place_tree(const struct bring_job *job, const char *commit, struct str *tree,
    struct error *err)
{
	const char *below = job->what->below;
	autofree char *name = mem_format("%s^{tree}", commit);
	const char *const parse[] = { "rev-parse", "--verify",
		"--end-of-options", name, NULL };
	if (below == NULL)
		return run_for_id(job, parse, tree, err);
	if (!path_is_beneath(below))
		return error_set(err, ERROR_GIT, "'%s' is no path", below);
	autofree char *prefix = mem_format("--prefix=%s/", below);
	const char *const none[] = { "read-tree", "--empty", NULL };
	const char *const read[] = { "read-tree", prefix, commit, NULL };
	return run_git(job, none, NULL, err) && run_git(job, read, NULL, err) &&
	    write_index(job, tree, err);
}

/*
 * Commits of our own, whatever history the sides have: two children of one
 * that has the base's tree, so that the merge takes this one for the base.
 */
static bool
make_sides(struct bring_job *job, struct error *err)
{
	autostr struct str tree = { 0 };
	autostr struct str base = { 0 };
	const char *const none[] = { "mktree", NULL };
	bool ok = job->what->base == NULL
	    ? run_for_id(job, none, &tree, err)
	    : place_tree(job, job->what->base, &tree, err);
	return ok && make_commit(job, str_text(&tree), NULL, &base, err) &&
	    make_commit(
		job, str_text(&job->ours), str_text(&base), &job->old, err) &&
	    place_tree(job, job->what->commit, &tree, err) &&
	    make_commit(job, str_text(&tree), str_text(&base), &job->tip, err);
}

/* --- the merge -------------------------------------------------------- */

static void
tree_merged(const struct merged *merged, const struct error *err, void *arg)
{
	struct bring_job *job = arg;
	job->done = true;
	if (merged == NULL) {
		error_set(&job->err, err->kind, "%s", error_text(err));
		return;
	}
	str_add(&job->merged, merged->tree);
	if (merged->conflict)
		strv_copy(&job->conflicts, &merged->paths);
	if (merged->conflict && merged->paths.n == 0)
		strv_add(&job->conflicts, "a file");
}

static bool
merge_sides(struct bring_job *job, struct error *err)
{
	struct loop *loop = loop_new();
	struct merger *merger = merger_new(loop, job->what->dir, job->git_dir);
	bool ok = true;
	merger_start(
	    merger, str_text(&job->old), str_text(&job->tip), tree_merged, job);
	while (!job->done && ok)
		ok = loop_turn(loop, -1, err);
	merger_free(merger);
	child_abandon_all(loop);
	loop_free(loop);
	if (ok && job->err.kind != ERROR_NONE) {
		error_move(err, &job->err);
		ok = false;
	}
	return ok;
}

static bool
in_way(const struct strv *paths, const char *why, struct error *err)
{
	autostr struct str list = { 0 };
	for (size_t i = 0; i < paths->n && i < PATHS_SHOWN; i++) {
		const char *path = paths->items[i];
		str_add(&list, i == 0 ? "" : ", ");
		text_visible(&list, path, strlen(path), true);
	}
	if (paths->n > PATHS_SHOWN)
		str_format(&list, " and %zu more", paths->n - PATHS_SHOWN);
	return error_set(err, ERROR_STATE, "nothing was changed: %s %s", why,
	    str_text(&list));
}

/* --- the files -------------------------------------------------------- */

static bool
is_there(const char *dir, const char *path)
{
	struct stat st;
	autofree char *full = path_join(dir, path);
	return lstat(full, &st) == 0;
}

/* What changes; where a new file should come, nothing may lie yet. */
static bool
list_changes(
    const struct bring_job *job, struct strv *changed, struct error *err)
{
	autostr struct str out = { 0 };
	autostrv struct strv there = { 0 };
	const char *const args[] = { "diff-tree", "-r", "-z", "--name-status",
		"--no-renames", str_text(&job->ours), str_text(&job->merged),
		NULL };
	if (!run_git(job, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end;) {
		bool is_new = *at == 'A';
		at += strlen(at) + 1;
		if (at >= end)
			break;
		strv_add(changed, at);
		if (is_new && is_there(job->what->dir, at))
			strv_add(&there, at);
		at += strlen(at) + 1;
	}
	return there.n == 0 ||
	    in_way(
		&there, "files that git does not track are in the way:", err);
}

/* git-apply checks all of a patch before it writes anything. */
static bool
change_files(const struct bring_job *job, struct error *err)
{
	autofree char *output = mem_format("--output=%s", job->patch);
	const char *const diff[] = { "diff-tree", "-r", "-p", "--binary",
		"--full-index", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", output,
		str_text(&job->ours), str_text(&job->merged), NULL };
	const char *const apply[] = { "-c", "core.safecrlf=false", "apply",
		"--whitespace=nowarn", "--no-ignore-whitespace", "--",
		job->patch, NULL };
	return run_git(job, diff, NULL, err) && run_git(job, apply, NULL, err);
}

static bool
bring(struct bring_job *job, struct strv *changed, struct error *err)
{
	if (!read_ours(job, err) || !make_sides(job, err) ||
	    !merge_sides(job, err))
		return false;
	if (job->conflicts.n > 0)
		return in_way(
		    &job->conflicts, "it conflicts with yours in", err);
	return list_changes(job, changed, err) &&
	    (changed->n == 0 || change_files(job, err));
}

bool
bring_changes(const struct bring *what, struct strv *changed, struct error *err)
{
	char digits[DIGITS + 1];
	struct bring_job job = { .what = what };
	job.git_dir = head_git_dir(what->dir, err);
	if (job.git_dir == NULL)
		return false;
	id_hex(digits, DIGITS);
	job.index = mem_format("%s/prodigy-apply-%s", job.git_dir, digits);
	job.patch = mem_format("%s.patch", job.index);
	bool ok = bring(&job, changed, err);
	(void)unlink(job.index);
	(void)unlink(job.patch);
	free(job.git_dir);
	free(job.index);
	free(job.patch);
	str_release(&job.ours);
	str_release(&job.old);
	str_release(&job.tip);
	str_release(&job.merged);
	strv_release(&job.conflicts);
	error_release(&job.err);
	return ok;
}

char *
bring_top(const char *dir, struct error *err)
{
	autostr struct str top = { 0 };
	const char *const args[] = { "rev-parse", "--show-toplevel", NULL };
	if (!git_run(dir, args, &top, err))
		return NULL;
	if (top.len == 0) {
		error_set(err, ERROR_GIT, "%s is in no work tree", dir);
		return NULL;
	}
	return str_take(&top);
}
