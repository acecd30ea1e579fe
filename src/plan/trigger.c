/* SPDX-License-Identifier: MIT */
/* When a snapshot of a job is due. */
#include "config.h"

#include "plan/trigger.h"

bool
trigger_is_due(const struct trigger_view *view)
{
	if (view->outcomes == 0)
		return false;
	if (view->outcomes >= TRIGGER_OUTCOMES)
		return view->journal_grown >= view->snapshot_size;
	/* Slow items: sooner, but still in proportion. */
	return view->elapsed_ms >= TRIGGER_MS &&
	    view->journal_grown >= view->snapshot_size / 4;
}
