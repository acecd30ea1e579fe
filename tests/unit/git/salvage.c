/* SPDX-License-Identifier: MIT */
/* What an agent did not commit. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/salvage.h"
#include "git/worktree.h"
#include "git/worktree_use.h"
#include "support.h"

static struct repo repo;
static char *tree;

static void
fresh(void)
{
	autoerror struct error err = { 0 };
	if (!worktree_remove(&repo, tree, &err))
		held(&err, false, "the last tree goes");
	sh(repo.root,
	    "git branch -q --list 't[0-9]' side | xargs -r git "
	    "branch -qD");
	if (!worktree_add_branch(&repo, tree, "t1", repo.head, &err))
		held(&err, false, "a new one comes");
}

static void
test_salvage(void)
{
	autoerror struct error err = { 0 };
	char commit[GIT_OID_SIZE] = "";
	fresh();
	sh(tree,
	    "echo committed >> b; git commit -qam own; echo staged >> a;"
	    "git add a; echo more >> a; rm d/c; touch -- -rf new;"
	    "echo '*.o' > .gitignore; touch x.o");
	autofree char *before = sh_out(tree,
	    "git status --porcelain;"
	    "git rev-parse HEAD");
	held(&err,
	    salvage_keep(
		tree, "refs/prodigy/salvage/j/1", "kept", commit, &err),
	    "uncommitted work is kept");
	autofree char *after = sh_out(tree,
	    "git status --porcelain;"
	    "git rev-parse HEAD");
	tap_is_text(after, before, "the tree is as before");
	autofree char *at = rev(tree, "refs/prodigy/salvage/j/1");
	tap_is_text(at, commit, "the ref leads to it");
	autofree char *files = sh_out(tree,
	    "git ls-tree -r --name-only "
	    "refs/prodigy/salvage/j/1");
	tap_is_text(files, "-rf\n.gitignore\na\nb\nnew",
	    "it has all files but the ignored ones");
	autofree char *a = sh_out(tree,
	    "git show refs/prodigy/salvage/j/1:a "
	    "| tail -n 1");
	tap_is_text(a, "more", "they are as they lie there");
	tap_ok(
	    worktree_is_reusable(tree), "nothing is left behind in the tree");
	if (geteuid() == 0) {
		sh(tree, "mkdir bad; cd bad; git init -q");
		held(&err,
		    !salvage_keep(
			tree, "refs/prodigy/salvage/j/2", "kept", commit, &err),
		    "what cannot be added is a failure");
		autofree char *partly = sh_out(
		    tree, "git show refs/prodigy/salvage/j/2:a | tail -n 1");
		tap_is_text(partly, "more", "the rest is kept nevertheless");
		error_release(&err);
		sh(tree, "rm -rf bad");
	}
	sh(tree,
	    "git checkout -q -f -b side main; echo s > a;"
	    "git commit -qam s; git checkout -q -f t1;"
	    "git merge side || true");
	held(&err,
	    salvage_keep(
		tree, "refs/prodigy/salvage/j/3", "kept", commit, &err),
	    "work in the middle of a conflict is kept");
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("main");
	tree = in_sandbox("tree");
	open_repository(path, &repo);
	test_salvage();
	repo_release(&repo);
	free(tree);
	sandbox_end();
	return tap_done();
}
