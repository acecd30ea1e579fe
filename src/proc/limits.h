/* SPDX-License-Identifier: MIT */
/* What the system lets this process have: descriptors and processes. */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/str.h"

#define LIMITS_FDS_RESERVED 64 /* kept for our own files */
#define LIMITS_FDS_PER_SLOT 6 /* pipes of an agent and of git for it */
#define LIMITS_PROCESSES_PER_SLOT 4 /* agent, shell, program, git */

/*
 * Raises the soft limit of descriptors to the hard one; children still start
 * with the soft limit that was found (programs that use select(2) rely on it).
 */
void limits_raise_nofile(void);
/*
 * How many agents may run at once: wanted, or what the limits allow if that is
 * less, but at least 1. A cut is explained in one line in why (may be NULL).
 */
unsigned limits_slots(unsigned wanted, struct str *why);

/* Around a spawn: children inherit the limit that is in force then. */
void limits_spawn_begin(void);
void limits_spawn_end(void);

#endif
