/* SPDX-License-Identifier: MIT */
/*
 * Repositories inside of a work tree, which git passes over: what "git init" in
 * a subfolder makes, clones, bare ones, submodules. Their commits and files are
 * in no object of the tree's own repository, whatever that has committed.
 */
#ifndef GIT_NESTED_H
#define GIT_NESTED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

enum nested_place {
	NESTED_INSIDE, /* its git directory lies in the tree */
	NESTED_SUBMODULE, /* in the git directory of the tree */
	NESTED_OURS, /* it is a work tree of the tree's own repository */
	NESTED_ELSEWHERE, /* outside: only its files go with the tree */
};

struct nested {
	char *path; /* below the tree; of a submodule without files its name */
	char *git_dir; /* absolute */
	enum nested_place place;
	/* Its folder has files that the tree's own index knows. */
	bool shared;
	bool has_files; /* false: it is bare, or its files are gone */
	bool damaged; /* there is something that git would not open */
};

struct nested_list {
	struct nested *items;
	size_t n;
	size_t cap;
};

/*
 * Finds them by a look at each folder, without git. False with err: not every
 * folder could be looked at, and what was found is in the list nevertheless.
 */
bool nested_find(
    const char *tree, struct nested_list *list, struct error *err) MUST_USE;
void nested_release(struct nested_list *list);
/*
 * Appends pathspecs, each with a NUL, of all that is below a folder (path of
 * the tree, "" for its top) but for what these repositories have.
 */
void nested_add_pathspecs(
    const struct nested_list *list, const char *below, struct str *paths);

/*
 * A path as git writes it in messages: in quotes, with escapes, unless it is
 * printable UTF-8. Allocated.
 */
char *nested_quote(const char *path) MUST_USE;

#endif
