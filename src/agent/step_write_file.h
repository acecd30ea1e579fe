/* SPDX-License-Identifier: MIT */
/*
 * Writes a file as a step. Its path may hold item data, so it is not trusted:
 * it stays beneath the step's directory (or the system's temporary directory,
 * when it is absolute and says so), passes no symbolic link, and never leads
 * into .git.
 */
#ifndef AGENT_STEP_WRITE_FILE_H
#define AGENT_STEP_WRITE_FILE_H

#include "agent/chain.h"
#include "agent/outcome.h"
#include "workflow/step.h"

void step_write_file_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
