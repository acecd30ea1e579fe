/* SPDX-License-Identifier: MIT */
/*
 * One child of the agent from start to end, waited for in turns of the
 * keeper's loop. When step_command_run() returns, nothing that it started is
 * alive.
 *
 *	struct step_command command = { .argv = ..., .env = ..., .dir = ... };
 *	if (step_command_run(&command, chain, &err))
 *		step_command_output(&command, outcome);
 *	step_command_release(&command);
 */
#ifndef AGENT_STEP_COMMAND_H
#define AGENT_STEP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/chain.h"
#include "agent/outcome.h"
#include "agent/step_log.h"
#include "base/defs.h"
#include "base/error.h"
#include "proc/child.h"
#include "proc/excerpt.h"

#define STEP_COMMAND_KEPT (1024u * 1024) /* bytes, when kept is 0 */

struct step_command {
	char *const *argv;
	char *const *env;
	const char *dir;
	const struct str *input; /* NULL: /dev/null */
	int64_t timeout_ms; /* 0: none */
	size_t kept; /* bytes of each end of a stream; see above */
	bool is_quiet; /* what it prints is not shown to the user */
	struct step_log *out_log; /* borrowed, may be the same; NULL: no log */
	struct step_log *err_log;
	/* Gets standard output, which then is neither kept nor shown. */
	child_output_fn *on_out;
	void *arg; /* of on_out */

	/* Results. */
	struct excerpt out;
	struct excerpt err;
	struct child_end end;
	bool timed_out;
	bool ended_by_us; /* step_command_end() came before its end */

	/* Private. */
	struct chain *chain;
	struct child *child;
	struct timer *timer;
	bool is_done;
};

/* False when it could not be started (see child_start()). */
bool step_command_run(struct step_command *command, struct chain *chain,
    struct error *err) MUST_USE;
/* From within on_out or a timer: stops it, by asking first. */
void step_command_end(struct step_command *command);
/*
 * Whether it was stopped before its end, because its time was up or the keeper
 * stops the chain; the outcome's failure then says so.
 */
bool step_command_was_stopped(
    const struct step_command *command, struct outcome *outcome);
/* Puts what was kept of both streams into the outcome, fit for JSON. */
void step_command_output(
    const struct step_command *command, struct outcome *outcome);
void step_command_release(struct step_command *command);

#endif
