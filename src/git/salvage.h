/* SPDX-License-Identifier: MIT */
/* Keeping what an agent did not commit. */
#ifndef GIT_SALVAGE_H
#define GIT_SALVAGE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"

/*
 * Keeps everything uncommitted in the work tree at path (ignored files left
 * out) as a commit on top of HEAD under ref, and waits until it is durable. The
 * tree and its index stay as they are. When some files cannot be read, the
 * others are kept and the result is false nevertheless.
 */
bool salvage_keep(const char *path, const char *ref, const char *message,
    char commit[GIT_OID_SIZE], struct error *err) MUST_USE;

#endif
