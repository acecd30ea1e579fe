/* SPDX-License-Identifier: MIT */
/*
 * When a snapshot of a job is due. A snapshot holds the whole job, so the
 * distance between two grows with their size: all snapshots together stay in
 * proportion to the journal, however many items there are.
 */
#ifndef PLAN_TRIGGER_H
#define PLAN_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#define TRIGGER_OUTCOMES 5
#define TRIGGER_MS 30000

struct trigger_view {
	uint64_t outcomes; /* since the last snapshot */
	int64_t elapsed_ms; /* since the last snapshot */
	uint64_t journal_grown; /* bytes since the last snapshot */
	uint64_t snapshot_size; /* bytes of the last snapshot; 0: none yet */
};

bool trigger_is_due(const struct trigger_view *view);

#endif
