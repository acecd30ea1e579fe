/* SPDX-License-Identifier: MIT */
/* Keeping what would be lost. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/head.h"
#include "git/index_file.h"
#include "git/salvage.h"

#define REF_TRIES 5

/* --- refs ------------------------------------------------------------- */

/* Runs git, with an index file of its own unless index is NULL. */
static bool
run_git(const char *path, const char *index, const char *const *args,
    struct str *out, struct error *err)
{
	autostrv struct strv env = { 0 };
	if (index != NULL)
		strv_format(&env, "GIT_INDEX_FILE=%s", index);
	strv_add(&env, "GIT_AUTHOR_NAME=prodigy");
	strv_add(&env, "GIT_AUTHOR_EMAIL=prodigy@localhost");
	strv_add(&env, "GIT_COMMITTER_NAME=prodigy");
	strv_add(&env, "GIT_COMMITTER_EMAIL=prodigy@localhost");
	struct git_options options = { .extra_env = &env };
	struct git_result git = { 0 };
	if (!git_call(path, args, &options, &git, err))
		return false;
	bool ok = git.code == 0 || git_complain("git", &git, err);
	if (ok && out != NULL) {
		str_add_str(out, &git.out);
		while (out->len > 0 && out->data[out->len - 1] == '\n')
			str_cut(out, out->len - 1);
	}
	git_result_release(&git);
	return ok;
}

/* The highest number that a ref of the owner has, or 0. */
static bool
last_number(
    const struct salvage_owner *owner, unsigned long *last, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "for-each-ref", "--format=%(refname)",
		"--", owner->refs, NULL };
	if (!run_git(owner->dir, NULL, args, &out, err))
		return false;
	*last = 0;
	autofree char *copy = str_take(&out);
	char *rest = copy;
	for (char *name; (name = strsep(&rest, "\n")) != NULL;) {
		unsigned long number = strtoul(path_name(name), NULL, 10);
		if (number > *last)
			*last = number;
	}
	return true;
}

void
salvage_ref_release(struct salvage_ref *ref)
{
	free(ref->name);
	*ref = (struct salvage_ref){ 0 };
}

/* Somebody else may take a number at the same time: git does not let both. */
bool
salvage_put(const struct salvage_owner *owner, const char *commit,
    struct salvage_ref *ref, struct error *err)
{
	if (!git_is_oid(commit))
		return error_set(err, ERROR_GIT, "'%s' is no commit", commit);
	for (unsigned i = 0; i < REF_TRIES; i++) {
		unsigned long last;
		error_release(err);
		if (!last_number(owner, &last, err))
			break;
		autofree char *name =
		    mem_format("%s/%lu", owner->refs, last + 1);
		const char *const create[] = { "update-ref", name, commit, "",
			NULL };
		if (!run_git(owner->dir, NULL, create, NULL, err))
			continue;
		ref->name = mem_text(name);
		memcpy(ref->commit, commit, strlen(commit) + 1);
		return true;
	}
	return error_wrap(err, "keeping commit %s", commit);
}

/* --- files ------------------------------------------------------------ */

/* With nothing hidden. */
static bool
copy_index(
    const char *tree, const char *from, const char *to, struct error *err)
{
	return !path_exists(from) ||
	    (index_copy(from, to, err) && index_uncover(tree, to, err));
}

/* Unreadable files do not keep the readable ones from being added. */
static bool
add_all(const struct salvage_owner *owner, const char *index, struct error *err)
{
	static const char *const add[] = { "-c", "advice.addEmbeddedRepo=false",
		"-c", "core.safecrlf=false", "-c", "core.sparseCheckout=false",
		"add", "-A", "--ignore-errors", "--pathspec-from-file=-",
		"--pathspec-file-nul", NULL };
	static const struct nested_list none;
	autostrv struct strv env = { 0 };
	autostr struct str paths = { 0 };
	struct git_result git = { 0 };
	nested_add_pathspecs(
	    owner->apart == NULL ? &none : owner->apart, "", &paths);
	strv_format(&env, "GIT_INDEX_FILE=%s", index);
	const struct git_options options = { .extra_env = &env,
		.input = str_text(&paths),
		.input_len = paths.len };
	if (!git_call(owner->dir, add, &options, &git, err))
		return false;
	bool ok = git.code == 0 || git_complain("git add", &git, err);
	git_result_release(&git);
	return ok;
}

/* A tree as a commit of this kind, kept for the owner. */
static bool
keep_tree(const struct salvage_owner *owner, const char *tree, const char *kind,
    const char *const *parents, struct salvage_ref *ref, struct error *err)
{
	autostrv struct strv make = { 0 };
	autostr struct str commit = { 0 };
	autofree char *subject =
	    mem_format("Work of %s: %s", owner->item, kind);
	autofree char *trailers = mem_format("Prodigy-Salvage: %s\n"
					     "Prodigy-Item: %s\n"
					     "Prodigy-Attempt: %u\n",
	    kind, owner->item, owner->attempt);
	strv_add(&make, "commit-tree");
	strv_add(&make, tree);
	strv_add(&make, "-m");
	strv_add(&make, subject);
	strv_add(&make, "-m");
	strv_add(&make, trailers);
	for (; *parents != NULL; parents++) {
		strv_add(&make, "-p");
		strv_add(&make, *parents);
	}
	return run_git(owner->dir, NULL, (const char *const *)strv_array(&make),
		   &commit, err) &&
	    salvage_put(owner, str_text(&commit), ref, err);
}

static bool
tree_of(const struct salvage_owner *owner, const char *commit, struct str *tree,
    struct error *err)
{
	if (commit == NULL)
		return true;
	autofree char *name = mem_format("%s^{tree}", commit);
	const char *const args[] = { "rev-parse", "--verify", "-q", name,
		NULL };
	return run_git(owner->dir, NULL, args, tree, err);
}

bool
salvage_stash(const struct salvage_owner *owner, const char *stash,
    struct salvage_ref *ref, struct error *err)
{
	autostr struct str tree = { 0 };
	autofree char *base = mem_format("%s^1", stash);
	const char *const parents[] = { base, stash, NULL };
	return tree_of(owner, stash, &tree, err) &&
	    keep_tree(owner, str_text(&tree), "stash", parents, ref, err);
}

/*
 * Both trees of an index that is a copy: what is staged, and with all files
 * added. Each is kept that is new. An index with unmerged entries has no tree:
 * its files say it all.
 */
static bool
keep_both(const struct salvage_owner *owner, const char *index,
    const char *parent, struct salvage_files *kept, struct error *err)
{
	autostr struct str committed = { 0 };
	autostr struct str staged = { 0 };
	autostr struct str files = { 0 };
	autoerror struct error ignored = { 0 };
	autoerror struct error why = { 0 };
	const char *const parents[] = { parent, NULL };
	const char *const write[] = { "write-tree", NULL };
	if (!tree_of(owner, parent, &committed, err))
		return false;
	if (!run_git(owner->dir, index, write, &staged, &ignored))
		str_clear(&staged);
	/* What cannot be added is told, and the rest is kept. */
	bool complete = add_all(owner, index, err);
	bool all = run_git(owner->dir, index, write, &files, &why) &&
	    (str_is(&files, str_text(&committed)) ||
		keep_tree(owner, str_text(&files), "uncommitted", parents,
		    &kept->files, &why)) &&
	    (staged.len == 0 || str_is(&staged, str_text(&files)) ||
		str_is(&staged, str_text(&committed)) ||
		keep_tree(owner, str_text(&staged), "index", parents,
		    &kept->staged, &why));
	if (complete && !all)
		error_move(err, &why);
	return complete && all;
}

bool
salvage_files(const struct salvage_owner *owner, const char *parent,
    struct salvage_files *kept, struct error *err)
{
	*kept = (struct salvage_files){ 0 };
	autofree char *git_dir = head_git_dir(owner->dir, err);
	if (git_dir == NULL)
		return false;
	autofree char *own = path_join(git_dir, "index");
	autofree char *copy = path_join(git_dir, "prodigy-salvage-index");
	(void)unlink(copy);
	bool ok = copy_index(owner->dir, own, copy, err) &&
	    keep_both(owner, copy, parent, kept, err);
	(void)unlink(copy);
	return ok ||
	    error_wrap(err,
		kept->files.name != NULL
		    ? "not all uncommitted work of %s was kept"
		    : "keeping uncommitted work of %s",
		owner->dir);
}
