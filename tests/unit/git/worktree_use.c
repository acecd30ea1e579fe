/* SPDX-License-Identifier: MIT */
/* A work tree from one agent to the next. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/git.h"
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

static bool
check_out(const char *branch, const char *base, bool clean, struct error *err)
{
	autostrv struct strv checkout = { 0 };
	autostrv struct strv sweep = { 0 };
	worktree_checkout_args(&checkout, branch, base);
	worktree_clean_args(&sweep);
	return git_run(tree, (const char *const *)strv_array(&checkout), NULL,
		   err) &&
	    (!clean ||
		git_run(
		    tree, (const char *const *)strv_array(&sweep), NULL, err));
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
	tap_is_int(said, reusable, "whether it is reusable after '%s'", deed);
	if (!said)
		return;
	held(&err, check_out("t2", repo.head, true, &err),
	    "it is checked out anew");
	autofree char *state = sh_out(tree,
	    "git status --porcelain --ignored;"
	    "git symbolic-ref HEAD;"
	    "git ls-files -v | grep -v '^H' "
	    "|| true;"
	    "git diff --stat HEAD main");
	tap_is_text(state, "refs/heads/t2", "it is as good as new then");
	autofree char *files = sh_out(tree, "cat a b d/c | cksum; ls -A");
	autofree char *want = sh_out(repo.root, "cat a b d/c | cksum; ls -A");
	tap_is_text(files, want, "its files are those of base");
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
	expect_reuse("git worktree unlock .; git worktree lock .", true);
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
	tap_ok(!worktree_is_reusable("/nonexistent"),
	    "what is not there is not reusable");
}

/* Without clean, what is not tracked stays, but never in the way. */
static void
test_checkout(void)
{
	autoerror struct error err = { 0 };
	fresh();
	sh(tree, "git rm -q b; git commit -qm x; echo mine > b; touch other");
	held(&err, check_out("t2", repo.head, false, &err),
	    "an untracked file is not in the way");
	autofree char *state =
	    sh_out(tree, "git status --porcelain; wc -l < b");
	tap_is_text(state, "?? other\n20",
	    "it is replaced, others stay where they are");
	held(&err, !check_out("t3", "0123456789", false, &err),
	    "a base that is missing is a failure");
	error_release(&err);
	/* The branch of the last agent is deleted before the next comes. */
	sh(repo.root, "git update-ref -d refs/heads/t2");
	held(&err, check_out("t3", repo.head, false, &err),
	    "HEAD may be on a branch that is gone");
	held(&err, check_out(NULL, repo.head, false, &err),
	    "a tree may have no branch");
	sh(tree, "! git symbolic-ref -q HEAD");
}

static void
test_status(void)
{
	autoerror struct error err = { 0 };
	struct worktree_status status;
	fresh();
	tap_ok(worktree_status(tree, &status, &err), "a new tree is looked at");
	tap_ok(status.changed.n == 0 && status.untracked.n == 0 &&
		status.ignored.n == 0,
	    "nothing has changed in it");
	worktree_status_release(&status);
	sh(tree,
	    "echo x >> a; git mv b c; touch 'new\nline'; mkdir u;"
	    "touch u/1 u/2; echo '*.o' > .gitignore; touch x.o");
	tap_ok(worktree_status(tree, &status, &err), "a used one is");
	tap_is_int((long long)status.changed.n, 3,
	    "what is changed, gone and added is listed");
	tap_is_int((long long)status.untracked.n, 3, "so is what is untracked");
	tap_ok(strv_has(&status.untracked, "?? new\nline"),
	    "a name may hold a newline");
	tap_ok(strv_has(&status.changed, " M a"),
	    "a changed file is told with its state");
	tap_ok(status.ignored.n == 1, "ignored files are seen");
	worktree_status_release(&status);
	sh(tree, "mv .git x");
	held(&err, !worktree_status(tree, &status, &err),
	    "what is no tree cannot be looked at");
	sh(tree, "mv x .git");
}

/* --- a tree in which nothing was left --------------------------------- */

/* A deed in a tree whose files are older than its index. */
static void
expect_index(const char *deed, bool is_index, bool is_head)
{
	char id[GIT_OID_SIZE] = "";
	fresh();
	sh(tree,
	    "git checkout -q -f -B t2; git commit -q --allow-empty -m c;"
	    "find . -type f -not -path './.git*' -exec touch -d yesterday {} +;"
	    "git update-index -q --refresh");
	sh(tree, deed);
	tap_is_int(worktree_is_index(tree, id), is_index,
	    "whether a tree is its index after '%s'", deed);
	if (!is_index)
		return;
	autofree char *head = sh_out(tree, "git rev-parse 'HEAD^{tree}'");
	tap_is_int(strcmp(head, id) == 0, is_head,
	    "whether the index is HEAD's tree after '%s'", deed);
}

static void
test_index(void)
{
	static const char *const others[] = { "echo new > new",
		"mkdir d/e; echo new > d/e/new", "rm a", "rm -r d",
		"echo more >> a", "chmod +x a", "ln -sf b a", "touch a",
		/* As long as before, and said to be as old. */
		"tr 1 2 < a > x; cat x > a; rm x; touch -d yesterday a",
		"echo new > .gitignore; git add .gitignore;"
		"git commit -qm ignore; echo x > new",
		"git init -q nested", "mkfifo fifo", "git rm -q --cached a",
		"echo new > new; git add -N new",
		"git update-index --assume-unchanged a",
		"git update-index --skip-worktree a",
		"git update-index --index-version 4",
		"git update-index --split-index",
		"rm \"$(git rev-parse --git-path index)\"",
		": > \"$(git rev-parse --git-path index)\"",
		"git checkout -q -b side; echo 1 > a; git commit -qam 1;"
		"git checkout -q t2; echo 2 > a; git commit -qam 2;"
		"git merge side || :" };
	expect_index(":", true, true);
	expect_index("mkdir empty", true, true);
	/* Whatever is staged is in the tree of the index, and not in HEAD's. */
	expect_index("echo more >> a; touch -d yesterday a; git add a;"
		     "git write-tree",
	    true, false);
	expect_index("echo more >> a; git add a; git commit -qm more;"
		     "touch -d yesterday a; git update-index -q --refresh",
	    true, true);
	expect_index("ln -s a link; git add link; git commit -qm link;"
		     "touch -h -d yesterday link;"
		     "git update-index -q --refresh",
	    true, true);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		expect_index(others[i], false, false);
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
	test_index();
	repo_release(&repo);
	free(tree);
	sandbox_end();
	return tap_done();
}
