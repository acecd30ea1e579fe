/* SPDX-License-Identifier: MIT */
/*
 * What this process has got from whoever started it and did not ask for:
 * signals that are blocked or ignored, and limits.
 */
#ifndef PROC_INHERIT_H
#define PROC_INHERIT_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"

/*
 * At the start of the program. Unblocks all signals: a blocked SIGCHLD would
 * let us wait for ever. What must fail and not kill is ignored: a write to a
 * closed pipe (EPIPE), or beyond the limit of a file's size (EFBIG). Makes the
 * stack as large as is needed; false when it may not be: that is ERROR_SYSTEM
 * with a text that says so.
 */
bool inherit_prepare(struct error *err) MUST_USE;

#endif
