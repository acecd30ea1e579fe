/* SPDX-License-Identifier: MIT */
/* The HEAD of work trees, as git sees it. */
#include "config.h"

#include <stdlib.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/head.h"
#include "support.h"

static void
expect_head(const char *tree, const char *branch, const char *what)
{
	autoerror struct error err = { 0 };
	autofree char *want = rev(tree, "HEAD");
	struct head head;
	if (!held(&err, head_read(tree, &head, &err), "%s: HEAD is read", what))
		return;
	tap_is_text(head.oid, want, "%s: the commit is that of git", what);
	if (branch == NULL)
		tap_ok(head.branch == NULL, "%s: there is no branch", what);
	else
		tap_is_text(
		    head.branch, branch, "%s: the branch is that of git", what);
	head_release(&head);
}

static void
test_head(void)
{
	autoerror struct error err = { 0 };
	autofree char *main = make_repository("heads");
	autofree char *linked = in_sandbox("heads linked");
	struct head head;
	expect_head(main, "refs/heads/main", "a loose ref");
	sh(main, "git worktree add -q -b a/b/c '../heads linked'");
	expect_head(linked, "refs/heads/a/b/c", "a linked tree");
	sh(main, "git branch x/refs/heads/main HEAD; git pack-refs --all");
	expect_head(main, "refs/heads/main", "a packed ref");
	expect_head(linked, "refs/heads/a/b/c", "a linked tree, a packed ref");
	sh(linked, "echo 1 >> a; git commit -qam more");
	expect_head(
	    linked, "refs/heads/a/b/c", "a loose ref over a packed one");
	sh(linked, "git checkout -q --detach");
	expect_head(linked, NULL, "a detached HEAD");
	sh(linked,
	    "git symbolic-ref refs/heads/alias refs/heads/main;"
	    "git symbolic-ref HEAD refs/heads/alias");
	autofree char *want = rev(linked, "HEAD");
	tap_ok(head_read(linked, &head, &err),
	    "a ref that is symbolic is followed");
	tap_is_text(head.oid, want, "it leads to its commit");
	head_release(&head);
	sh(linked, "git symbolic-ref HEAD refs/heads/unborn");
	held(&err, !head_read(linked, &head, &err),
	    "a branch without a commit has no HEAD");
	error_release(&err);
	sh(linked, "rm .git");
	held(&err, !head_read(linked, &head, &err),
	    "a tree without .git has no HEAD");
}

static void
expect_common_dir(const char *tree, const char *want, const char *what)
{
	autoerror struct error err = { 0 };
	autofree char *named = head_common_dir(tree, &err);
	autofree char *real = named == NULL ? NULL : path_real(named, &err);
	tap_is_text(real == NULL ? error_text(&err) : real, want, "%s", what);
}

static void
test_common_dir(void)
{
	autoerror struct error err = { 0 };
	autofree char *main = make_repository("common");
	autofree char *linked = in_sandbox("common linked");
	autofree char *none = in_sandbox("none");
	autofree char *git_dir = path_join(main, ".git");
	sh(main, "git worktree add -q -b side '../common linked'");
	expect_common_dir(main, git_dir, "the main tree has its own .git");
	expect_common_dir(linked, git_dir, "a linked tree shares it");
	autofree char *refused = head_common_dir(none, &err);
	held(&err, refused == NULL, "what is no work tree has none");
}

int
main(void)
{
	sandbox_begin();
	test_head();
	test_common_dir();
	sandbox_end();
	return tap_done();
}
