/* SPDX-License-Identifier: MIT */
/*
 * The HEAD of a work tree, read without starting git where its files are of
 * the usual kind (loose or packed refs), by git where not.
 */
#ifndef GIT_HEAD_H
#define GIT_HEAD_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "git/git.h"

struct head {
	char oid[GIT_OID_SIZE];
	char *branch; /* full ref name; NULL: detached */
};

bool head_read(
    const char *worktree, struct head *head, struct error *err) MUST_USE;
void head_release(struct head *head);
/* Where a ref (full name) of the work tree's repository is; false: nowhere. */
bool head_read_ref(
    const char *worktree, const char *ref, char oid[GIT_OID_SIZE]) MUST_USE;

/* The work tree's own git directory (where its HEAD and index lie). */
char *head_git_dir(const char *worktree, struct error *err) MUST_USE;
/*
 * The same of a linked work tree, if its .git leads to a registration that
 * leads back; NULL: it is another kind of tree, or somebody bent one of them.
 */
char *head_linked_git_dir(const char *worktree) MUST_USE;
/* The git directory that all work trees of its repository share. */
char *head_common_dir(const char *worktree, struct error *err) MUST_USE;

/*
 * The line of a file of git's that has one, such as HEAD or gitdir, without its
 * newline; false: it cannot be read, or is empty.
 */
bool head_read_line(const char *path, struct str *out) MUST_USE;

#endif
