/* SPDX-License-Identifier: MIT */
/* What an agent did not commit. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

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
	if (!worktree_add_branch(&repo, tree, "t1", repo.head, "test", &err))
		held(&err, false, "a new one comes");
}

static struct salvage_owner owner = {
	.refs = "refs/prodigy/salvage/j/item_3",
	.item = "item_3",
	.attempt = 2,
};

/* The last thing that was kept. */
static struct salvage_ref last;
static struct salvage_ref staged;

static bool
keep(struct error *err)
{
	struct salvage_files kept;
	salvage_ref_release(&last);
	salvage_ref_release(&staged);
	bool ok = salvage_files(&owner, "HEAD", &kept, err);
	last = kept.files;
	staged = kept.staged;
	return ok;
}

static char *
shown(const char *format)
{
	autofree char *command =
	    mem_format("git show -s --format=%s %s", format, last.name);
	return sh_out(tree, command);
}

static void
test_files(void)
{
	autoerror struct error err = { 0 };
	fresh();
	sh(tree,
	    "echo committed >> b; git commit -qam own; echo staged >> a;"
	    "git add a; echo more >> a; rm d/c; touch -- -rf new;"
	    "echo '*.o' > .gitignore; touch x.o");
	autofree char *before = sh_out(tree,
	    "git status --porcelain;"
	    "git rev-parse HEAD");
	held(&err, keep(&err), "uncommitted work is kept");
	autofree char *after = sh_out(tree,
	    "git status --porcelain;"
	    "git rev-parse HEAD");
	tap_is_text(after, before, "the tree is as before");
	tap_is_text(
	    last.name, "refs/prodigy/salvage/j/item_3/1", "the first ref");
	autofree char *at = rev(tree, last.name);
	tap_is_text(at, last.commit, "it leads to the commit");
	autofree char *files = sh_out(tree,
	    "git ls-tree -r --name-only "
	    "refs/prodigy/salvage/j/item_3/1");
	tap_is_text(files, "-rf\n.gitignore\na\nb\nnew",
	    "it has all files but the ignored ones");
	autofree char *a = sh_out(tree,
	    "git show refs/prodigy/salvage/j/item_3/1:a "
	    "| tail -n 1");
	tap_is_text(a, "more", "they are as they lie there");
	autofree char *index = sh_out(tree,
	    "git show refs/prodigy/salvage/j/item_3/2:a "
	    "| tail -n 1");
	tap_is_text(index, "staged", "what was staged is kept besides");
	autofree char *trailers = shown("'%an %ce%n%(trailers:only)'");
	tap_is_text(trailers,
	    "prodigy prodigy@localhost\nProdigy-Salvage: uncommitted\n"
	    "Prodigy-Item: item_3\nProdigy-Attempt: 2\n",
	    "what it is can be told from git alone");
	tap_ok(
	    worktree_is_reusable(tree), "nothing is left behind in the tree");
}

static void
test_partly(void)
{
	autoerror struct error err = { 0 };
	sh(tree, "mkdir bad; cd bad; git init -q");
	tap_ok(!keep(&err), "what cannot be added is a failure");
	autofree char *partly = sh_out(
	    tree, "git show refs/prodigy/salvage/j/item_3/3:a | tail -n 1");
	tap_is_text(partly, "more", "the rest is kept nevertheless");
	tap_is_text(
	    last.name, "refs/prodigy/salvage/j/item_3/3", "under a new ref");
	sh(tree, "rm -rf bad");
}

static void
test_conflict(void)
{
	autoerror struct error err = { 0 };
	sh(tree,
	    "git checkout -q -f -b side main; echo s > a;"
	    "git commit -qam s; git checkout -q -f t1;"
	    "git merge side || true");
	held(&err, keep(&err), "work in the middle of a conflict is kept");
}

/* A ref that is there is somebody's work, whatever it is named. */
static void
test_refs(void)
{
	autoerror struct error err = { 0 };
	autofree char *main = rev(tree, "main");
	sh(tree, "git update-ref refs/prodigy/salvage/j/item_3/41 t1");
	salvage_ref_release(&last);
	held(&err, salvage_put(&owner, main, &last, &err), "a commit is kept");
	tap_is_text(last.name, "refs/prodigy/salvage/j/item_3/42",
	    "its number is higher than all there are");
	sh(tree, "git update-ref refs/prodigy/salvage/other t1");
	struct salvage_owner blocked = owner;
	blocked.refs = "refs/prodigy/salvage/other";
	struct salvage_ref none = { 0 };
	tap_ok(!salvage_put(&blocked, main, &none, &err) && none.name == NULL &&
		err.kind == ERROR_GIT,
	    "a ref that cannot be made is told: %s", error_text(&err));
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("main");
	tree = in_sandbox("tree");
	open_repository(path, &repo);
	owner.dir = tree;
	test_files();
	test_partly();
	test_conflict();
	test_refs();
	salvage_ref_release(&last);
	salvage_ref_release(&staged);
	repo_release(&repo);
	free(tree);
	sandbox_end();
	return tap_done();
}
