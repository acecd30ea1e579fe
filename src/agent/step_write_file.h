/* SPDX-License-Identifier: MIT */
/*
 * Writes a file as a step. Its path may hold item data, so it is not trusted:
 * it stays beneath the step's directory (or the system's temporary directory,
 * when it is absolute and says so), passes no symbolic link, and never leads
 * into .git.
 */
#ifndef AGENT_STEP_WRITE_FILE_H
#define AGENT_STEP_WRITE_FILE_H

#include <stdbool.h>

#include "agent/chain.h"
#include "agent/outcome.h"
#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "workflow/step.h"

void step_write_file_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

/*
 * Opens path for writing beneath the directory dir, emptied, with mode.
 * Directories on the way are made when create_dirs. Gives a descriptor, or -1.
 */
int write_file_open(const char *dir, const char *path, bool create_dirs,
    unsigned mode, struct error *err) MUST_USE;
/* The bytes that content becomes in a format. */
bool write_file_format(enum write_format format, const struct str *content,
    struct str *out, struct error *err) MUST_USE;

#endif
