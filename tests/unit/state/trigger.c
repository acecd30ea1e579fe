/* SPDX-License-Identifier: MIT */
/* When snapshots are due, and that all of them together stay in proportion. */
#include "config.h"

#include "../tap.h"
#include "plan/trigger.h"

struct due_case {
	const char *what;
	struct trigger_view view;
	bool due;
};

static const struct due_case cases[] = {
	{ "nothing happened: no snapshot", { 0, 100000, 1 << 20, 0, 5 },
	    false },
	{ "the first outcome, at once: no snapshot", { 1, 10, 500, 0, 5 },
	    false },
	{ "five outcomes: a snapshot", { 5, 10, 2500, 0, 10 }, true },
	{ "five outcomes after a small snapshot: a snapshot",
	    { 5, 10, 2500, 9000, 100 }, true },
	{ "one outcome after 30 s: a snapshot", { 1, 30000, 500, 9000, 100 },
	    true },
	{ "one outcome after 29.9 s: no snapshot",
	    { 1, 29999, 500, 90000, 100 }, false },
	{ "five outcomes after a large snapshot: no snapshot",
	    { 5, 10, 2500, 300000, 900 }, false },
	{ "the journal grew as much as a large snapshot: a snapshot",
	    { 80, 10, 300000, 300000, 900 }, true },
	{ "five outcomes of many items: no snapshot",
	    { 5, 10, 2500, 5000, 100000 }, false },
	{ "many items, a MiB of journal: a snapshot",
	    { 900, 10, 1 << 20, 5000, 100000 }, true },
	{ "many items, 30 s, little journal: no snapshot",
	    { 9, 30000, 9000, 5000, 100000 }, false },
	{ "many items, 30 s, a quarter of a MiB: a snapshot",
	    { 9, 30000, 1 << 18, 5000, 100000 }, true },
};

/* Bytes of all snapshots of a job of n items, for each byte of its journal. */
static double
snapshot_share(uint64_t n, uint64_t snapshot_of_item)
{
	const uint64_t record = 1200;
	struct trigger_view view = { .items = n };
	uint64_t journal = 0, snapshots = 0;
	for (uint64_t i = 1; i <= n; i++) {
		journal += record;
		view.outcomes++;
		view.journal_grown += record;
		if (!trigger_is_due(&view))
			continue;
		view = (struct trigger_view){ .items = n,
			.snapshot_size = 4000 + i * snapshot_of_item };
		snapshots += view.snapshot_size;
	}
	return (double)snapshots / (double)journal;
}

int
main(void)
{
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_is_int(trigger_is_due(&cases[i].view), cases[i].due, "%s",
		    cases[i].what);
	tap_ok(snapshot_share(1000, 800) < 3,
	    "snapshots of small jobs stay in proportion to the journal");
	tap_ok(snapshot_share(100000, 8) < 2.5,
	    "snapshots of 100,000 items stay in proportion to the journal");
	tap_ok(snapshot_share(1000000, 8) < 2.5,
	    "snapshots of 1,000,000 items stay in proportion to the journal");
	return tap_done();
}
