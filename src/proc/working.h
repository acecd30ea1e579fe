/* SPDX-License-Identifier: MIT */
/* Who works in a folder. */
#ifndef PROC_WORKING_H
#define PROC_WORKING_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/str.h"

/*
 * Whether a process has its working directory in the folder or below it; who
 * gets its name and number, fit for a terminal. Processes of others that we may
 * not look at are not seen, and none is where there is no /proc.
 */
bool working_in(const char *folder, struct str *who) MUST_USE;

#endif
