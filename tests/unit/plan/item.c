/* SPDX-License-Identifier: MIT */
/*
 * Walks every state and event of the item machine, under every view, against
 * the golden table (UPDATE=1 rewrites it), and every case of admission.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/item.h"

/* --- transitions ------------------------------------------------------ */

#define VIEWS 4

static struct item_view
view_of(enum item_state state, int bits)
{
	return (struct item_view){
		.state = state,
		.can_repeat = (bits & 1) != 0,
		.stopping = (bits & 2) != 0,
	};
}

static void
add_row(struct str *table, const char *when, enum item_state state,
    enum item_event event, const struct item_step *step)
{
	str_format(table, "%-10s %-14s %-15s -> %-10s %s\n",
	    item_state_name(state), item_event_name(event), when,
	    item_state_name(step->state), item_action_name(step->action));
}

/* What holds under every view is one row. */
static void
add_rows(struct str *table, enum item_state state, enum item_event event)
{
	struct item_step steps[VIEWS];
	bool alike = true;
	for (int bits = 0; bits < VIEWS; bits++) {
		struct item_view view = view_of(state, bits);
		if (!item_follow(&view, event, &steps[bits]))
			return;
		alike = alike && steps[bits].state == steps[0].state &&
		    steps[bits].action == steps[0].action;
	}
	if (alike) {
		add_row(table, "", state, event, &steps[0]);
		return;
	}
	for (int bits = 0; bits < VIEWS; bits++) {
		autofree char *when =
		    mem_format("%s%s", (bits & 1) != 0 ? "repeat " : "",
			(bits & 2) != 0 ? "stopping" : "");
		add_row(table, when, state, event, &steps[bits]);
	}
}

static void
test_transitions(void)
{
	autostr struct str table = { 0 };
	autostr struct str golden = { 0 };
	autoerror struct error err = { 0 };
	autofree char *path = mem_format(
	    "%s/tests/golden/item-transitions.txt", getenv("top_srcdir"));
	for (int state = 0; state < ITEM_STATES; state++)
		for (int event = 0; event < ITEM_EVENTS; event++)
			add_rows(&table, (enum item_state)state,
			    (enum item_event)event);
	if (getenv("UPDATE") != NULL)
		tap_ok(file_replace(path, table.data, table.len, &err),
		    "the golden table is rewritten");
	if (!file_read(path, 1 << 20, &golden, &err))
		tap_note("%s", error_text(&err));
	tap_is_text(str_text(&table), str_text(&golden),
	    "every transition is as it is written down");
}

/* Actions that start a process or a merge after an event that takes time. */
static bool
starts_work(enum item_action action)
{
	return action == ITEM_DO_RUN || action == ITEM_DO_QUEUE ||
	    action == ITEM_DO_ADD_SCRATCH || action == ITEM_DO_FILL_SCRATCH ||
	    action == ITEM_DO_ASK_CLAUDE || action == ITEM_DO_REPEAT;
}

static void
test_stopping(void)
{
	bool none = true;
	for (int state = 0; state < ITEM_STATES; state++) {
		for (int event = 0; event < ITEM_EVENTS; event++) {
			struct item_view view =
			    view_of((enum item_state)state, 2 | 1);
			struct item_step step;
			if (item_follow(&view, (enum item_event)event, &step) &&
			    starts_work(step.action)) {
				tap_note("%s, %s: %s",
				    item_state_name(view.state),
				    item_event_name((enum item_event)event),
				    item_action_name(step.action));
				none = false;
			}
		}
	}
	tap_ok(none, "no event starts work while the job stops");
}

/* Whatever an event can lead to from the first state. */
static void
test_reachable(void)
{
	bool reached[ITEM_STATES] = { [ITEM_PENDING] = true };
	bool done[ITEM_ACTIONS] = { false };
	for (int round = 0; round < ITEM_STATES; round++) {
		for (int i = 0; i < ITEM_STATES * ITEM_EVENTS * VIEWS; i++) {
			int state = i % ITEM_STATES;
			int event = i / ITEM_STATES % ITEM_EVENTS;
			struct item_view view = view_of((enum item_state)state,
			    i / ITEM_STATES / ITEM_EVENTS);
			struct item_step step;
			if (!reached[state] ||
			    !item_follow(&view, (enum item_event)event, &step))
				continue;
			reached[step.state] = true;
			done[step.action] = true;
		}
	}
	for (int state = 0; state < ITEM_STATES; state++)
		tap_ok(reached[state], "an item can become %s",
		    item_state_name((enum item_state)state));
	for (int action = 0; action < ITEM_ACTIONS; action++)
		tap_ok(done[action], "something leads to '%s'",
		    item_action_name((enum item_action)action));
}

/* --- slots ------------------------------------------------------------ */

static void
test_slots(void)
{
	static const bool slots[ITEM_STATES] = {
		[ITEM_CREATING] = true,
		[ITEM_RUNNING] = true,
	};
	for (int state = 0; state < ITEM_STATES; state++)
		tap_ok(item_has_slot((enum item_state)state) == slots[state],
		    "an item that is %s %s a slot",
		    item_state_name((enum item_state)state),
		    slots[state] ? "takes" : "takes no");
}

static void
test_admission(void)
{
	const struct item_admission free_slot = {
		.slots = 2,
		.used = 1,
		.ready = 7,
		.ready_limit = 8,
		.fill_limit = 2,
	};
	struct item_admission now = free_slot;
	tap_ok(item_may_start(&now), "an item may start in a free slot");
	now.used = 2;
	tap_ok(!item_may_start(&now), "no item starts when all slots are used");
	now = free_slot;
	now.stopping = true;
	tap_ok(!item_may_start(&now), "no item starts while the job stops");
	now = free_slot;
	now.ready = 8;
	tap_ok(!item_may_start(&now),
	    "no item starts while too many wait for their merge");
	now = free_slot;
	now.recovering = true;
	tap_ok(item_may_start(&now),
	    "after a shortage an item may start beside one that runs");
	now.used = 0;
	tap_ok(!item_may_start(&now),
	    "after a shortage no item starts when none runs");
	now = free_slot;
	now.filling = 2;
	tap_ok(!item_may_start(&now),
	    "no item starts while as many trees are made as may be");
	now.idle = 1;
	tap_ok(item_may_start(&now), "but in a tree that waits for it");
}

int
main(void)
{
	test_transitions();
	test_stopping();
	test_reachable();
	test_slots();
	test_admission();
	return tap_done();
}
