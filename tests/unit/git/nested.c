/* SPDX-License-Identifier: MIT */
/* Repositories inside of a work tree. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/nested.h"
#include "git/nested_keep.h"
#include "git/worktree.h"
#include "support.h"

#define REFS "refs/prodigy/salvage/r/item_0"

static struct repo repo;
static char *tree;
static struct salvage_owner owner;

static void
fresh(void)
{
	autoerror struct error err = { 0 };
	if (!worktree_remove(&repo, tree, &err))
		held(&err, false, "the last tree goes");
	sh(repo.root,
	    "git branch -q --list 't[0-9]' | xargs -r git branch -qD;"
	    "git for-each-ref --format='delete %(refname)' refs/prodigy |"
	    "git update-ref --stdin");
	if (!worktree_add_branch(&repo, tree, "t1", repo.head, "test", &err))
		held(&err, false, "a new one comes");
}

static const struct nested *
find(const struct nested_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].path, path) == 0)
			return &list->items[i];
	return NULL;
}

/* Finds what is in the tree and keeps each; how many could not be kept. */
static size_t
keep_all(size_t n)
{
	autoerror struct error err = { 0 };
	struct nested_list list = { 0 };
	size_t failed = 0;
	held(&err, nested_find(tree, &list, &err), "all is looked at");
	tap_is_int((long long)list.n, (long long)n, "each is found");
	for (size_t i = 0; i < list.n; i++) {
		autoerror struct error why = { 0 };
		struct nested_kept kept = { 0 };
		if (!nested_keep(
			tree, &owner, &list, &list.items[i], &kept, &why)) {
			tap_note("%s", error_text(&why));
			failed++;
		}
		nested_kept_release(&kept);
	}
	nested_release(&list);
	return failed;
}

static void
says(const char *script, const char *want, const char *what)
{
	autofree char *got = sh_out(repo.root, script);
	tap_is_text(got, want, "%s", what);
}

static void
test_finding(void)
{
	autoerror struct error err = { 0 };
	struct nested_list list = { 0 };
	fresh();
	sh(tree,
	    "mkdir -p new d/in bare fake/.git gone ignored/deep;"
	    "git init -q new; git init -q d/in; git init -q --bare bare/x.git;"
	    "git init -q d; echo 'gitdir: nowhere' >gone/.git;"
	    "git init -q ignored/deep/er; mkdir -p half/.git/objects;"
	    "git worktree add -q ours; git init -q ../outside;"
	    "mkdir other; echo 'gitdir: ../../outside/.git' >other/.git");
	held(&err, nested_find(tree, &list, &err), "all folders are seen");
	tap_is_int((long long)list.n, 8, "nothing else is taken for one");
	const struct nested *x = find(&list, "new");
	tap_ok(x != NULL && x->place == NESTED_INSIDE && x->has_files,
	    "one that git init made");
	tap_ok(find(&list, "d") != NULL, "one in a folder with tracked files");
	tap_ok(find(&list, "d/in") != NULL, "one within it");
	x = find(&list, "bare/x.git");
	tap_ok(x != NULL && !x->has_files, "a bare one");
	tap_ok(find(&list, "ignored/deep/er") != NULL, "one further down");
	x = find(&list, "half");
	tap_ok(x != NULL && x->damaged, "one that git would not open");
	x = find(&list, "ours");
	tap_ok(x != NULL && x->place == NESTED_OURS,
	    "another work tree of the repository");
	x = find(&list, "other");
	tap_ok(x != NULL && x->place == NESTED_ELSEWHERE,
	    "files of one that lies elsewhere");
	nested_release(&list);
	sh(repo.root,
	    "git worktree remove --force ../tree/ours;"
	    "git branch -qD ours; rm -rf ../outside");
}

static void
test_history(void)
{
	fresh();
	sh(tree,
	    "git init -q app; cd app; echo 1 >f; git add f; git commit -qm one;"
	    "git checkout -q -b side; echo 2 >f; git commit -qam two;"
	    "git checkout -q -; echo 3 >f; git stash -q;"
	    "git checkout -q --detach; git commit -q --allow-empty -m lost;"
	    "git checkout -q -; echo 4 >f; echo new >n; git tag -a -m t v1;"
	    "echo ig >.gitignore; echo i >ig");
	tap_is_int((long long)keep_all(1), 0, "all of it is kept");
	sh(tree, "mv app/.git ../app.git");
	says("git log --format=%s " REFS "/1 | grep -v '^index on\\|untracked'"
	     "| sort | sed 's/:.*//' | paste -sd,",
	    "Repository in the tree of item_0,WIP on main,lost,one,two",
	    "the commits of branches, stash and detached HEAD");
	says("git ls-tree -r --name-only " REFS "/1 | paste -sd,",
	    ".gitignore,f,n", "all files but the ignored ones");
	says("git show " REFS "/1:f", "4", "as they lay there");
	says("git log -1 --format='%(trailers:only)' " REFS "/1",
	    "Prodigy-Salvage: nested\nProdigy-Item: item_0\n"
	    "Prodigy-Attempt: 1\nProdigy-Path: app\n",
	    "what it is stands in the commit");
	says("git log -1 --format=%B " REFS "/1 | grep -c refs/heads/side", "1",
	    "so do its branches");
	sh(repo.root, "git fsck --strict --no-dangling");
	sh(tree, "rm -rf ../app.git");
}

static void
test_files(void)
{
	fresh();
	sh(tree,
	    "git init -q none; git init -q staged; cd staged; echo s >s;"
	    "git add s; git init -q inner; echo i >inner/i; cd ..;"
	    "git init -q clean; cd clean; git commit -q --allow-empty -m c;"
	    "git init -q ../tidy; cd ..; git clone -q clean copy 2>/dev/null;"
	    "git clone -q clean edited 2>/dev/null; echo e >edited/e");
	tap_is_int((long long)keep_all(7), 0, "all are kept");
	says("git for-each-ref --format='%(refname:lstrip=5) "
	     "%(trailers:key=Prodigy-Path,valueonly)' " REFS
	     " | grep . | sort -k2 | cut -d' ' -f2 | paste -sd,",
	    "clean,edited,staged,staged/inner",
	    "those that have something of their own");
	says("for r in $(git for-each-ref --format='%(refname)' " REFS ");"
	     "do git ls-tree -r --name-only $r; done | sort | paste -sd,",
	    "e,i,s", "files that were never committed");
	sh(tree, "rm -rf clean copy edited staged tidy none");
	sh(repo.root, "git fsck --strict --no-dangling");
}

static void
test_odd_names(void)
{
	fresh();
	sh(tree,
	    "n=$(printf 'a\\377\"\\nb'); git init -q \"$n\"; cd \"$n\";"
	    "printf x >\"$(printf 'f\\377\\001')\"");
	tap_is_int((long long)keep_all(1), 0, "names of any bytes are kept");
	says(
	    "git log -1 --format='%(trailers:key=Prodigy-Path,valueonly)' " REFS
	    "/1",
	    "\"a\\377\\\"\\012b\"\n", "the path is written in quotes");
	autofree char *plain = nested_quote("a b/\xc3\xa4");
	tap_is_text(plain, "a b/\xc3\xa4", "an ordinary one is not");
}

static void
test_refusals(void)
{
	fresh();
	sh(tree,
	    "git init -q big; truncate -s 2G big/file; git init -q broken;"
	    "echo x >broken/.git/HEAD; git init -q lost; cd lost;"
	    "echo 1 >f; git add f; git commit -qm one;"
	    "rm -rf .git/objects/??");
	tap_is_int((long long)keep_all(3), 3,
	    "too large, damaged and incomplete ones have to stay");
	says("git for-each-ref " REFS, "", "nothing is kept in part");
	sh(repo.root, "git fsck --strict --no-dangling");
	sh(tree, "test ! -e \"$(git rev-parse --git-dir)/prodigy-nested\"");
}

static void
test_hostile(void)
{
	fresh();
	sh(tree,
	    "git init -q evil; cd evil; echo 1 >f; git add f;"
	    "git commit -qm one; echo 2 >f; echo '* filter=x' >.gitattributes;"
	    "git config filter.x.clean 'touch ../../ran';"
	    "git config core.fsmonitor 'touch ../../ran';"
	    "git config core.hooksPath h; mkdir h;"
	    "printf '#!/bin/sh\\ntouch ../../ran\\n' >h/post-index-change;"
	    "cp h/post-index-change h/reference-transaction; chmod +x h/*;"
	    "rm -f ../../ran");
	tap_is_int((long long)keep_all(1), 0, "it is kept");
	sh(tree, "test ! -e ../ran");
	says("git show " REFS "/1:f", "2", "without what it wants to be run");
}

static void
test_submodule(void)
{
	fresh();
	sh(repo.root,
	    "git init -q ../lib; cd ../lib; echo 1 >l; git add l;"
	    "git commit -qm lib; cd \"$OLDPWD\";"
	    "git -c protocol.file.allow=always submodule add -q ../lib lib;"
	    "git commit -qm submodule");
	sh(tree,
	    "git reset -q --hard main;"
	    "git -c protocol.file.allow=always submodule -q update --init");
	tap_is_int((long long)keep_all(1), 0, "a submodule as it was made");
	says("git for-each-ref " REFS, "", "has nothing of its own");
	sh(tree,
	    "cd lib; echo 2 >l; git commit -qam own; echo 3 >l;"
	    "git rev-parse HEAD >../../own");
	tap_is_int((long long)keep_all(1), 0, "one with a commit is kept");
	says("git -C lib branch -q -f found $(cat ../own);"
	     "git -C lib show found:l",
	    "2", "the main work tree's submodule has the commit");
	says("git show " REFS "/1:l", "3", "its files are in a ref");
	says("git -C lib for-each-ref --format=x " REFS, "x",
	    "a ref keeps the commit there");
	sh(repo.root,
	    "git submodule -q deinit -f lib; rm -rf .git/modules/lib");
	tap_is_int((long long)keep_all(1), 0, "without one there");
	says("git log --format=%s " REFS "/2 | paste -sd,",
	    "Repository in the tree of item_0,own,lib",
	    "a ref of the repository has the history");
	sh(tree, "rm -rf lib/.git lib/l");
	tap_is_int((long long)keep_all(1), 0,
	    "what is left of it is found without its files");
	sh(repo.root, "git fsck --strict --no-dangling");
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("main");
	tree = in_sandbox("tree");
	open_repository(path, &repo);
	owner = (struct salvage_owner){ tree, REFS, "item_0", 1, NULL };
	test_finding();
	test_history();
	test_files();
	test_odd_names();
	test_refusals();
	test_hostile();
	test_submodule();
	repo_release(&repo);
	free(tree);
	sandbox_end();
	return tap_done();
}
