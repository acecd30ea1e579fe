/* SPDX-License-Identifier: MIT */
/*
 * Where a run has its work trees: the parent one in the home, those of agents
 * there as well, or below workspace.root (in memory, on another disk), in a
 * folder for this home and repository.
 */
#ifndef RUN_WORKSPACE_H
#define RUN_WORKSPACE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/*
 * Chooses and makes the folders, confines git to them, and clears away what
 * removals that were interrupted left in all those that were used once. A root
 * that cannot serve is an error with its place.
 */
bool workspace_open(struct supervisor *sup, struct error *err) MUST_USE;
/* Of a tree of an agent, or one for a merge. */
char *workspace_tree(const struct supervisor *sup, const char *name) MUST_USE;
/* Removes the folder below the root if nothing is in it any more. */
void workspace_close(const struct supervisor *sup);

/*
 * For commands that look: confines git to the folders that hold work trees.
 * They are added to folders.
 */
void workspace_find(const struct layout *layout, struct strv *folders);

#endif
