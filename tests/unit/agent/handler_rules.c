/* SPDX-License-Identifier: MIT */
/* How failed steps go on: sequences of actions by rule and phase. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "agent/handler_rules.h"
#include "base/str.h"

/* What the simulated commands do: 'f' fails, 's' succeeds; the last repeats. */
struct scene {
	const char *what;
	struct on_failure rule;
	enum frame_phase phase;
	const char *command; /* from the second execution on */
	const char *handler;
	const char *actions;
};

static const struct scene scenes[] = {
	{ "ignore", { .ignore = true }, PHASE_MAP, "f", "f", "tolerate" },
	{ "map: handler once, then on", { .bare = true }, PHASE_MAP, "f", "s",
	    "run tolerate" },
	{ "map: a failing handler fails the step", { .bare = true }, PHASE_MAP,
	    "f", "f", "run give-up" },
	{ "setup: a failing handler does not", { .bare = true }, PHASE_SETUP,
	    "f", "f", "run tolerate" },
	{ "workflow: three executions, two handlers", { .ignore = false },
	    PHASE_WORKFLOW, "f", "s", "run repeat run repeat tolerate" },
	{ "workflow: fail_workflow", { .fail_workflow = true }, PHASE_WORKFLOW,
	    "f", "s", "run repeat run repeat give-up" },
	{ "workflow: second try succeeds", { .fail_workflow = true },
	    PHASE_WORKFLOW, "s", "s", "run repeat" },
	{ "workflow: third try succeeds", { .fail_workflow = true },
	    PHASE_WORKFLOW, "fs", "s", "run repeat run repeat" },
	{ "one attempt: handler once, no repeat", { .max_attempts = 1 },
	    PHASE_WORKFLOW, "s", "s", "run tolerate" },
	{ "bare never fails the workflow",
	    { .bare = true, .fail_workflow = true }, PHASE_REDUCE, "f", "f",
	    "run tolerate" },
	{ "recovery by commands", { .from_commands = true }, PHASE_SETUP, "f",
	    "s", "run recovered" },
	{ "recovery, handler fails",
	    { .from_commands = true, .fail_workflow = true }, PHASE_SETUP, "f",
	    "f", "run give-up" },
	{ "fallback replaces", { .strategy = HANDLER_FALLBACK }, PHASE_REDUCE,
	    "f", "s", "run replaced" },
	{ "fallback fails too",
	    { .strategy = HANDLER_FALLBACK, .fail_workflow = true },
	    PHASE_REDUCE, "f", "f", "run give-up" },
	{ "cleanup: the failure stands", { .strategy = HANDLER_CLEANUP },
	    PHASE_SETUP, "f", "s", "run give-up" },
	{ "fatal handler", { .handler_failure_fatal = true, .max_attempts = 5 },
	    PHASE_REDUCE, "f", "f", "run broken" },
	{ "map with attempts: handler fails, then the command succeeds",
	    { .max_attempts = 2 }, PHASE_MAP, "s", "f", "run repeat" },
	{ "map with attempts: all fails", { .max_attempts = 2 }, PHASE_MAP, "f",
	    "f", "run repeat give-up" },
};

static const char *const action_names[HANDLER_ACTIONS] = {
	[HANDLER_RUN] = "run",
	[HANDLER_REPEAT] = "repeat",
	[HANDLER_RECOVERED] = "recovered",
	[HANDLER_REPLACED] = "replaced",
	[HANDLER_TOLERATE] = "tolerate",
	[HANDLER_GIVE_UP] = "give-up",
	[HANDLER_BROKEN] = "broken",
};

static char
nth(const char *script, unsigned n)
{
	size_t len = strlen(script);
	return script[n < len ? n : len - 1];
}

static void
play(const struct scene *scene)
{
	struct handler_state state = { .executions = 1 };
	autostr struct str actions = { 0 };
	for (unsigned turn = 0; turn < 50; turn++) {
		enum handler_action action =
		    handler_next(&scene->rule, scene->phase, &state);
		str_format(&actions, "%s%s", actions.len > 0 ? " " : "",
		    action_names[action]);
		if (action == HANDLER_RUN) {
			state.handler_ok =
			    nth(scene->handler, state.handled) == 's';
			state.handled++;
		} else if (action == HANDLER_REPEAT) {
			char how = nth(scene->command, state.executions - 1);
			state.executions++;
			if (how == 's')
				break;
		} else {
			break;
		}
	}
	tap_is_text(str_text(&actions), scene->actions, "%s", scene->what);
}

int
main(void)
{
	for (size_t i = 0; i < COUNT_OF(scenes); i++)
		play(&scenes[i]);
	return tap_done();
}
