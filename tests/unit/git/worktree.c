/* SPDX-License-Identifier: MIT */
/* Making, moving, listing and removing work trees. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "git/worktree.h"
#include "support.h"

#define MANY 64

static struct loop *loop;
static struct repo repo;

struct adds {
	size_t left;
	size_t failed;
	bool done;
};

static void
added(const struct error *err, void *arg)
{
	struct adds *adds = arg;
	if (err != NULL) {
		adds->failed++;
		tap_note("%s", error_text(err));
	}
	adds->done = --adds->left == 0;
}

static char *
add(const char *name, const char *branch)
{
	struct adds adds = { .left = 1 };
	char *path = in_sandbox(name);
	worktree_add(loop, &repo, path, repo.head, "test", added, &adds);
	turn_until(loop, &adds.done);
	autofree char *fill = mem_format("git checkout -q -b '%s'", branch);
	sh(path, fill);
	return path;
}

static void
expect_trees(int n)
{
	autofree char *script = mem_format("test $(git worktree list | wc -l) "
					   "= %d; git worktree prune -n",
	    n + 1);
	autofree char *said = sh_out(repo.root, script);
	tap_is_text(
	    said, "", "%d trees are registered, none of them in vain", n);
}

/* All at once, while somebody else holds the lock for a moment. */
static void
test_many(void)
{
	struct adds adds = { .left = MANY };
	autoerror struct error err = { 0 };
	int lock = lock_take(repo.common_dir, NULL, &err);
	for (int i = 0; i < MANY; i++) {
		autofree char *name = mem_format("many-%d", i);
		autofree char *path = in_sandbox(name);
		worktree_add(
		    loop, &repo, path, repo.head, "test", added, &adds);
	}
	for (int i = 0; i < 5; i++)
		if (!loop_turn(loop, 10, &err))
			break;
	tap_is_int((long long)adds.left, MANY, "the lock is waited for");
	close(lock);
	turn_until(loop, &adds.done);
	tap_is_int((long long)adds.failed, 0, "64 work trees are made at once");
	expect_trees(MANY);
	for (int i = 0; i < MANY; i++) {
		autofree char *name = mem_format("many-%d", i);
		autofree char *path = in_sandbox(name);
		if (!worktree_remove(&repo, path, &err))
			held(&err, false, "one of many is removed");
	}
	expect_trees(0);
}

static void
test_add_errors(void)
{
	struct adds adds = { .left = 1 };
	autofree char *path = in_sandbox("bad");
	worktree_add(loop, &repo, path, "no such", "test", added, &adds);
	turn_until(loop, &adds.done);
	tap_is_int(
	    (long long)adds.failed, 1, "a base that is none is a failure");
	tap_ok(!path_exists(path), "it leaves nothing behind");
	expect_trees(0);
}

/* What agents do to their trees. */
static void
test_remove(void)
{
	static const char *const deeds[] = { "true", "rm .git",
		"rm .git; git init -q", "echo 'gitdir: /nonexistent' > .git",
		"rm .git; ln -s /etc .git", "chmod 0 d; chmod 500 .",
		"git worktree unlock .", "mkdir x; cd x; git init -q",
		"rm -rf ./* .git; rmdir \"$PWD\"", "git branch -m renamed-it" };
	autoerror struct error err = { 0 };
	for (size_t i = 0; i < COUNT_OF(deeds); i++) {
		autofree char *name = mem_format("deed-%zu", i);
		autofree char *path = add(name, name);
		sh(path, deeds[i]);
		held(&err, worktree_remove(&repo, path, &err),
		    "a tree is removed after '%s'", deeds[i]);
		tap_ok(!path_exists(path), "its folder is gone");
		expect_trees(0);
	}
	autofree char *none = in_sandbox("never was");
	tap_ok(worktree_remove(&repo, none, &err),
	    "one that never was is removed, too");
	sh(repo.root, "! ls -d ../.trash");
	sh(repo.root,
	    "git branch --list 'deed-*' renamed-it | "
	    "xargs git branch -qD");
}

/* An agent cannot have its neighbour's registration removed. */
static void
test_liar(void)
{
	autoerror struct error err = { 0 };
	autofree char *honest = add("honest", "liar");
	autofree char *victim = add("victim", "victim");
	autofree char *liar = in_sandbox("liar");
	/* Its registration has another name now, so it has to be looked for. */
	held(&err, worktree_rename(&repo, honest, liar, "moved", &err),
	    "a tree gets a name that its registration has not");
	sh(liar, "cp ../victim/.git .git");
	tap_ok(worktree_remove(&repo, liar, &err),
	    "the tree that claims to be another is removed");
	expect_trees(1);
	sh(victim, "git status --porcelain");
	tap_ok(worktree_remove(&repo, victim, &err),
	    "the other one is left to be removed");
	expect_trees(0);
}

static void
test_rename(void)
{
	autoerror struct error err = { 0 };
	autofree char *from = add("first name", "first");
	autofree char *to = in_sandbox("second name");
	autofree char *third = in_sandbox("third");
	held(&err, worktree_rename(&repo, from, to, "moved", &err),
	    "a tree is renamed");
	autofree char *top = sh_out(to, "git rev-parse --show-toplevel");
	tap_is_text(top, to, "git finds it there by itself");
	autofree char *listed = sh_out(repo.root,
	    "git worktree list "
	    "--porcelain | grep second");
	autofree char *want = mem_format("worktree %s", to);
	tap_is_text(listed, want, "git lists it there");
	expect_trees(1);
	tap_ok(worktree_rename(&repo, to, third, "moved", &err),
	    "it is renamed once more");
	held(&err, !worktree_rename(&repo, to, from, "moved", &err),
	    "a tree that is not there is not renamed");
	error_release(&err);
	sh(repo.root, "mkdir ../busy");
	autofree char *busy = in_sandbox("busy");
	held(&err, !worktree_rename(&repo, third, busy, "moved", &err),
	    "a name that is taken is not given");
	error_release(&err);
	sh(third, "rm .git");
	held(&err, worktree_rename(&repo, third, to, "moved", &err),
	    "a tree without its .git file is renamed");
	tap_ok(worktree_remove(&repo, to, &err), "and removed");
	expect_trees(0);
}

static void
expect_reason(const char *name, const char *want, const char *what)
{
	autofree char *script = mem_format(
	    "git worktree list --porcelain | sed -n '/\\/%s$/,/^$/s/^locked "
	    "*//p'",
	    name);
	autofree char *reason = sh_out(repo.root, script);
	tap_is_text(reason, want, "%s", what);
}

/* What "git worktree prune" and "remove" say of it is in tests/e2e/trees.sh. */
static void
test_lock(void)
{
	autoerror struct error err = { 0 };
	autofree char *path = add("locked", "locked");
	autofree char *next = in_sandbox("locked-next");
	expect_reason("locked", "test", "a tree is locked from the beginning");
	held(&err, worktree_rename(&repo, path, next, "the next", &err),
	    "a locked tree is renamed");
	expect_reason("locked-next", "the next", "the reason is renewed");
	held(&err, worktree_let_go(&repo, next, "kept", &err),
	    "a tree is let go");
	expect_reason("locked-next", "", "it is not locked any more");
	tap_ok(worktree_remove(&repo, next, &err), "it is removed");
	autofree char *moved = add("was-here", "was-here");
	sh(repo.root, "git worktree move -f -f ../was-here ../elsewhere");
	tap_ok(!worktree_rename(&repo, moved, path, "again", &err),
	    "one that was moved is not renamed");
	autofree char *elsewhere = in_sandbox("elsewhere");
	autofree char *want =
	    mem_format("%s was moved to %s", moved, elsewhere);
	tap_is_text(error_text(&err), want, "it is said where it is");
	error_release(&err);
	sh(elsewhere, "rm -rf \"$PWD\"");
	tap_ok(!worktree_rename(&repo, elsewhere, path, "again", &err),
	    "one that was removed is not renamed");
	autofree char *gone = mem_format("%s was moved or removed", elsewhere);
	tap_is_text(error_text(&err), gone, "that is said");
	error_release(&err);
	tap_ok(
	    worktree_remove(&repo, elsewhere, &err), "its registration goes");
	expect_trees(0);
}

/* A crash at each point of a removal. */
static void
test_sweep(void)
{
	autoerror struct error err = { 0 };
	autofree char *trash = NULL;
	autofree char *path = add("half", "half");
	autofree char *folder = path_parent(path);
	autofree char *stays = add("stays", "other");
	tap_ok(worktree_retire(&repo, path, &trash, &err) && trash != NULL,
	    "a tree is retired");
	tap_ok(!path_exists(path) && path_is_dir(trash),
	    "its files are elsewhere");
	expect_trees(1);
	autofree char *script = mem_format("rm '%s/a'", trash);
	sh(folder, script);
	held(&err, worktree_sweep(&repo, folder, &err),
	    "half a tree is swept away");
	autofree char *of_trash = path_parent(trash);
	tap_ok(!path_exists(of_trash), "with its folder");
	/* The rename was done, and nothing behind it. */
	autofree char *early = add("early", "early");
	sh(folder, "mkdir .trash && mv early .trash/early.0123456789abcdef");
	sh(repo.root,
	    "mkdir .git/prodigy-trash-0123; touch "
	    ".git/prodigy-trash-0123/HEAD");
	held(&err, worktree_sweep(&repo, folder, &err),
	    "a tree whose registration was there is swept away");
	expect_trees(1);
	sh(repo.root, "! ls -d .git/prodigy-trash-*");
	tap_ok(!path_exists(early), "and its name is free");
	tap_ok(worktree_remove(&repo, stays, &err), "the other one stayed");
	held(&err, worktree_sweep(&repo, folder, &err),
	    "nothing is swept when nothing is there");
}

/* The path prodigy knows may lead through a symbolic link. */
static void
test_link(void)
{
	autoerror struct error err = { 0 };
	struct adds adds = { .left = 1 };
	autofree char *path = in_sandbox("link/tree");
	autofree char *next = in_sandbox("link/next");
	sh(repo.root, "mkdir ../real; ln -s real ../link");
	worktree_add(loop, &repo, path, repo.head, "test", added, &adds);
	turn_until(loop, &adds.done);
	held(&err, worktree_rename(&repo, path, next, "moved", &err),
	    "a tree behind a symbolic link is renamed");
	tap_ok(worktree_remove(&repo, next, &err), "and removed");
	expect_trees(0);
}

static void
test_list(void)
{
	autoerror struct error err = { 0 };
	struct worktree_list list;
	autofree char *odd = in_sandbox("odd\nname");
	held(&err,
	    worktree_add_branch(&repo, odd, "odd", repo.head, "test", &err),
	    "a tree is made with a branch");
	held(&err,
	    !worktree_add_branch(&repo, odd, "odd", repo.head, "test", &err),
	    "it is not made twice");
	error_release(&err);
	tap_ok(worktree_list(&repo, &list, &err), "the trees are listed");
	tap_is_int((long long)list.n, 2, "there are two");
	if (list.n == 2) {
		tap_is_text(
		    list.items[0].path, repo.root, "the main one is first");
		tap_is_text(list.items[0].branch, "main", "with its branch");
		tap_is_text(
		    list.items[1].path, odd, "a path may hold a newline");
		tap_is_text(list.items[1].branch, "odd", "so has this one");
	}
	worktree_list_release(&list);
	sh(odd, "rm -rf \"$PWD\"");
	tap_ok(worktree_list(&repo, &list, &err) && list.n == 2,
	    "one whose folder is gone is listed still");
	worktree_list_release(&list);
	tap_ok(worktree_remove(&repo, odd, &err), "its registration goes");
	held(&err, worktree_add_branch(&repo, odd, "odd", NULL, "test", &err),
	    "a tree is made on a branch that exists");
	tap_ok(worktree_remove(&repo, odd, &err), "it is removed");
}

/* The main repository is moved: its trees in one folder are told. */
static void
test_follow(void)
{
	autoerror struct error err = { 0 };
	struct repo moved = { 0 };
	autofree char *folder = in_sandbox("followers");
	autofree char *away = in_sandbox("moved away");
	sh(repo.root, "mkdir ../followers; : > ../followers/file");
	autofree char *tree = add("followers/tree", "follows");
	autofree char *liar = add("followers/liar", "lies");
	autofree char *other = add("not a follower", "stays");
	sh(tree, "echo x > new");
	sh(liar, "sed 's,/liar$,/tree,' .git > .g && mv .g .git");
	sh(repo.root, "mv \"$PWD\" \"../moved away\"");
	open_repository(away, &moved);
	held(&err, worktree_follow(&moved, folder, &err),
	    "the trees of a folder are told where their repository is");
	autofree char *said = sh_out(tree, "git status --porcelain");
	tap_is_text(said, "?? new", "a tree works as before");
	sh(liar, "! git status 2>/dev/null");
	sh(other, "! git status 2>/dev/null");
	autofree char *before = sh_out(tree, "cat .git");
	held(&err, worktree_follow(&moved, folder, &err),
	    "telling them again does nothing");
	autofree char *after = sh_out(tree, "cat .git");
	tap_is_text(after, before, "one that works is left alone");
	sh(moved.root, "mv \"$PWD\" \"../main repository\"");
	repo_release(&moved);
}

int
main(void)
{
	sandbox_begin();
	loop = loop_new();
	autofree char *path = make_repository("main repository");
	open_repository(path, &repo);
	test_many();
	test_add_errors();
	test_remove();
	test_liar();
	test_rename();
	test_lock();
	test_sweep();
	test_link();
	test_list();
	test_follow();
	repo_release(&repo);
	loop_free(loop);
	sandbox_end();
	return tap_done();
}
