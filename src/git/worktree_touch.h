/* SPDX-License-Identifier: MIT */
/* Whether somebody has been at a work tree. */
#ifndef GIT_WORKTREE_TOUCH_H
#define GIT_WORKTREE_TOUCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

/*
 * Whether no file and no folder of the tree at path was made, changed, moved or
 * removed after a moment (milliseconds since the epoch), by the clock of its
 * file system. False when that cannot be seen.
 */
bool worktree_is_untouched(const char *path, int64_t since) MUST_USE;

#endif
