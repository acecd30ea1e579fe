/* SPDX-License-Identifier: MIT */
/*
 * The input of a map (see prodigy-workflow(5)): a file of the
 * work tree or a command, read as one JSON document, as JSON lines, or as
 * lines of text.
 */
#ifndef AGENT_PLAN_INPUT_H
#define AGENT_PLAN_INPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/chain.h"
#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"

#define PLAN_COMMAND_MS 300000 /* limit of an input command */
#define PLAN_INPUT_LIMIT ((size_t)256 * 1024 * 1024)

struct plan_input {
	json_t *document; /* the whole input; an array where it was lines */
	enum failure_cause cause; /* of a failure */
	int exit_code;
};

/* False with err and input->cause. The document is the caller's. */
bool plan_input_read(const struct chain *chain, const char *input,
    struct plan_input *result, struct error *err) MUST_USE;

#endif
