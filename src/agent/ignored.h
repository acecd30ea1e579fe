/* SPDX-License-Identifier: MIT */
/*
 * Files that git ignores and an attempt left in its work tree: they go with
 * the tree. They are counted, so that it can be told, and those that the
 * workflow asks for are copied.
 */
#ifndef AGENT_IGNORED_H
#define AGENT_IGNORED_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

#define IGNORED_NAMES 3 /* of files that are told */
#define IGNORED_LIMIT_FILES 10000 /* that are copied for one attempt */
#define IGNORED_LIMIT_MIB 1024

/*
 * What the entries of a tree have ("path", or "path/" for all that is in a
 * folder): {"files","bytes","names"}, a new reference; NULL when they have no
 * file. Links count as files, and are not followed.
 */
json_t *ignored_count(const char *tree, const struct strv *entries) MUST_USE;
/*
 * Copies the ignored files of a tree that match one of the patterns (git's
 * globs) to the folder to, which is made, below which they have the same
 * paths. What is no regular file is not copied, nothing is reached through a
 * link, and nothing that is there is written over. Files are durable.
 *
 * copied becomes {"path","files","bytes","names"} (new reference), or NULL when
 * nothing matched. False with err: not all could be copied.
 */
bool ignored_copy(const char *tree, const struct strv *patterns, const char *to,
    json_t **copied, struct error *err) MUST_USE;

#endif
