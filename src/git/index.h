/* SPDX-License-Identifier: MIT */
/*
 * A look at git's index file (Documentation: gitformat-index) for what a reset
 * would not undo.
 */
#ifndef GIT_INDEX_H
#define GIT_INDEX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when the bytes are an index of version 2, 3 or 4 without split or
 * sparse extension, in which no entry is marked assume-unchanged or
 * skip-worktree and none is a submodule. Anything unknown is false.
 */
bool index_is_plain(const void *bytes, size_t len, size_t oid_bytes);

#endif
