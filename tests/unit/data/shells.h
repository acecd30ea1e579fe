/* SPDX-License-Identifier: MIT */
/* Runs scripts in the shells of this host, for the tests of templates. */
#ifndef UNIT_SHELLS_H
#define UNIT_SHELLS_H

#include <stdbool.h>

#include "base/str.h"
#include "base/strv.h"

/* dash and bash, as far as they are there; NULL at the end. */
const char *const *shells_found(void);

/*
 * Runs "SHELL -c script" with PATH, LC_ALL and env in the current directory,
 * input from /dev/null, and appends what it prints.
 * The exit status, or -1 when it did not end well.
 */
int shells_run(const char *shell, const char *script, const struct strv *env,
    struct str *printed);

/* Whether the last run in the directory below left diagnostics. */
bool shells_complained(void);

/* Changes into a new empty directory; it is removed at exit. */
void shells_enter_directory(void);

#endif
