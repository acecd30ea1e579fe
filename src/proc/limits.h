/* SPDX-License-Identifier: MIT */
/* How many descriptors this process may have, and its children. */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

/*
 * Raises the soft limit of descriptors to the hard one; children still start
 * with the soft limit that was found (programs that use select(2) rely on it).
 */
void limits_raise_nofile(void);

/* Around a spawn: children inherit the limit that is in force then. */
void limits_spawn_begin(void);
void limits_spawn_end(void);

#endif
