/* SPDX-License-Identifier: MIT */
/* What a run of Claude Code came to, judged from its stream and its end. */
#ifndef AGENT_CLAUDE_VERDICT_H
#define AGENT_CLAUDE_VERDICT_H

#include <stdbool.h>

#include "agent/claude_stream.h"
#include "base/str.h"

enum claude_class {
	CLAUDE_OK,
	CLAUDE_RATE_LIMIT,
	CLAUDE_OVERLOAD,
	CLAUDE_TRANSIENT, /* server error, lost connection */
	CLAUDE_AUTHENTICATION,
	CLAUDE_MODEL, /* no such model */
	CLAUDE_REQUEST, /* malformed, or the prompt is too long */
	CLAUDE_TURNS, /* --max-turns reached */
	CLAUDE_BUDGET, /* --max-budget-usd reached */
	CLAUDE_INTERRUPTED,
	CLAUDE_NO_RESULT, /* ended without a result line */
	CLAUDE_USAGE, /* refused its command line */
	CLAUDE_ROOT, /* refused to skip permissions as root */
	CLAUDE_OTHER,
	CLAUDE_CLASSES
};

struct claude_end {
	int exit_code; /* 0..255, 128 + signal */
	/* What it said on standard error, and whether it printed anything. */
	const char *complaints;
	bool printed;
	bool ended_by_us; /* only because it lingered after its result */
};

/*
 * What the run came to. why gets a sentence for people when it is not
 * CLAUDE_OK: the class in words first, then what claude said.
 */
enum claude_class claude_judge(const struct claude_stream *stream,
    const struct claude_end *end, struct str *why);

#endif
