/* SPDX-License-Identifier: MIT */
/*
 * Work trees: made and removed under the lock of their repository (git's own
 * bookkeeping races), filled outside of it, used again for the next agent.
 *
 * A tree in use is locked as "git worktree lock --reason" does it, so that git
 * and the tools that people manage trees with leave it alone and tell why.
 *
 * A tree goes by a rename, into a folder ".trash" beside it, and is deleted
 * there: whenever that is interrupted, no half of a tree has its name. Only
 * what may go is ever in that folder, so that it can be swept at any time.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/repo.h"
#include "proc/loop.h"

typedef void worktree_done_fn(const struct error *err, void *arg);

/*
 * Registers an empty work tree at path, detached at base: the files come when
 * its agent starts (git/worktree_use.h). err is NULL in fn when it is there.
 * It is not synced: one that a power cut damages is made anew. reason, one
 * line, is why it is locked.
 */
void worktree_add(struct loop *loop, const struct repo *repo, const char *path,
    const char *base, const char *reason, worktree_done_fn *fn, void *arg);
/*
 * Makes a work tree with files on a new branch at base, or on an existing one
 * when base is NULL; waits for it. That is for the parent work tree.
 */
bool worktree_add_branch(const struct repo *repo, const char *path,
    const char *branch, const char *base, const char *reason,
    struct error *err) MUST_USE;
/*
 * A tree that stays is nobody's any more: it is unlocked, so that people can
 * remove it as any other. One on another file system than the repository stays
 * locked, with this reason: while that is not mounted a prune would forget it.
 * One that is not registered is left as it is.
 */
bool worktree_let_go(const struct repo *repo, const char *path,
    const char *reason, struct error *err) MUST_USE;
/*
 * Gives a work tree another path on the same file system, and another reason of
 * its lock, in process. The registration is found by the path, whatever an
 * agent did to the tree. The error tells if it was moved, or removed.
 */
bool worktree_rename(const struct repo *repo, const char *from, const char *to,
    const char *reason, struct error *err) MUST_USE;

/*
 * Removes a work tree whatever state it is in: folder and registration.
 * Never fails for one that is half gone. Waits for the files to go.
 */
bool worktree_remove(
    const struct repo *repo, const char *path, struct error *err) MUST_USE;
/*
 * The same but for the files: *trash is where they lie (for the caller to
 * free), NULL when there are none.
 */
bool worktree_retire(const struct repo *repo, const char *path, char **trash,
    struct error *err) MUST_USE;
/* Deletes what worktree_retire() left. */
bool worktree_discard(const char *trash, struct error *err) MUST_USE;
/*
 * Deletes what removals that were interrupted left below folder, and in the
 * repository. All of it is tried; the first failure is told.
 */
bool worktree_sweep(
    const struct repo *repo, const char *folder, struct error *err) MUST_USE;

/*
 * Tells the work trees in folder where their repository is, after that has been
 * moved: each that names a registration which is gone, while the repository has
 * it. All of them are tried; the first failure is told.
 */
bool worktree_follow(
    const struct repo *repo, const char *folder, struct error *err) MUST_USE;

/*
 * All work trees of the repository, the main one first: its path is that of the
 * git directory when nothing tells where it is, or when there is none.
 */
struct worktree_entry {
	char *path;
	char *branch; /* short name; NULL: detached */
};
struct worktree_list {
	struct worktree_entry *items;
	size_t n;
	size_t cap;
};
bool worktree_list(const struct repo *repo, struct worktree_list *list,
    struct error *err) MUST_USE;
void worktree_list_release(struct worktree_list *list);

#endif
