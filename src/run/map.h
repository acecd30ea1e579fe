/* SPDX-License-Identifier: MIT */
/*
 * The map phase: a bounded number of agents at once, refilled as they end. It
 * hears of everything that happens to an item, asks plan/item what follows,
 * and has run/item and run/merging carry it out.
 */
#ifndef RUN_MAP_H
#define RUN_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "run/supervisor.h"

struct map;

/*
 * Runs the map phase and waits for its end. False only when it was stopped or
 * cannot go on: failed items are no failure of the phase.
 */
bool map_run(struct supervisor *sup, struct error *err) MUST_USE;
/* Stops admission and agents; they come back as cancelled. */
void map_stop(struct map *map, int64_t force_ms);
/* Looks soon whether agents can be started, or whether the phase is over. */
void map_refill_later(struct map *map);

/* Adds what its items have spent that is not recorded yet. */
void map_add_spent(const struct map *map, struct spent *sum);

/* --- how many at once ------------------------------------------------- */

/*
 * wanted, or what the limits of open files and of processes allow if that is
 * less, but at least 1. why then says which limit it is ("the limit of open
 * files is 1024"); else it stays as it was.
 */
unsigned slots_allowed(unsigned wanted, struct str *why);

#endif
