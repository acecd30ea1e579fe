/* SPDX-License-Identifier: MIT */
/* Locks that a killed git left. */
#include "config.h"

#include <stdlib.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/stale.h"
#include "support.h"

static void
test_refs(const struct repo *repo)
{
	autoerror struct error err = { 0 };
	sh(repo->root,
	    "git update-ref refs/prodigy/j/map HEAD;"
	    "git update-ref refs/prodigy/j/i/3/1 HEAD;"
	    "git update-ref refs/prodigy/j2/map HEAD;"
	    ": > .git/refs/prodigy/j/map.lock;"
	    ": > .git/refs/prodigy/j/i/3/1.lock;"
	    ": > .git/refs/prodigy/j2/map.lock");
	tap_ok(stale_clear_refs(repo, "refs/prodigy/j", &err),
	    "locks of a dead git go");
	sh(repo->root,
	    "test ! -e .git/refs/prodigy/j/map.lock;"
	    "test -e .git/refs/prodigy/j2/map.lock;"
	    "test -e .git/refs/prodigy/j/map");
	tap_ok(stale_clear_refs(repo, "refs/prodigy/none", &err),
	    "where no refs are, none are locked");
	held(&err,
	    !stale_clear_refs(repo, "refs/heads", &err) &&
		!stale_clear_refs(repo, "refs/prodigy/../heads", &err),
	    "only the refs of jobs are unlocked");
}

static void
expect_locks(const struct repo *repo, const char *want, const char *what)
{
	autofree char *locks = sh_out(repo->root,
	    "{ find .git ../stranger -name '*.lock'; } | sort | xargs");
	tap_is_text(locks, want, "%s", what);
}

static void
test_trees(const struct repo *repo, const char *tree)
{
	sh(repo->root,
	    "rm -f .git/refs/prodigy/j2/map.lock;"
	    "git worktree add -q -b prodigy-x ../ours;"
	    "mkdir -p .git/worktrees/ours/refs/bisect "
	    ".git/worktrees/ours/modules/m;"
	    "for i in index.lock worktrees/ours/index.lock "
	    "worktrees/ours/HEAD.lock worktrees/ours/refs/bisect/bad.lock "
	    "worktrees/ours/modules/m/index.lock refs/heads/main.lock "
	    "refs/heads/prodigy-x.lock; do : > .git/$i; done");
	stale_clear_tree(tree);
	expect_locks(repo, ".git/index.lock .git/refs/heads/main.lock",
	    "the locks of a tree and its branch go, no others");
	sh(repo->root, "git -C ../ours commit -q --allow-empty -m works");
	stale_clear_tree(repo->root);
	expect_locks(repo, ".git/index.lock .git/refs/heads/main.lock",
	    "those of a main tree stay");
	sh(repo->root,
	    "git -C ../ours checkout -q --ignore-other-worktrees main;");
	stale_clear_tree(tree);
	expect_locks(repo, ".git/index.lock .git/refs/heads/main.lock",
	    "so do those of a branch of the user's");
}

/* What an agent can do to its tree. */
static void
test_bent(const struct repo *repo, const char *tree)
{
	sh(repo->root,
	    "rm .git/index.lock .git/refs/heads/main.lock;"
	    "git worktree add -q -b users ../users;"
	    ": > .git/worktrees/users/index.lock; : > .git/index.lock;"
	    "cp ../users/.git ../ours/.git");
	stale_clear_tree(tree);
	sh(repo->root, "echo \"gitdir: $PWD/.git\" > ../ours/.git");
	stale_clear_tree(tree);
	sh(repo->root, "rm ../ours/.git; ln -s \"$PWD/.git\" ../ours/.git");
	stale_clear_tree(tree);
	sh(repo->root, "rm ../ours/.git");
	stale_clear_tree(tree);
	expect_locks(repo, ".git/index.lock .git/worktrees/users/index.lock",
	    "a tree that leads to another one unlocks nothing");
	sh(repo->root,
	    "echo \"gitdir: $PWD/.git/worktrees/ours\" > ../ours/.git;"
	    ": > ../stranger/x.lock;"
	    "ln -s ../../../stranger .git/worktrees/ours/link");
	stale_clear_tree(tree);
	sh(repo->root, "test -e ../stranger/x.lock");
}

int
main(void)
{
	sandbox_begin();
	struct repo repo;
	autofree char *path = make_repository("stale");
	autofree char *tree = in_sandbox("ours");
	open_repository(path, &repo);
	test_refs(&repo);
	sh(path, "mkdir ../stranger");
	test_trees(&repo, tree);
	test_bent(&repo, tree);
	repo_release(&repo);
	sandbox_end();
	return tap_done();
}
