/* SPDX-License-Identifier: MIT */
/*
 * When a snapshot of a job is due: after 5 outcomes or 30 s. A snapshot holds
 * the whole job, so once it is large the distance between two grows with its
 * size: all snapshots together stay in proportion to the journal, however many
 * items there are.
 */
#ifndef PLAN_TRIGGER_H
#define PLAN_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#define TRIGGER_OUTCOMES 5
#define TRIGGER_MS 30000
/* A snapshot up to this size is written whenever outcomes or time say so. */
#define TRIGGER_SMALL ((uint64_t)16 * 1024)
/* A job of more items writes none before its journal grew by so much. */
#define TRIGGER_MANY_ITEMS 1000
#define TRIGGER_GROWTH ((uint64_t)1024 * 1024)

struct trigger_view {
	uint64_t outcomes; /* since the last snapshot */
	int64_t elapsed_ms; /* since the last snapshot */
	uint64_t journal_grown; /* bytes since the last snapshot */
	uint64_t snapshot_size; /* bytes of the last snapshot; 0: none yet */
	uint64_t items; /* of the job */
};

bool trigger_is_due(const struct trigger_view *view);

#endif
