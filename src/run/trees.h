/* SPDX-License-Identifier: MIT */
/*
 * The work trees of agents: made when there is none to use again, given the
 * next agent's name when there is, removed at the end.
 */
#ifndef RUN_TREES_H
#define RUN_TREES_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

struct trees;

typedef void trees_fn(bool reused, const struct error *err, void *arg);

struct trees *trees_new(struct supervisor *sup) MUST_USE;
/*
 * Gets a tree at path for an agent that starts at base; fn is called from the
 * loop. reused: it must be brought to base with its rest swept away.
 */
void trees_get(struct trees *trees, const char *path, const char *base,
    trees_fn *fn, void *arg);
/* Takes a tree back. reusable: its agent said it can serve again. */
void trees_give(struct trees *trees, const char *path, bool reusable);
/* Removals that are still going on. */
bool trees_are_busy(const struct trees *trees);
/* Starts the removal of all trees that wait. */
void trees_drain(struct trees *trees);
void trees_free(struct trees *trees);

#endif
