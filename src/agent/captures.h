/* SPDX-License-Identifier: MIT */
/*
 * Variables from what steps print (see prodigy-workflow(5)): those of a step's
 * kind (shell.output), last.output, those of its id, what it captures on
 * purpose, and what a phase captures of its steps.
 */
#ifndef AGENT_CAPTURES_H
#define AGENT_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/chain.h"
#include "agent/outcome.h"
#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "data/vars.h"
#include "workflow/step.h"
#include "workflow/workflow.h"

/*
 * Sets the variables after a run. recent gets those that every step
 * overwrites, kept those with a name of their own. False when the captured
 * output does not convert: never for a step that failed, whose text is kept
 * instead.
 */
bool captures_publish(const struct step *step, const struct outcome *outcome,
    struct vars *recent, struct vars *kept, struct error *err) MUST_USE;

/*
 * capture_outputs of a phase: values taken from what its steps printed, by
 * place of the step.
 *
 *	struct phase_captures captures = { .wanted = &spec->outputs };
 *	phase_captures_add(&captures, i, &outcome);	after each step
 *	phase_captures_publish(&captures, chain);	after the last
 *	phase_captures_release(&captures);
 */
struct captured_step {
	size_t index;
	struct str out;
	struct str err;
};

struct phase_captures {
	const struct output_captures *wanted; /* borrowed */
	struct captured_step *items;
	size_t n;
	size_t cap;
};

/* Keeps what the step at index printed if anything asks for it. */
void phase_captures_add(struct phase_captures *captures, size_t index,
    const struct outcome *outcome);
/*
 * Sets the variables among the chain's captures. One that cannot be extracted
 * and has no default is left unset with a note.
 */
void phase_captures_publish(
    const struct phase_captures *captures, struct chain *chain);
void phase_captures_release(struct phase_captures *captures);

#endif
