/* SPDX-License-Identifier: MIT */
/* When a snapshot of a job is due. */
#include "config.h"

#include "plan/trigger.h"

/* How much the journal must grow between two snapshots. */
static uint64_t
growth_needed(const struct trigger_view *view)
{
	bool many = view->items > TRIGGER_MANY_ITEMS;
	if (many && view->snapshot_size < TRIGGER_GROWTH)
		return TRIGGER_GROWTH;
	return view->snapshot_size <= TRIGGER_SMALL ? 0 : view->snapshot_size;
}

bool
trigger_is_due(const struct trigger_view *view)
{
	if (view->outcomes == 0)
		return false;
	uint64_t needed = growth_needed(view);
	if (view->outcomes >= TRIGGER_OUTCOMES && view->journal_grown >= needed)
		return true;
	/* Slow items: sooner, but still in proportion. */
	return view->elapsed_ms >= TRIGGER_MS &&
	    view->journal_grown >= needed / 4;
}
