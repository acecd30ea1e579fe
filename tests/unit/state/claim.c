/* SPDX-License-Identifier: MIT */
/*
 * Names of repositories: each has one of its own, and keeps it when it is
 * moved. (How names are made, and races for them, are in layout.c.)
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "scratch.h"
#include "state/claim.h"

static char *home;

/* What a repository at a path in the scratch folder is called, ... */
struct found {
	char *name;
	char
	    *former; /* ... and its last component before it was moved, or "" */
};

static void
found_release(struct found *found)
{
	free(found->name);
	free(found->former);
	*found = (struct found){ 0 };
}

static void
find(const char *root, bool take, struct found *found)
{
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path(root);
	autofree char *git_dir = path_join(path, ".git");
	struct claim claim = {
		.home = home,
		.root = path,
		.git_dir = git_dir,
	};
	found_release(found);
	if (take ? !claim_take(&claim, &err) : !claim_look(&claim, &err))
		BUG("%s", error_text(&err));
	found->name = claim.name;
	found->former =
	    mem_text(claim.former == NULL ? "" : path_name(claim.former));
	free(claim.former);
}

static void
make(const char *root)
{
	autoerror struct error err = { 0 };
	autofree char *name = mem_format("%s/.git", root);
	autofree char *path = scratch_path(name);
	if (!path_make_dirs(path, &err))
		BUG("%s", error_text(&err));
}

static void
copy_id(const char *from, const char *to)
{
	autostr struct str id = { 0 };
	autofree char *old = mem_format("%s/.git/prodigy-id", from);
	autofree char *new = mem_format("%s/.git/prodigy-id", to);
	autofree char *old_path = scratch_path(old);
	autofree char *new_path = scratch_path(new);
	make(to);
	scratch_read(old_path, &id);
	scratch_write(new_path, str_text(&id), id.len);
}

static void
move(const char *from, const char *to)
{
	autofree char *old = scratch_path(from);
	autofree char *new = scratch_path(to);
	autofree char *parent = path_parent(new);
	(void)mkdir(parent, 0700);
	if (rename(old, new) != 0)
		BUG("moving %s", old);
}

static void
test_moves(void)
{
	struct found found = { 0 };
	make("a");
	find("a", true, &found);
	tap_is_text(found.name, "a", "a repository has the name of its folder");
	move("a", "b");
	find("b", false, &found);
	tap_is_text(found.name, "a", "it keeps that when it is renamed");
	tap_is_text(found.former, "a", "where it was is told");
	find("b", false, &found);
	tap_is_text(found.name, "a", "the next look finds it there");
	tap_is_text(found.former, "", "as the move is known then");
	autofree char *b = scratch_path("b");
	autofree char *owner = claim_owner(home, "a");
	tap_is_text(owner, b, "who owns a name is told");
	move("b", "deep/a");
	find("deep/a", true, &found);
	tap_is_text(found.name, "a", "a run finds it, too");
	make("a");
	find("a", true, &found);
	tap_ok(strncmp(found.name, "a-", 2) == 0,
	    "another one at the old place gets another name: %s", found.name);
	found_release(&found);
}

static void
test_copies(void)
{
	struct found found = { 0 };
	make("one");
	find("one", true, &found);
	copy_id("one", "two/one");
	find("two/one", false, &found);
	tap_ok(strncmp(found.name, "one-", 4) == 0,
	    "a look at a copy finds a name of its own");
	find("two/one", true, &found);
	tap_ok(strncmp(found.name, "one-", 4) == 0, "a run in it, too");
	autofree char *name = mem_text(found.name);
	copy_id("one", "three");
	find("three", true, &found);
	tap_is_text(found.name, "three", "so does one with another name");
	move("one", "one-moved");
	find("two/one", true, &found);
	tap_is_text(
	    found.name, name, "without the original it is still itself");
	find("three", true, &found);
	tap_is_text(found.name, "three", "as it has an id of its own");
	find("one-moved", true, &found);
	tap_is_text(found.name, "one", "the original is found by the old one");
	found_release(&found);
}

static void
test_clones(void)
{
	struct found found = { 0 };
	make("clone");
	for (int i = 0; i < 6; i++) {
		find("clone", true, &found);
		move("clone/.git", "thrown-away");
		autoerror struct error err = { 0 };
		autofree char *gone = scratch_path("thrown-away");
		if (!file_remove_tree(gone, &err))
			BUG("%s", error_text(&err));
		make("clone");
	}
	find("clone", true, &found);
	tap_is_text(found.name, "clone",
	    "one that is cloned anew at its place keeps the name");
	found_release(&found);
}

static void
test_without_id(void)
{
	struct found found = { 0 };
	autofree char *claim = path_join(home, "state/old/repository.json");
	autofree char *folder = path_parent(claim);
	autofree char *old = scratch_path("old");
	autofree char *text = mem_format("{\"path\":\"%s\"}\n", old);
	autoerror struct error err = { 0 };
	if (!path_make_dirs(folder, &err))
		BUG("%s", error_text(&err));
	scratch_write(claim, text, strlen(text));
	make("old");
	find("old", false, &found);
	tap_is_text(found.name, "old", "a claim without an id is one by path");
	autofree char *id = path_join(old, ".git/prodigy-id");
	tap_ok(!path_exists(id), "a look writes no id");
	find("old", true, &found);
	tap_ok(path_exists(id), "a run does");
	move("old", "new");
	find("new", true, &found);
	tap_is_text(found.name, "old", "so that it can be moved");
	found_release(&found);
}

int
main(void)
{
	scratch_dir();
	home = scratch_path("home");
	if (mkdir(home, 0700) != 0)
		BUG("no home");
	test_moves();
	test_copies();
	test_clones();
	test_without_id();
	free(home);
	scratch_done();
	return tap_done();
}
