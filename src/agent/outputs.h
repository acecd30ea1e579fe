/* SPDX-License-Identifier: MIT */
/*
 * capture_outputs of a phase: values taken from what its steps printed, by
 * place of the step (see prodigy-workflow(5)).
 */
#ifndef AGENT_OUTPUTS_H
#define AGENT_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/chain.h"
#include "agent/outcome.h"
#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "workflow/workflow.h"

struct outputs_of_step {
	size_t index;
	struct str out;
	struct str err;
};

struct outputs {
	const struct output_captures *wanted; /* borrowed */
	struct outputs_of_step *items;
	size_t n;
	size_t cap;
};

void outputs_want(
    struct outputs *outputs, const struct output_captures *wanted);
/* Keeps what the step at index printed if anything asks for it. */
void outputs_add(
    struct outputs *outputs, size_t index, const struct outcome *outcome);
/*
 * Sets the variables among the chain's captures. One that cannot be extracted
 * and has no default is left unset with a note.
 */
void outputs_publish(const struct outputs *outputs, struct chain *chain);
void outputs_release(struct outputs *outputs);

/* One value; NULL with ERROR_INPUT when it cannot be extracted. */
json_t *outputs_extract(const struct output_capture *capture,
    const struct str *out, const struct str *err_text,
    struct error *err) MUST_USE;

#endif
