/* SPDX-License-Identifier: MIT */
/*
 * A scratch folder in which a test runs prodigy: a home of the user, a
 * repository "repo" (with one commit) that is the working folder, and
 * PRODIGY_HOME in "state". Files of state are written as they lie on disk
 * (docs/FORMATS.md).
 */
#ifndef UNIT_CLI_HOME_H
#define UNIT_CLI_HOME_H

#include "base/defs.h"

/* Makes it and sets the environment: UTC, no settings of the machine. */
void home_make(void);
/* Removes it. */
void home_done(void);
/* A path in the scratch folder, allocated. */
char *home_path(const char *name) MUST_USE;
/* Writes a file in the scratch folder, and makes its folders. */
void home_write(const char *name, const char *text);
/* The same, with the text made by a format. */
void home_format(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Runs git in a folder of the scratch folder; it must succeed. */
void home_git(const char *dir, ...) __attribute__((sentinel));
/* Adds and commits all files of a work tree. */
void home_commit(const char *dir, const char *message);

#endif
