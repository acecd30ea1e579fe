/* SPDX-License-Identifier: MIT */
/* A new branch in a work tree, without git. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/switch.h"
#include "git/worktree.h"
#include "git/worktree_use.h"
#include "support.h"

static struct repo repo;
static char *tree;

/* A tree on branch t1 in which something was committed. */
static void
fresh(void)
{
	autoerror struct error err = { 0 };
	if (!worktree_remove(&repo, tree, &err))
		held(&err, false, "the last tree goes");
	sh(repo.root,
	    "git branch -q --list 't[0-9]' | xargs -r git branch -qD");
	if (!worktree_add_branch(&repo, tree, "t1", repo.head, "test", &err))
		held(&err, false, "a new one comes");
	sh(tree, "echo x >>a; git commit -qam x; git branch -q t3 HEAD~");
}

static bool
move(const char *from, const char *to)
{
	autostrv struct strv args = { 0 };
	autofree char *old = rev(tree, from);
	autofree char *new = rev(tree, to);
	autoerror struct error err = { 0 };
	worktree_move_args(&args, old, new);
	held(&err,
	    git_run(tree, (const char *const *)strv_array(&args), NULL, &err),
	    "files and index follow");
	return switch_to_branch(tree, "t2", old, new);
}

static void
test_switch(void)
{
	fresh();
	sh(tree, "cd \"$(git rev-parse --git-dir)\"; echo x >MERGE_MSG");
	tap_ok(move("HEAD", "main"), "a tree gets another branch");
	autofree char *state = sh_out(tree,
	    "git symbolic-ref HEAD; git status --porcelain --ignored;"
	    "git diff --stat main t2; git fsck --no-progress 2>&1;"
	    "ls \"$(git rev-parse --git-dir)\" |"
	    "grep -e MERGE -e [.]lock || true");
	tap_is_text(state, "refs/heads/t2", "which is a branch to git, too");
	autofree char *log = sh_out(tree,
	    "git log -g --format='%gn %gs' HEAD;"
	    "git rev-parse HEAD@{1} t1 | uniq | wc -l");
	tap_is_text(log, "prodigy checkout: moving from t1 to t2\n1",
	    "the log of HEAD begins with where it was");
	sh(tree, "echo y >>b; git commit -qam y; git checkout -q -");
	autofree char *back = sh_out(tree, "git symbolic-ref HEAD");
	tap_is_text(back, "refs/heads/t1", "git goes on with that log");
}

static void
test_detached(void)
{
	fresh();
	sh(tree, "git checkout -q --detach");
	tap_ok(move("HEAD", "HEAD"), "a tree without a branch gets one");
	autofree char *log = sh_out(tree,
	    "test \"$(git log -g -1 --format=%gs)\" ="
	    " \"checkout: moving from $(git rev-parse t1) to t2\"; echo $?");
	tap_is_text(log, "0", "the log names the commit that it was at");
}

/* Git has to do it, and the tree stays as it was. */
static void
test_refused(const char *deed, const char *why)
{
	fresh();
	autofree char *head = sh_out(tree,
	    "cat \"$(git rev-parse --git-dir)/HEAD\";"
	    "cat \"$(git rev-parse --git-dir)/logs/HEAD\"");
	autofree char *oid = rev(tree, "HEAD");
	sh(tree, deed);
	tap_ok(!switch_to_branch(tree, "t2", oid, oid), "%s", why);
	autofree char *after =
	    sh_out(tree, "cd ../main/.git/worktrees/*; cat HEAD logs/HEAD");
	tap_is_text(after, head, "HEAD and its log are as before");
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("main");
	tree = in_sandbox("tree");
	open_repository(path, &repo);
	test_switch();
	test_detached();
	test_refused("git branch t2", "a branch that is there is not moved");
	test_refused("touch ../main/.git/refs/heads/t2.lock",
	    "a branch that is locked is left alone");
	sh(repo.root, "rm .git/refs/heads/t2.lock");
	test_refused("touch \"$(git rev-parse --git-dir)/HEAD.lock\"",
	    "and so is a HEAD");
	test_refused("chmod g+s ../main/.git/refs/heads",
	    "where a group shares refs git makes them");
	sh(repo.root, "chmod g-s .git/refs/heads");
	test_refused("mv .git gone", "a tree without its .git");
	repo_release(&repo);
	free(tree);
	sandbox_end();
	return tap_done();
}
