/* SPDX-License-Identifier: MIT */
/* What agents share with the user, read and compared; the stash put back. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/shared.h"
#include "git/stash_log.h"
#include "support.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define ZERO "0000000000000000000000000000000000000000"

static void
add_line(const struct shared_change *change, void *arg)
{
	shared_describe(change, arg);
	str_add_char(arg, '\n');
}

static void
comparing(void)
{
	struct shared before = { 0 };
	struct shared after = { 0 };
	autostr struct str lines = { 0 };
	shared_add(&before, "refs/tags/v1", A);
	shared_add(&before, "config", "1");
	shared_add(&before, "refs/heads/same", A);
	shared_add(&before, "refs/heads/moved", A);
	shared_add(&before, "worktrees/w/gitdir", "/w/.git");
	shared_add(&after, "hooks/pre-commit", "1");
	shared_add(&after, "config", "2");
	shared_add(&after, "refs/heads/same", A);
	shared_add(&after, "refs/heads/moved", B);
	shared_sort(&before);
	shared_sort(&after);
	shared_compare(&before, &before, add_line, &lines);
	tap_ok(lines.len == 0, "what is equal has no change");
	shared_compare(&before, &after, add_line, &lines);
	tap_is_text(str_text(&lines),
	    "configuration changed\n"
	    "hook pre-commit added\n"
	    "branch moved changed, was " A ", is " B "\n"
	    "tag v1 removed, was " A "\n"
	    "work tree w removed\n",
	    "each change is a line");
	shared_release(&before);
	shared_release(&after);
}

static void
changes_of(const struct repo *repo, const char *script, const char *want,
    const char *name)
{
	struct shared before;
	struct shared after;
	autostr struct str lines = { 0 };
	shared_read(repo, &before);
	sh(repo->root, script);
	shared_read(repo, &after);
	shared_compare(&before, &after, add_line, &lines);
	tap_is_text(str_text(&lines), want, "%s", name);
	shared_release(&before);
	shared_release(&after);
}

static void
reading(const struct repo *repo)
{
	changes_of(repo, "git config a.b c", "configuration changed\n",
	    "a key of the configuration is seen");
	changes_of(repo, "git pack-refs --all", "",
	    "refs that are packed have not changed");
	changes_of(repo, "touch a; git status >/dev/null", "",
	    "an index that was looked at has not changed");
	changes_of(repo, "echo x >>a; git add a", "index changed\n",
	    "one that was staged to has");
	changes_of(repo,
	    "git branch prodigy-x; git update-ref refs/prodigy/x HEAD", "",
	    "what is ours is left out");
	changes_of(repo, "git stash -q", "index changed\nstash added\n",
	    "a stash is told once");
}

static void
stamps(const struct repo *repo)
{
	struct shared before;
	shared_read(repo, &before);
	before.stamp = 0;
	tap_ok(!shared_is_same(repo, &before),
	    "what was just written is not relied upon");
	shared_release(&before);
	/* Its files are made old enough without waiting for that. */
	struct shared again;
	do {
		shared_read(repo, &again);
		if (again.stamp == 0)
			shared_release(&again);
	} while (again.stamp == 0);
	tap_ok(shared_is_same(repo, &again), "what lies still is the same");
	sh(repo->root, "git tag late");
	tap_ok(!shared_is_same(repo, &again), "and a new tag is seen");
	shared_release(&again);
}

static void
joining(void)
{
	autostr struct str before = { 0 };
	autostr struct str now = { 0 };
	autostr struct str joined = { 0 };
	str_add(&before, ZERO " " A " x 1\tone\n" A " " B " x 2\ttwo\n");
	tap_ok(!stash_log_join(&before, &before, &joined),
	    "where nothing is missing nothing is put back");
	str_clear(&joined);
	str_add(&now, ZERO " " B " x 2\ttwo\n" B " " C " x 3\tthree\n");
	tap_ok(stash_log_join(&before, &now, &joined), "one is missing");
	tap_is_text(str_text(&joined),
	    ZERO " " A " x 1\tone\n" A " " B " x 2\ttwo\n" B " " C
		 " x 3\tthree\n",
	    "it comes back at its place, before what is new");
}

static void
restoring(const struct repo *repo)
{
	autoerror struct error err = { 0 };
	struct shared before;
	struct shared now;
	autostr struct str joined = { 0 };
	sh(repo->root, "echo y >>b; git stash -q; echo z >>b; git stash -q");
	shared_read(repo, &before);
	autofree char *list = sh_out(repo->root, "git stash list");
	sh(repo->root, "git stash clear");
	shared_read(repo, &now);
	tap_ok(stash_log_join(&before.stash, &now.stash, &joined),
	    "all are missing");
	sh(repo->root, "touch .git/refs/stash.lock");
	tap_ok(!stash_log_restore(repo, &now.stash, &joined, &err),
	    "while git has the lock nothing is put back");
	error_release(&err);
	sh(repo->root, "rm .git/refs/stash.lock");
	held(&err, stash_log_restore(repo, &now.stash, &joined, &err),
	    "then it is");
	autofree char *again = sh_out(repo->root, "git stash list");
	tap_is_text(again, list, "and git sees it as before");
	tap_ok(!stash_log_restore(repo, &now.stash, &joined, &err),
	    "a stash that has changed once more is left alone");
	shared_release(&before);
	shared_release(&now);
}

int
main(void)
{
	struct repo repo;
	sandbox_begin();
	comparing();
	joining();
	autofree char *path = make_repository("r");
	open_repository(path, &repo);
	reading(&repo);
	stamps(&repo);
	restoring(&repo);
	repo_release(&repo);
	sandbox_end();
	return tap_done();
}
