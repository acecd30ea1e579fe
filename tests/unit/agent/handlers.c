/* SPDX-License-Identifier: MIT */
/* How failed steps go on: sequences of actions by rule and phase. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "agent/handlers.h"
#include "base/str.h"

/* What the simulated commands do: 'f' fails, 's' succeeds; the last repeats. */
struct handlers_scene {
	const char *what; /* as a sentence */
	struct on_failure rule;
	enum frame_phase phase;
	const char *command; /* from the second execution on */
	const char *handler;
	const char *actions;
};

static const struct handlers_scene scenes[] = {
	{ "on_failure: true goes on without a handler", { .ignore = true },
	    PHASE_MAP, "f", "f", "tolerate" },
	{ "in a map the handler runs once, then the chain goes on",
	    { .bare = true }, PHASE_MAP, "f", "s", "run tolerate" },
	{ "in a map a failing handler fails the step", { .bare = true },
	    PHASE_MAP, "f", "f", "run give-up" },
	{ "in setup a failing handler does not fail the step", { .bare = true },
	    PHASE_SETUP, "f", "f", "run tolerate" },
	{ "a workflow has three executions and two handlers",
	    { .ignore = false }, PHASE_WORKFLOW, "f", "s",
	    "run repeat run repeat tolerate" },
	{ "fail_workflow gives up after the last execution",
	    { .fail_workflow = true }, PHASE_WORKFLOW, "f", "s",
	    "run repeat run repeat give-up" },
	{ "a second execution that succeeds ends it", { .fail_workflow = true },
	    PHASE_WORKFLOW, "s", "s", "run repeat" },
	{ "a third execution that succeeds ends it", { .fail_workflow = true },
	    PHASE_WORKFLOW, "fs", "s", "run repeat run repeat" },
	{ "with one attempt the handler runs, and nothing is repeated",
	    { .max_attempts = 1 }, PHASE_WORKFLOW, "s", "s", "run tolerate" },
	{ "a handler without options never fails the workflow",
	    { .bare = true, .fail_workflow = true }, PHASE_REDUCE, "f", "f",
	    "run tolerate" },
	{ "commands that succeed recover the step", { .from_commands = true },
	    PHASE_SETUP, "f", "s", "run recovered" },
	{ "commands that fail do not recover the step",
	    { .from_commands = true, .fail_workflow = true }, PHASE_SETUP, "f",
	    "f", "run give-up" },
	{ "a fallback that succeeds replaces the step's outcome",
	    { .strategy = HANDLER_FALLBACK }, PHASE_REDUCE, "f", "s",
	    "run replaced" },
	{ "a fallback that fails leaves the step's own failure",
	    { .strategy = HANDLER_FALLBACK, .fail_workflow = true },
	    PHASE_REDUCE, "f", "f", "run give-up" },
	{ "after a cleanup the failure stands", { .strategy = HANDLER_CLEANUP },
	    PHASE_SETUP, "f", "s", "run give-up" },
	{ "a failing handler that is fatal ends it at once",
	    { .handler_failure_fatal = true, .max_attempts = 5 }, PHASE_REDUCE,
	    "f", "f", "run broken" },
	{ "a command that succeeds makes up for a failed handler",
	    { .max_attempts = 2 }, PHASE_MAP, "s", "f", "run repeat" },
	{ "in a map the step fails when the last handler failed",
	    { .max_attempts = 2 }, PHASE_MAP, "f", "f", "run repeat give-up" },
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
play(const struct handlers_scene *scene)
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
