/* SPDX-License-Identifier: MIT */
/*
 * One child of the agent from start to end, waited for in turns of the
 * keeper's loop. When command_run() returns, nothing that it started is alive.
 */
#ifndef AGENT_STEP_COMMAND_H
#define AGENT_STEP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/keeper.h"
#include "base/defs.h"
#include "base/error.h"
#include "proc/child.h"

struct command {
	char *const *argv;
	char *const *env;
	const char *dir;
	const struct str *input; /* NULL: /dev/null */
	int64_t timeout_ms; /* 0: none */
	child_output_fn *on_out;
	child_output_fn *on_err;
	void *arg; /* of on_out and on_err, both required */

	/* Results. */
	struct child_end end;
	bool timed_out;
	bool ended_by_us; /* command_end() came before its end */

	/* Of command.c. */
	struct keeper *keeper;
	struct child *child;
	struct timer *timer;
	bool done;
};

/* False when it could not be started (see child_start()). */
bool command_run(
    struct command *command, struct keeper *keeper, struct error *err) MUST_USE;
/* From within on_out or a timer: stop it, by the ladder. */
void command_end(struct command *command);

#endif
