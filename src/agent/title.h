/* SPDX-License-Identifier: MIT */
/* What a step is called while it runs. */
#ifndef AGENT_TITLE_H
#define AGENT_TITLE_H

#include "agent/chain.h"
#include "base/defs.h"
#include "workflow/step.h"

/*
 * The step's title with its values filled in, as one line of visible
 * characters: "shell: make src/price.o". Entries of env: and arguments stay as
 * they are written, since they are alike for all items and may be secrets, and
 * so does what has no value. Allocated.
 */
char *title_of(const struct chain *chain, const struct step *step) MUST_USE;
/* The same whatever the step's name: what it does. Allocated. */
char *title_of_command(
    const struct chain *chain, const struct step *step) MUST_USE;

#endif
