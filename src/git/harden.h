/* SPDX-License-Identifier: MIT */
/*
 * Makes objects and refs durable that git wrote without a sync: what agents
 * commit and what merges write is of no worth until it is recorded, and only
 * then has to survive a power cut. One sync then serves all files of an item,
 * and of all items that become ready at about the same time, where git would
 * wait for the disk once for each object.
 *
 * The method is that of git's own core.fsyncMethod=batch: the data of all files
 * are written out first (sync_file_range(2)), then one fsync(2) of a file made
 * for it has the journal of the file system commit, and with it the metadata
 * (sizes, blocks, names) of everything that came before. That is so on ext4 and
 * XFS; on tmpfs nothing is ever durable. (ext4 without a journal promises
 * nothing about names to anybody, git included.) On btrfs and overlayfs each
 * file is synced, which has its name with it. On any other file system, for a
 * file that lies on another one than the objects, and where sync_file_range()
 * is missing, each file is synced and so is each directory above it.
 *
 * Packs are not looked at: git syncs them itself, whatever wrote them.
 */
#ifndef GIT_HARDEN_H
#define GIT_HARDEN_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "proc/loop.h"

struct harden;

/* common_dir: the repository's common git directory; copied. */
struct harden *harden_new(struct loop *loop, const char *common_dir) MUST_USE;
/*
 * Requests that wait are forgotten: forget, if not NULL, releases their args.
 * Not from within a callback. NULL is ignored.
 */
void harden_free(struct harden *harden, void (*forget)(void *arg));

/* err is NULL when it is done, else ERROR_STORAGE. */
typedef void harden_fn(const struct error *err, void *arg);
/*
 * Each calls fn once, from the loop. Requests that were made before a round
 * begins share its sync. The loop goes on turning while a round has many files,
 * but the disk is waited for file by file.
 *
 * The data of objects (ids) are written out: the sync of harden_refs() is
 * theirs, too, and so is any commit of the journal, so that a ref that is set
 * in between cannot be durable before them. An object that is not loose is
 * taken to be in a pack.
 */
void harden_objects(
    struct harden *harden, const struct strv *oids, harden_fn *fn, void *arg);
/* The refs (full names) and all objects so far are durable. */
void harden_refs(
    struct harden *harden, const struct strv *refs, harden_fn *fn, void *arg);
/* The whole file system of the objects is synced: syncfs(2). */
void harden_everything(struct harden *harden, harden_fn *fn, void *arg);

#endif
