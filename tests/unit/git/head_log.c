/* SPDX-License-Identifier: MIT */
/* Where HEAD has been, and what was left there. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/head.h"
#include "git/head_log.h"
#include "git/strays.h"
#include "support.h"

static char *tree;
static char *git_dir;
static size_t at;

static void
begin(bool anew)
{
	autoerror struct error err = { 0 };
	held(&err, head_log_begin(git_dir, anew, &at, &err), "a log begins");
}

static struct head_moves
moves_now(void)
{
	autoerror struct error err = { 0 };
	struct head_moves moves;
	held(&err, head_log_read(git_dir, at, &moves, &err), "it is read");
	return moves;
}

static void
expect_straight(const char *script, bool want, const char *what)
{
	autofree char *start = rev(tree, "HEAD");
	begin(true);
	sh(tree, script);
	autofree char *end = rev(tree, "HEAD");
	struct head_moves moves = moves_now();
	tap_ok(head_moves_are_straight(&moves, start, end) == want, "%s", what);
	head_moves_release(&moves);
}

static void
test_straight(void)
{
	expect_straight(":", true, "no move at all is straight");
	expect_straight("echo 1 >>a; git commit -qam '1\t2'; git stash list",
	    true, "a commit is");
	expect_straight("echo 2 >>a; git commit -qam 2; echo 3 >>a;"
			"git commit -qam 3",
	    true, "two are");
	expect_straight("git checkout -q HEAD~1; git checkout -q -", false,
	    "a look elsewhere is not");
	expect_straight("git commit -q --amend -m again", false,
	    "neither is an amended commit");
	expect_straight("git symbolic-ref HEAD refs/heads/main", false,
	    "nor a move that git writes nothing of");
	sh(tree, "git symbolic-ref HEAD refs/heads/work");
}

/* Whatever the configuration says, and without what was there before. */
static void
test_begin(void)
{
	autoerror struct error err = { 0 };
	sh(tree,
	    "git config core.logAllRefUpdates false;"
	    "rm -rf \"$(git rev-parse --git-dir)/logs\"");
	begin(false);
	sh(tree, "echo x >>a; git commit -qam x");
	struct head_moves moves = moves_now();
	tap_is_int((long long)moves.n, 1, "a commit has one line");
	tap_is_text(
	    moves.n == 1 ? moves.items[0].why : "", "commit: x", "its own");
	head_moves_release(&moves);
	begin(false);
	moves = moves_now();
	tap_is_int((long long)moves.n, 0, "what was before is left out");
	head_moves_release(&moves);
	sh(tree, "git reflog expire --expire=now --all");
	tap_ok(
	    !head_log_read(git_dir, at, &moves, &err) && err.kind == ERROR_GIT,
	    "a log that was cut is told: %s", error_text(&err));
	error_release(&err);
	begin(true);
	sh(tree, "echo nonsense >>\"$(git rev-parse --git-dir)/logs/HEAD\"");
	tap_ok(!head_log_read(git_dir, at, &moves, &err),
	    "so is one that is damaged: %s", error_text(&err));
	begin(true);
}

/* Runs a script; then the commits that refs name have to be the strays. */
static void
expect_strays(const char *script, const char *want, const char *what)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	struct strays strays;
	autofree char *base = rev(tree, "HEAD");
	begin(true);
	sh(tree, script);
	autofree char *tip = rev(tree, "HEAD");
	autofree char *branch = rev(tree, "work");
	struct head_moves moves = moves_now();
	const char *const tips[] = { tip, branch, NULL };
	const char *const kept[] = { base, tip, NULL };
	const struct strays_search search = {
		.dir = tree,
		.git_dir = git_dir,
		.moves = &moves,
		.tips = tips,
		.kept = kept,
	};
	held(&err, strays_find(&search, &strays, &err), "%s: found", what);
	for (size_t i = 0; i < strays.n; i++) {
		autofree char *command = mem_format(
		    "git log -1 --format=%%s %s", strays.items[i].oid);
		autofree char *subject = sh_out(tree, command);
		str_format(&got, "%s%s%s", i > 0 ? " " : "", subject,
		    strays.items[i].given_up ? "!" : "");
	}
	tap_is_text(str_text(&got), want, "%s", what);
	head_moves_release(&moves);
	strays_release(&strays);
	sh(tree,
	    "git merge --abort 2>/dev/null || true;"
	    "git checkout -q -f work; git reset -q --hard main");
}

#define COMMIT(name)                                                           \
	"echo " name " >" name "; git add .; git commit -qm " name ";"

static void
test_strays(void)
{
	expect_strays(COMMIT("s1"), "", "what HEAD has is no stray");
	expect_strays(
	    "git checkout -q --detach;" COMMIT("s2") "git checkout -q work",
	    "s2", "a commit on no branch");
	expect_strays("git checkout -q --detach;" COMMIT("s3")
			  COMMIT("s4") "git checkout -q work",
	    "s4", "of a line of them the last one");
	expect_strays(COMMIT("s5") "git commit -q --amend -m s6", "s5!",
	    "what was amended was given up");
	expect_strays(COMMIT("s7") "git reset -q --hard HEAD~1", "s7!",
	    "so was what was reset");
	expect_strays(COMMIT("s8") "git checkout -q -b away main", "s8",
	    "its branch, when HEAD is elsewhere");
	expect_strays("git checkout -q away; git checkout -q work", "",
	    "what was there before is no stray");
	expect_strays(
	    "git checkout -q -b side1;" COMMIT(
		"s9") "git checkout -q work; echo other >s9; git add .;"
		      "git commit -qm s10; git merge side1 || true",
	    "s9", "a merge that was left open");
	tap_ok(strays_open_operation(git_dir) == NULL, "none is open");
}

static void
test_operations(void)
{
	static const struct {
		const char *script;
		const char *want;
	} cases[] = {
		{ "git merge theirs", "merge" },
		{ "git cherry-pick theirs", "cherry-pick" },
		{ "git rebase theirs", "rebase" },
		{ "git revert HEAD~1", "revert" },
		{ "git format-patch -q -1 --stdout theirs >../p; git am ../p",
		    "am" },
	};
	sh(tree,
	    "git checkout -q -f -B work main; git clean -qfd;"
	    "git checkout -q -b theirs; echo t >a; git commit -qam t;"
	    "git checkout -q work; echo o >a; git commit -qam o;"
	    "echo p >a; git commit -qam p");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autofree char *script =
		    mem_format("%s >/dev/null 2>&1 || true", cases[i].script);
		sh(tree, script);
		const char *got = strays_open_operation(git_dir);
		tap_is_text(got == NULL ? "" : got, cases[i].want,
		    "an operation is open: %s", cases[i].want);
		autofree char *abort =
		    mem_format("git %s --abort", cases[i].want);
		sh(tree, abort);
	}
}

int
main(void)
{
	autoerror struct error err = { 0 };
	sandbox_begin();
	autofree char *main = make_repository("main");
	tree = in_sandbox("tree");
	sh(main, "git worktree add -q -b work ../tree");
	git_dir = head_git_dir(tree, &err);
	test_straight();
	test_begin();
	sh(tree, "git checkout -q -f work; git reset -q --hard main");
	test_strays();
	test_operations();
	free(tree);
	free(git_dir);
	sandbox_end();
	return tap_done();
}
