/* SPDX-License-Identifier: MIT */
/*
 * Work trees: made and removed under the lock of their repository (git's own
 * bookkeeping races), filled outside of it, used again for the next agent.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/git.h"
#include "git/repo.h"
#include "proc/loop.h"

typedef void worktree_done_fn(const struct error *err, void *arg);

/*
 * Registers an empty work tree at path, detached at base: files come with
 * worktree_checkout(). err is NULL in fn when it is there.
 */
void worktree_add(struct loop *loop, const struct repo *repo, const char *path,
    const char *base, worktree_done_fn *fn, void *arg);
/*
 * The same with files on a new branch, waiting: for the parent work tree. An
 * existing branch is checked out when base is NULL.
 */
bool worktree_add_branch(const struct repo *repo, const char *path,
    const char *branch, const char *base, struct error *err) MUST_USE;
/*
 * Removes a work tree whatever state it is in: folder and registration.
 * Never fails for one that is half gone. Waits for the files to go.
 */
bool worktree_remove(
    const struct repo *repo, const char *path, struct error *err) MUST_USE;
/*
 * Gives a work tree another path on the same file system, in process. The
 * registration is found by the path, whatever an agent did to the tree.
 */
bool worktree_rename(const struct repo *repo, const char *from, const char *to,
    struct error *err) MUST_USE;

/*
 * Puts the .git file back that leads from path to its registration, if it is
 * missing, changed, or something else now (which is then moved aside as
 * .git.prodigy-*). Before looking at a tree that an agent left.
 */
bool worktree_repair(
    const struct repo *repo, const char *path, struct error *err) MUST_USE;

/*
 * Makes the files at path exactly those of base, on a new branch (or one reset
 * to base). clean: untracked and ignored files go too.
 */
bool worktree_checkout(const char *path, const char *branch, const char *base,
    bool clean, struct error *err) MUST_USE;
/*
 * Whether worktree_checkout() can make the tree as good as new: no operation
 * in progress, no settings of its own, no index flags that hide changes.
 */
bool worktree_is_reusable(const char *path);

struct worktree_status {
	struct strv changed; /* porcelain lines of tracked changes */
	struct strv untracked; /* "?? path" */
	bool ignored; /* ignored files are there */
};
bool worktree_status(const char *path, struct worktree_status *status,
    struct error *err) MUST_USE;
void worktree_status_release(struct worktree_status *status);

/*
 * Keeps everything uncommitted (ignored files left out) as a commit on top of
 * HEAD under ref. The tree and its index stay as they are. When some files
 * cannot be read, the others are kept and the result is false nevertheless.
 */
bool worktree_salvage(const char *path, const char *ref, const char *message,
    char commit[GIT_OID_SIZE], struct error *err) MUST_USE;

/* All work trees of the repository, the main one first. */
struct worktree_entry {
	char *path;
	char *branch; /* short name; NULL: detached */
	char *head;
	bool prunable;
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
