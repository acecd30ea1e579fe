/* SPDX-License-Identifier: MIT */
/* Finding the user's repository. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/repo.h"
#include "support.h"

static void
expect_error(const char *path, const char *words)
{
	autoerror struct error err = { 0 };
	struct repo repo;
	bool opened = repo_open(path, &repo, &err);
	held(&err, !opened && strstr(error_text(&err), words) != NULL,
	    "it is refused because of '%s'", words);
	tap_ok(opened || repo.root == NULL, "nothing is left behind");
	if (opened)
		repo_release(&repo);
}

static void
test_errors(const char *root)
{
	autofree char *none = in_sandbox("none");
	autofree char *empty = in_sandbox("empty");
	autofree char *bare = in_sandbox("bare.git");
	autofree char *foreign = make_repository("foreign");
	sh(root, "mkdir none; git init -q empty; git init -q --bare bare.git");
	expect_error(none, "git init");
	expect_error(empty, "no commit yet");
	expect_error(bare, "bare repository");
	expect_error("/nonexistent", "not a directory");
	if (geteuid() != 0) {
		tap_skip("only root can give a repository away");
		return;
	}
	sh(root, "chown -R 12345 foreign");
	expect_error(foreign, "belongs to another user");
}

static void
test_places(void)
{
	autofree char *main = make_repository("places");
	autofree char *linked = in_sandbox("linked");
	autofree char *below = in_sandbox("linked/d");
	autofree char *head = rev(main, "HEAD");
	struct repo repo;
	sh(main, "git worktree add -q -b side ../linked");
	open_repository(below, &repo);
	tap_is_text(repo.root, main, "the root is the main work tree");
	tap_is_text(
	    repo.branch, "side", "the branch is that of the tree one is in");
	tap_is_text(repo.head, head, "so is the commit");
	tap_ok(!repo_is_dirty(&repo), "a tree without changes is not dirty");
	sh(main, "echo x >> a; touch untracked");
	tap_ok(repo_is_dirty(&repo), "one with a changed file is");
	autofree char *who = repo_identity(&repo);
	tap_is_text(
	    who, "Tester <tester@example.org>", "the identity is the user's");
	repo_release(&repo);
	sh(linked, "git tag side");
	open_repository(linked, &repo);
	tap_is_text(repo.branch, "side",
	    "a tag of the same name does not change what it is called");
	repo_release(&repo);
	sh(linked, "git checkout -q --detach");
	open_repository(linked, &repo);
	tap_ok(repo.branch == NULL, "a detached HEAD has no branch");
	repo_release(&repo);
}

/* From path (in the sandbox) the root is at root, and main is there, or not. */
static void
expect_root(const char *path, const char *root, bool has_main)
{
	autofree char *from = in_sandbox(path);
	autofree char *want = in_sandbox(root);
	struct repo repo;
	open_repository(from, &repo);
	tap_is_text(repo.root, want, "the root seen from %s", path);
	tap_is_int(repo_has_main_tree(&repo), has_main,
	    "whether it is the main tree, seen from %s", path);
	repo_release(&repo);
}

static void
test_apart(const char *root)
{
	sh(root,
	    "git init -q --separate-git-dir apart.git apart; cd apart;"
	    "mkdir d; git commit -q --allow-empty -m one;"
	    "git worktree add -q -b side ../beside");
	expect_root("apart/d", "apart", true);
	expect_root("beside", "beside", false);
	sh(root,
	    "mkdir dot; git init -q --separate-git-dir dot/.git dotted;"
	    "git -C dotted commit -q --allow-empty -m one");
	expect_root("dotted", "dotted", true);
	sh(root,
	    "git init -q super; cd super; git -c protocol.file.allow=always "
	    "submodule -q add ../places sub/module; cd sub/module;"
	    "git worktree add -q -b side ../../../linked-module");
	expect_root("super/sub/module/d", "super/sub/module", true);
	expect_root("linked-module", "super/sub/module", true);
	sh(root,
	    "git clone -q --bare places bare/.bare;"
	    "echo 'gitdir: ./.bare' > bare/.git;"
	    "git -C bare worktree add -q main main");
	expect_root("bare/main", "bare/main", false);
}

static void
test_no_identity(void)
{
	autofree char *path = make_repository("anonymous");
	struct repo repo;
	open_repository(path, &repo);
	sh(path, "git config user.useConfigOnly true; git config user.name ''");
	autofree char *who = repo_identity(&repo);
	tap_is_text(who, "prodigy <prodigy@localhost>",
	    "where git does not know who commits, it is prodigy");
	repo_release(&repo);
}

static void
test_can_commit(void)
{
	autofree char *path = make_repository("commits");
	autoerror struct error err = { 0 };
	autostrv struct strv env = { 0 };
	struct repo repo;
	open_repository(path, &repo);
	held(&err, repo_can_commit(&repo, &env, &err),
	    "a repository with an author takes commits");
	autofree char *before = sh_out(path, "find .git/objects | sort");
	sh(path, "git config commit.gpgSign yes; git config gpg.program false");
	tap_ok(!repo_can_commit(&repo, &env, &err) && err.kind == ERROR_GIT &&
		strstr(error_text(&err), "commit.gpgSign") != NULL,
	    "a key that cannot be used is found");
	autofree char *after = sh_out(path, "find .git/objects | sort");
	tap_is_text(after, before, "and the trial leaves no object");
	error_release(&err);
	sh(path,
	    "git config commit.gpgSign no; git config user.name '';"
	    "git config user.useConfigOnly true");
	tap_ok(!repo_can_commit(&repo, &env, &err) &&
		strstr(error_text(&err), "user.name") != NULL,
	    "an author who is not known is missed");
	error_release(&err);
	strv_env_set(&env, "GIT_AUTHOR_NAME", "A");
	strv_env_set(&env, "GIT_COMMITTER_NAME", "C");
	held(&err, repo_can_commit(&repo, &env, &err),
	    "the environment of the steps may name one");
	repo_release(&repo);
}

/* A git before the real one, which is killed over one of the questions. */
static void
expect_killed(const char *root, const char *path, const char *question)
{
	autoerror struct error err = { 0 };
	struct repo repo;
	autofree char *search = mem_text(getenv("PATH"));
	autofree char *ours = mem_format("%s/bin:%s", root, search);
	autofree char *git = sh_out(root, "command -v git");
	autofree char *script =
	    mem_format("mkdir -p bin; cat >bin/git <<'E'\n"
		       "#!/bin/sh\n"
		       "case \"$*\" in *'%s'*) kill -KILL $$ ;; esac\n"
		       "exec %s \"$@\"\nE\nchmod 700 bin/git",
		question, git);
	sh(root, script);
	setenv("PATH", ours, 1);
	bool opened = repo_open(path, &repo, &err);
	setenv("PATH", search, 1);
	held(&err, !opened && strstr(error_text(&err), "no commit") == NULL,
	    "when git is killed over '%s' nobody knows the branch", question);
	if (opened)
		repo_release(&repo);
}

static void
test_killed_git(const char *root)
{
	autofree char *path = make_repository("killed");
	expect_killed(root, path, "symbolic-ref");
	expect_killed(root, path, "--verify");
}

int
main(void)
{
	const char *root = sandbox_begin();
	test_errors(root);
	test_places();
	test_apart(root);
	test_no_identity();
	test_can_commit();
	test_killed_git(root);
	sandbox_end();
	return tap_done();
}
