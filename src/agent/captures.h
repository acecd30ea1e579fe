/* SPDX-License-Identifier: MIT */
/*
 * Variables that a step leaves behind: those of its kind (shell.output),
 * last.output, those of its id, and what it captures on purpose.
 */
#ifndef AGENT_CAPTURES_H
#define AGENT_CAPTURES_H

#include <jansson.h>
#include <stdbool.h>

#include "agent/outcome.h"
#include "base/defs.h"
#include "base/error.h"
#include "data/vars.h"
#include "workflow/step.h"

/*
 * Output as a value of the format asked for. NULL with ERROR_INPUT when it is
 * no number or no JSON. ok says whether the command succeeded: the truth of
 * an output that is no boolean.
 */
json_t *capture_convert(enum capture_format format, const struct str *text,
    bool ok, struct error *err) MUST_USE;

/*
 * Sets the variables after a run. recent gets those that every step
 * overwrites, kept those with a name of their own. False when the captured
 * output does not convert: never for a step that failed, whose text is kept
 * instead.
 */
bool captures_publish(const struct step *step, const struct outcome *outcome,
    struct vars *recent, struct vars *kept, struct error *err) MUST_USE;

/* How the output of a kind of step may enter a script. */
enum vars_class captures_class(enum step_kind kind);

#endif
