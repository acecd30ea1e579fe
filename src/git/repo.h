/* SPDX-License-Identifier: MIT */
/* The user's repository, as found at the start. */
#ifndef GIT_REPO_H
#define GIT_REPO_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

struct repo {
	/*
	 * Top level of the main work tree, canonical; of the one where we are
	 * when that is linked and nothing tells where the main one is.
	 */
	char *root;
	char *common_dir; /* its git directory, wherever it lies, canonical */
	char *branch; /* short name; NULL: HEAD is detached */
	char *head; /* object id of HEAD */
};

/*
 * Finds the repository that dir lies in; inside a linked work tree or a
 * subdirectory it is the main one. HEAD and branch are those of the work tree
 * dir lies in. Errors (ERROR_GIT) tell: not a repository, no commit yet, a
 * bare repository, foreign ownership.
 */
bool repo_open(const char *dir, struct repo *repo, struct error *err) MUST_USE;
/* As repo_open() without branch and head: for commands that only list. */
bool repo_find(const char *dir, struct repo *repo, struct error *err) MUST_USE;
void repo_release(struct repo *repo);

/* Whether root is the main work tree. */
bool repo_has_main_tree(const struct repo *repo);
/* Uncommitted changes, untracked files left out. */
bool repo_is_dirty(const struct repo *repo);
/* "Name <mail>" for our own commits: the user's, or prodigy's. */
char *repo_identity(const struct repo *repo) MUST_USE;
/*
 * Whether "git commit" would work in a work tree, with env (NAME=VALUE) over
 * the environment: somebody must be known as author, and the key must be usable
 * where commits are to be signed. Leaves nothing in the repository. ERROR_GIT
 * that says why not, and what to set.
 */
bool repo_can_commit(const struct repo *repo, const struct strv *env,
    struct error *err) MUST_USE;

#endif
