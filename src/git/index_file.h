/* SPDX-License-Identifier: MIT */
/*
 * Git's index file (gitformat-index(5)), read entry by entry, and what entries
 * hide: git neither looks at nor adds a file whose entry is marked
 * assume-unchanged or skip-worktree, so an edit of it is seen by nobody.
 */
#ifndef GIT_INDEX_FILE_H
#define GIT_INDEX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

#define INDEX_MODE_DIR 0040000 /* a folder that is not listed: sparse index */
#define INDEX_MODE_LINK 0160000 /* a submodule, or another repository */

/* All entries are visited in their order; the bytes are the caller's. */
struct index_reader {
	uint8_t *at; /* the next entry */
	uint8_t *end; /* of the file */
	uint32_t left; /* entries */
	unsigned version;
	size_t oid_bytes;
	struct str name; /* of the last entry */
};

struct index_entry {
	const char *name; /* until the next one is read */
	unsigned mode;
	bool assumed; /* marked assume-unchanged */
	bool skipped; /* marked skip-worktree */
	uint8_t *flags; /* where the marks stand */
};

/* oid_bytes: 20 or 32. False: this is no index that can be read. */
bool index_open(struct index_reader *reader, void *bytes, size_t len,
    size_t oid_bytes) MUST_USE;
/* True with the next entry; false at the end and when it is damaged. */
bool index_next(struct index_reader *reader, struct index_entry *entry);
/* Behind the last entry: an entry may be missing here (split index). */
bool index_is_split(const struct index_reader *reader) MUST_USE;
void index_close(struct index_reader *reader);

/*
 * The index of a work tree; empty if there is none. HEAD tells the size of
 * object ids.
 */
bool index_load(const char *tree, struct str *bytes, size_t *oid_bytes,
    struct error *err) MUST_USE;
/*
 * Copies an index, which is as old as the first one: git takes a file that is
 * not older than the index for one that may have changed since.
 */
bool index_copy(const char *from, const char *to, struct error *err) MUST_USE;
/*
 * Whether entries hide a file that is there; nothing is started. No index at
 * all hides nothing. False with err: that cannot be told.
 */
bool index_hides(const char *tree, bool *hides, struct error *err) MUST_USE;
/*
 * Removes these marks from an index file, a copy of that of the tree, so that
 * git sees the files as they are. Files that are not there stay marked: they
 * were left out on purpose. The file's checksum is not made anew.
 */
bool index_uncover(
    const char *tree, const char *index, struct error *err) MUST_USE;
/*
 * The same without starting git; all is false when files may be hidden that
 * this index has no entry for (it is split, or sparse): it stays as it is then.
 */
bool index_unmark(const char *tree, const char *index, size_t oid_bytes,
    bool *all, struct error *err) MUST_USE;

#endif
