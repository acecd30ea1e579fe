/* SPDX-License-Identifier: MIT */
/*
 * Merging what agents made, in the order in which they came.
 *
 * Items that wait are merged one after the other on object level, each onto
 * the result of the one before; then one ref transaction publishes all of
 * them, and one sync makes them durable. A real conflict goes to claude in a
 * scratch work tree at the head of the job, where nothing but the result
 * counts, and only if that stands up to a check. It keeps its turn meanwhile:
 * what claude resolves is the conflict with this very head.
 *
 * What came of it is told to the owner of the items as an event:
 *
 *	merging_add		-> TURN, later
 *	merging_merge		-> MERGED, CONFLICT, MERGE_ERROR
 *	merging_add_scratch	-> SCRATCH_ADDED, UNRESOLVED
 *	merging_fill_scratch	-> SCRATCH_FILLED, UNRESOLVED
 *	merging_ask_claude	-> RESOLVED, UNRESOLVED, CANCELLED
 */
#ifndef RUN_MERGING_H
#define RUN_MERGING_H

#include "base/defs.h"
#include "run/item.h"

struct merging;

/* shared is borrowed; its head follows what is published. */
struct merging *merging_new(struct item_shared *shared) MUST_USE;
void merging_free(struct merging *merging);

/* Queues an item whose commits are recorded. */
void merging_add(struct merging *merging, struct item *item);

/* For the item that has its turn: */
void merging_merge(struct merging *merging, struct item *item);
void merging_add_scratch(struct item *item);
void merging_fill_scratch(struct item *item);
void merging_ask_claude(struct item *item);
/*
 * Ends its turn, so that the next one gets it. For an item without the turn
 * nothing changes.
 */
void merging_end_turn(struct merging *merging, struct item *item);

#endif
