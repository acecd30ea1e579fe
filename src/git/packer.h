/* SPDX-License-Identifier: MIT */
/*
 * Packs what a long job has merged: an item leaves about nine loose objects,
 * which for many thousand items are folders that every git gets slower in, and
 * more files than some disks have room for.
 *
 * From time to time what became reachable since is written as a pack, by a
 * process of low priority. When the pack is durable, the loose files of its
 * objects go, and no others. Whoever reads an object meanwhile finds the file
 * or, as every git does that misses one, looks for new packs. Nothing that
 * cannot be reached is touched, and no setting or pack of the user's.
 */
#ifndef GIT_PACKER_H
#define GIT_PACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "proc/loop.h"

/*
 * So many merges are loose before they are packed, or this part of all if that
 * is more, so that the packs of a very long job are some hundred.
 */
#define PACKER_MERGES 1000
#define PACKER_PART 64

struct packer;

/*
 * dir: a work tree of the repository; head: the commit before the first merge;
 * merges: PACKER_MERGES, but for tests.
 */
struct packer *packer_new(struct loop *loop, const char *dir, const char *head,
    size_t merges) MUST_USE;
/* n more merges, which are durable, have led to head. */
void packer_merged(struct packer *packer, const char *head, size_t n);
/* Whether a pack is being written or its loose objects removed. */
bool packer_is_busy(const struct packer *packer);
/* What is under way is given up, and what it wrote so far left to git. */
void packer_free(struct packer *packer);

#endif
