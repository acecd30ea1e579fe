/* SPDX-License-Identifier: MIT */
/* The merge into the user's branch. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/final.h"
#include "proc/child.h"
#include "support.h"

static struct repo repo;
static struct final site = { .repo = &repo };

/* words: of the error; NULL for success. */
static void
expect(const char *source, const char *target, const char *words,
    bool is_conflict, const char *what)
{
	autoerror struct error err = { 0 };
	bool conflict = false;
	bool merged =
	    final_merge(&site, source, target, "Merge work", &conflict, &err);
	if (words == NULL)
		held(&err, merged, "%s", what);
	else
		held(&err, !merged && strstr(error_text(&err), words) != NULL,
		    "%s", what);
	tap_is_int(conflict, is_conflict, "%s: whether it is a conflict", what);
}

static void
reset(void)
{
	sh(repo.root,
	    "rm -f .git/hooks/* .git/index.lock;"
	    "git merge --abort 2>&1 || true;"
	    "git rebase --abort 2>&1 || true;"
	    "git checkout -q -f main; git reset -q --hard start;"
	    "git clean -qfd; git branch -f target start");
}

static void
test_counts(void)
{
	autoerror struct error err = { 0 };
	struct final_counts counts;
	bool merged = true;
	tap_ok(final_count(&site, "work", "main", &counts, &err),
	    "what a merge would bring is counted");
	tap_is_int((long long)counts.commits, 2, "its commits are");
	tap_is_int((long long)counts.files, 2, "its files are");
	tap_ok(final_is_merged(&site, "work", "main", &merged, &err) && !merged,
	    "it is not merged yet");
	held(&err,
	    !final_count(&site, "work", "none", &counts, &err) &&
		strstr(error_text(&err), "there is no refs/heads/none") != NULL,
	    "a target that is missing is not counted for");
	error_release(&err);
	held(&err, !final_is_merged(&site, "none", "main", &merged, &err),
	    "a source that is missing is not merged");
}

static void
test_checked_out(void)
{
	reset();
	sh(repo.root,
	    "echo 'echo ran > ../hook' > .git/hooks/post-merge;"
	    "chmod +x .git/hooks/post-merge; echo mine >> d/c");
	expect("work", "main", NULL, false,
	    "a dirty file that the merge does not touch is no obstacle");
	autofree char *state = sh_out(repo.root,
	    "git log -1 --format='%an %s|%p' | sed 's/|.* .*/|two/';"
	    "git status --porcelain; cat ../hook");
	tap_is_text(state, "Tester Merge work|two\n M d/c\nran",
	    "the merge is made in the user's tree, as the user");
	expect("work", "main", NULL, false, "merging once more is no failure");
}

static void
expect_untouched(const char *what)
{
	autofree char *state = sh_out(repo.root,
	    "git rev-parse HEAD;"
	    "test ! -e .git/MERGE_HEAD");
	autofree char *start = rev(repo.root, "start");
	tap_is_text(state, start, "%s: nothing has changed", what);
}

static void
test_refused(void)
{
	reset();
	expect("clash", "main", NULL, false,
	    "a branch is merged into a clean tree");
	reset();
	sh(repo.root, "echo mine >> a");
	expect("work", "main", "uncommitted changes are in the way: a", false,
	    "a dirty file is in the way");
	expect_untouched("dirty");
	reset();
	sh(repo.root, "touch w");
	expect("work", "main", "untracked or ignored files are in the way: w",
	    false, "an untracked file is in the way");
	reset();
	sh(repo.root, "echo mine >> b; git add b");
	expect("work", "main", "uncommitted changes are in the way: b", false,
	    "what is staged is in the way");
	reset();
	expect_untouched("untracked");
	reset();
	sh(repo.root,
	    "printf '#!/bin/sh\\necho policy >&2; exit 1\\n' > "
	    ".git/hooks/commit-msg; chmod +x .git/hooks/commit-msg");
	expect("work", "main", "policy", false, "a hook says no");
	expect_untouched("hook");
	sh(repo.root, "printf '#!/bin/sh\\nexit 1\\n' > .git/hooks/commit-msg");
	expect("work", "main", "git merge: exit status 1", false,
	    "a hook that gives no reason is not spoken for by advice");
	expect("none", "main", "there is no", false, "there must be a source");
	expect("work", "none", "there is no", false, "there must be a target");
	reset();
	sh(repo.root,
	    "git checkout -q -b moved; sed -i 's/^1$/x/' a;"
	    "git commit -qam x; git merge -q clash || true;"
	    "git checkout -q -f main 2>&1 || true");
	reset();
	sh(repo.root,
	    "git checkout -q -B moved start; sed -i 's/^1$/x/' a;"
	    "git commit -qam x; git merge clash || true");
	expect("work", "moved", "MERGE_HEAD", false, "the user is merging");
	sh(repo.root,
	    "test -e .git/MERGE_HEAD; git merge --abort;"
	    "git rebase clash || true");
	expect("work", "moved", "operation on moved", false,
	    "the user is rebasing");
	sh(repo.root, "test -d .git/rebase-merge");
	reset();
}

static void
test_conflict(void)
{
	reset();
	sh(repo.root, "git reset -q --hard other");
	expect("clash", "main", "a", true, "a conflict is a failure");
	sh(repo.root,
	    "test ! -e .git/MERGE_HEAD; git diff --quiet HEAD;"
	    "test $(git rev-parse HEAD) = $(git rev-parse other)");
	sh(repo.root, "git branch -f target other");
	expect("clash", "target", "conflict in a", true,
	    "it is one without a tree, too");
	sh(repo.root, "test $(git rev-parse target) = $(git rev-parse other)");
}

/* The folder of a submodule is taken as it is, a file there is not. */
static void
test_submodule(void)
{
	reset();
	sh(repo.root,
	    "git checkout -q -b link start; git update-index --add --cacheinfo "
	    "160000,$(git rev-parse start),sub; git commit -qm link;"
	    "git checkout -q -f main; rm -rf sub; echo sub > .git/info/exclude;"
	    "echo mine > sub");
	expect("link", "main", "untracked or ignored files are in the way: sub",
	    false, "a file is in the way of a submodule");
	expect_untouched("submodule");
	sh(repo.root, "rm sub; mkdir sub; echo mine > sub/file");
	expect("link", "main", NULL, false, "a folder is not");
	autofree char *state =
	    sh_out(repo.root, "cat sub/file; git ls-files sub");
	tap_is_text(state, "mine\nsub", "it stays as it is");
	sh(repo.root, "rm -r sub");
	reset();
}

/* As the user does who commits while we merge. */
static void
test_race(void)
{
	reset();
	sh(repo.root,
	    "printf '#!/bin/sh\\ntest -e ../raced && exit; : > ../raced\\n"
	    "git update-ref refs/heads/main "
	    "$(git commit-tree -p start -m theirs start^{tree})\\n' > "
	    ".git/hooks/commit-msg; chmod +x .git/hooks/commit-msg");
	expect("work", "main", NULL, false,
	    "a commit that came in between is merged with");
	autofree char *state = sh_out(repo.root,
	    "git log --first-parent --format=%s -n 2; git status --short");
	tap_is_text(state, "Merge work\ntheirs", "nothing else has changed");
	reset();
}

static void
test_lock(void)
{
	autoerror struct error err = { 0 };
	int held_lock = final_lock(&repo, 0, &err);
	held(&err, held_lock >= 0, "nobody merges");
	int other = final_lock(&repo, 0, &err);
	held(&err, other < 0 && err.kind == ERROR_STATE,
	    "while somebody does, nobody else can");
	error_release(&err);
	if (held_lock >= 0)
		close(held_lock);
	other = final_lock(&repo, 0, &err);
	held(&err, other >= 0, "until that ends");
	if (other >= 0)
		close(other);
}

static void
test_nowhere(void)
{
	reset();
	sh(repo.root,
	    "git branch -f target other; echo mine >> a;"
	    ": > .git/index.lock");
	expect("work", "target", NULL, false,
	    "a branch that is checked out nowhere needs no tree");
	autofree char *state = sh_out(repo.root,
	    "git log -1 --format=%s target; git rev-parse HEAD main |"
	    "uniq | wc -l; git show target:w");
	tap_is_text(state, "Merge work\n1\nw", "only the branch has moved");
	sh(repo.root,
	    "test -z \"$(ls .git | grep commit.)\"; rm "
	    ".git/index.lock");
	reset();
	sh(repo.root, "git worktree add -q ../linked target");
	expect("work", "target", NULL, false,
	    "a branch in a linked tree is merged into there");
	sh(repo.root,
	    "test -e ../linked/w; rm -r ../linked;"
	    "git update-ref refs/heads/target start");
	expect("work", "target", NULL, false,
	    "a linked tree that is gone is no obstacle");
}

/* The user's tree of a repository that lies apart from it. */
static void
test_apart(const char *root)
{
	struct repo whole = repo;
	autofree char *apart = in_sandbox("apart");
	autofree char *beside = in_sandbox("beside");
	sh(root,
	    "git clone -q --separate-git-dir apart.git final apart; cd apart;"
	    "git branch -q work origin/work; git worktree add -q ../beside "
	    "-b side");
	open_repository(beside, &repo);
	expect("work", "main", "nothing tells where that is", false,
	    "a tree that cannot be found is not left behind");
	expect("work", "side", NULL, false, "a linked tree is found");
	repo_release(&repo);
	open_repository(apart, &repo);
	expect("work", "main", NULL, false, "so is the one where we are");
	sh(root,
	    "test -e beside/w; test -e apart/w; cd apart; git diff HEAD "
	    "--exit-code");
	repo_release(&repo);
	repo = whole;
}

int
main(void)
{
	const char *root = sandbox_begin();
	autofree char *path = make_repository("final");
	sh(path,
	    "git tag start;"
	    "git checkout -q -b work; echo w > w; git add w;"
	    "git commit -qm w; echo more >> a; git commit -qam more;"
	    "git checkout -q -b clash start; sed -i 's/^1$/clash/' a;"
	    "git commit -qam clash;"
	    "git checkout -q -b other start; sed -i 's/^1$/other/' a;"
	    "git commit -qam other; git checkout -q main");
	open_repository(path, &repo);
	site.wait.loop = loop_new();
	test_counts();
	test_checked_out();
	test_refused();
	test_conflict();
	test_submodule();
	test_race();
	test_lock();
	test_nowhere();
	test_apart(root);
	repo_release(&repo);
	child_abandon_all(site.wait.loop);
	loop_free(site.wait.loop);
	sandbox_end();
	return tap_done();
}
