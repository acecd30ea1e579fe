/* SPDX-License-Identifier: MIT */
/* A work tree from one agent to the next. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/worktree.h"
#include "support.h"

static struct repo repo;
static char *tree;

static void
fresh(void)
{
	autoerror struct error err = { 0 };
	if (!worktree_remove(&repo, tree, &err))
		held(&err, false, "refused");
	sh(repo.root,
	    "git branch -q --list 't[0-9]' side | xargs -r git "
	    "branch -qD");
	if (!worktree_add_branch(&repo, tree, "t1", repo.head, &err))
		held(&err, false, "refused");
}

/*
 * After the deed the tree is either refused, or made as good as new: files and
 * index equal to base, the branch there.
 */
static void
expect_reuse(const char *deed, bool reusable)
{
	autoerror struct error err = { 0 };
	fresh();
	sh(tree, deed);
	bool said = worktree_is_reusable(tree);
	tap_is_int(said, reusable, "%s: reusable", deed);
	if (!said)
		return;
	held(&err, worktree_checkout(tree, "t2", repo.head, true, &err), "%s",
	    deed);
	autofree char *state = sh_out(tree,
	    "git status --porcelain --ignored;"
	    "git symbolic-ref HEAD;"
	    "git ls-files -v | grep -v '^H' "
	    "|| true;"
	    "git diff --stat HEAD main");
	tap_is_text(state, "refs/heads/t2", "%s: as good as new", deed);
	autofree char *files = sh_out(tree, "cat a b d/c | cksum; ls -A");
	autofree char *want = sh_out(repo.root, "cat a b d/c | cksum; ls -A");
	tap_is_text(files, want, "%s: the files", deed);
}

static void
test_reuse(void)
{
	expect_reuse("true", true);
	expect_reuse("echo x >> a; git commit -qam x", true);
	expect_reuse("echo x >> a; rm b; touch new; git add new", true);
	expect_reuse("rm -r d; echo file > d; rm a; mkdir a; touch a/x", true);
	expect_reuse("git rm -q --cached a; echo ignored > .gitignore;"
		     "touch ignored; git add .gitignore; git commit -qm i",
	    true);
	expect_reuse("git checkout -q -b side; git commit -q --allow-empty "
		     "-m s; git checkout -q t1; git merge -q --no-ff side",
	    true);
	expect_reuse("git checkout -q --detach; git branch -D t1", true);
	expect_reuse("echo x >> a; git stash -q", true);
	expect_reuse("mkdir n; cd n; git init -q; touch x", true);
	expect_reuse("echo x >> a; git commit -qam 1; git reset -q --soft "
		     "HEAD~; git update-index --chmod=+x b",
	    true);
	expect_reuse("touch -r a stamp; echo >> a; sed -i '$d' a;"
		     "sed -i 's/^1$/9/' a; touch -r stamp a",
	    true);
	expect_reuse("git checkout -q -b side; echo s >> a;"
		     "git commit -qam s; git checkout -q t1; echo t >> a;"
		     "git commit -qam t; git merge side || true",
	    false);
	expect_reuse("git checkout -q -b side; echo s >> a;"
		     "git commit -qam s; git checkout -q t1; echo t >> a;"
		     "git commit -qam t; git rebase side || true",
	    false);
	expect_reuse("git checkout -q -b side; echo s >> a;"
		     "git commit -qam s; git checkout -q t1; echo t >> a;"
		     "git commit -qam t; git cherry-pick side || true",
	    false);
	expect_reuse("git bisect start -q", false);
	expect_reuse("touch \"$(git rev-parse --git-dir)/index.lock\"", false);
	expect_reuse("git update-index --assume-unchanged a; echo >> a", false);
	expect_reuse("git update-index --skip-worktree a; echo >> a", false);
	expect_reuse("git worktree lock .", false);
	expect_reuse("git update-index --split-index", false);
	expect_reuse("git config extensions.worktreeConfig true;"
		     "git config --worktree core.fileMode false;"
		     "git config --unset extensions.worktreeConfig",
	    false);
	expect_reuse("rm .git", false);
	expect_reuse(
	    "rm .git; git init -q; git commit -q --allow-empty -m x", false);
	expect_reuse("rm .git; ln -s ../main/.git .git", false);
	expect_reuse("cp ../other/.git .git", false);
	expect_reuse("git update-ref refs/bisect/x HEAD", false);
}

/* Without clean, what is not tracked stays, but never in the way. */
static void
test_checkout(void)
{
	autoerror struct error err = { 0 };
	fresh();
	sh(tree, "git rm -q b; git commit -qm x; echo mine > b; touch other");
	held(&err, worktree_checkout(tree, "t2", repo.head, false, &err),
	    "untracked file in the way");
	autofree char *state =
	    sh_out(tree, "git status --porcelain; wc -l < b");
	tap_is_text(state, "?? other\n20", "it is replaced, others stay");
	held(&err, !worktree_checkout(tree, "t3", "0123456789", false, &err),
	    "a bad base");
	error_release(&err);
	/* The branch of the last agent is deleted before the next comes. */
	sh(repo.root, "git update-ref -d refs/heads/t2");
	held(&err, worktree_checkout(tree, "t3", repo.head, false, &err),
	    "HEAD on a branch that is gone");
}

static void
test_status(void)
{
	autoerror struct error err = { 0 };
	struct worktree_status status;
	fresh();
	tap_ok(worktree_status(tree, &status, &err), "status");
	tap_ok(
	    status.changed.n == 0 && status.untracked.n == 0 && !status.ignored,
	    "clean");
	worktree_status_release(&status);
	sh(tree,
	    "echo x >> a; git mv b c; touch 'new\nline'; mkdir u;"
	    "touch u/1 u/2; echo '*.o' > .gitignore; touch x.o");
	tap_ok(worktree_status(tree, &status, &err), "status");
	tap_is_int((long long)status.changed.n, 3, "changed, gone, added");
	tap_is_int((long long)status.untracked.n, 3, "untracked");
	tap_ok(strv_has(&status.untracked, "?? new\nline"), "an odd name");
	tap_ok(strv_has(&status.changed, " M a"), "a changed file");
	tap_ok(status.ignored, "ignored files");
	worktree_status_release(&status);
	sh(tree, "mv .git x");
	held(&err, !worktree_status(tree, &status, &err), "no tree");
	sh(tree, "mv x .git");
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
	    worktree_salvage(
		tree, "refs/prodigy/salvage/j/1", "kept", commit, &err),
	    "kept");
	autofree char *after = sh_out(tree,
	    "git status --porcelain;"
	    "git rev-parse HEAD");
	tap_is_text(after, before, "the tree is as before");
	autofree char *at = rev(tree, "refs/prodigy/salvage/j/1");
	tap_is_text(at, commit, "the ref is there");
	autofree char *files = sh_out(tree,
	    "git ls-tree -r --name-only "
	    "refs/prodigy/salvage/j/1");
	tap_is_text(files, "-rf\n.gitignore\na\nb\nnew", "all but ignored");
	autofree char *a = sh_out(tree,
	    "git show refs/prodigy/salvage/j/1:a "
	    "| tail -n 1");
	tap_is_text(a, "more", "as it lies there");
	tap_ok(!worktree_is_reusable("/nonexistent"), "no tree");
	tap_ok(worktree_is_reusable(tree), "nothing was left behind");
	if (geteuid() == 0) {
		sh(tree, "mkdir bad; cd bad; git init -q");
		held(&err,
		    !worktree_salvage(
			tree, "refs/prodigy/salvage/j/2", "kept", commit, &err),
		    "what cannot be added is told");
		autofree char *partly = sh_out(
		    tree, "git show refs/prodigy/salvage/j/2:a | tail -n 1");
		tap_is_text(partly, "more", "the rest is kept");
		error_release(&err);
		sh(tree, "rm -rf bad");
	}
	sh(tree,
	    "git checkout -q -f -b side main; echo s > a;"
	    "git commit -qam s; git checkout -q -f t1;"
	    "git merge side || true");
	held(&err,
	    worktree_salvage(
		tree, "refs/prodigy/salvage/j/3", "kept", commit, &err),
	    "in the middle of a conflict");
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("main");
	tree = in_sandbox("tree");
	autofree char *other = in_sandbox("other");
	open_repository(path, &repo);
	sh(path, "git worktree add -q -b other ../other");
	test_reuse();
	test_checkout();
	test_status();
	test_salvage();
	repo_release(&repo);
	free(tree);
	sandbox_end();
	return tap_done();
}
