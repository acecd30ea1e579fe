/* SPDX-License-Identifier: MIT */
/*
 * Folders outside of the home that hold work trees of a repository
 * (workspace.root), or did once: what lies there is found again by whoever
 * comes later.
 */
#ifndef STATE_WORKSPACES_H
#define STATE_WORKSPACES_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "state/layout.h"

/* The folder below root for trees of this home and repository. */
char *workspaces_folder(const struct layout *layout, const char *root) MUST_USE;
/* Remembers one, durably. */
bool workspaces_add(const struct layout *layout, const char *folder,
    struct error *err) MUST_USE;
/*
 * All folders with work trees of the repository, that in the home first; those
 * on file systems that are gone, too. A record that cannot be read is told, and
 * the one in the home is all there is then.
 */
bool workspaces_list(const struct layout *layout, struct strv *folders,
    struct error *err) MUST_USE;

#endif
