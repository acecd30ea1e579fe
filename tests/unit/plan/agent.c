/* SPDX-License-Identifier: MIT */
/*
 * Walks every state and event of the agent machine, under every view, against
 * the golden table (UPDATE=1 rewrites it).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/agent.h"

#include "../tap.h"

static void
add_rows(struct str *table, const struct agent_view *view, const char *when)
{
	for (int e = 0; e < AGENT_EVENTS; e++) {
		struct agent_next next;
		enum agent_event event = (enum agent_event)e;
		if (!agent_can_follow(view, event, &next))
			continue;
		str_format(table, "%-9s %-21s %-26s -> %-9s %s\n",
		    agent_state_name(view->state), agent_event_name(event),
		    when, agent_state_name(next.state),
		    agent_action_name(next.action));
	}
}

static void
make_table(struct str *table)
{
	for (int s = 0; s < AGENT_STATES; s++) {
		for (int bits = 0; bits < 8; bits++) {
			struct agent_view view = {
				.state = (enum agent_state)s,
				.lost_left = (bits & 1) != 0 ? 1 : 0,
				.can_resolve = (bits & 2) != 0,
				.stopping = (bits & 4) != 0,
			};
			autofree char *when = mem_format("%s%s%s",
			    (bits & 1) != 0 ? "again " : "",
			    (bits & 2) != 0 ? "resolver " : "",
			    (bits & 4) != 0 ? "stopping" : "");
			add_rows(table, &view, when);
		}
	}
}

int
main(void)
{
	autostr struct str table = { 0 };
	autostr struct str golden = { 0 };
	autoerror struct error err = { 0 };
	autofree char *path = mem_format(
	    "%s/tests/golden/agent-transitions.txt", getenv("top_srcdir"));
	make_table(&table);
	if (getenv("UPDATE") != NULL)
		tap_ok(file_replace(path, table.data, table.len, &err),
		    "golden table rewritten");
	if (!file_read(path, 1 << 20, &golden, &err))
		tap_note("%s", error_text(&err));
	tap_is_text(str_text(&table), str_text(&golden),
	    "every transition is as written down");

	struct agent_view done = { .state = AGENT_DONE };
	struct agent_next next;
	tap_ok(!agent_can_follow(&done, AGENT_STARTS, &next),
	    "nothing follows an end");
	return tap_done();
}
