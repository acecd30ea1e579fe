/* SPDX-License-Identifier: MIT */
/* Runs the prompt of a claude step, or of another agent program. */
#ifndef AGENT_STEP_CLAUDE_H
#define AGENT_STEP_CLAUDE_H

#include "agent/chain.h"
#include "agent/outcome.h"
#include "base/strv.h"
#include "plan/frame.h"
#include "workflow/step.h"

/* How the program is spoken to. */
enum claude_mode {
	CLAUDE_STREAM, /* stream-json */
	CLAUDE_PRINT, /* claude without a stream: text and exit status */
	CLAUDE_PLAIN, /* another program: text and exit status */
};

/*
 * The command line. prompt NULL: it comes on standard input.
 */
void claude_arguments(const struct claude_config *config, enum claude_mode mode,
    const char *prompt, struct strv *argv);

/* One execution. outcome is empty before. */
void step_claude_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
