/* SPDX-License-Identifier: MIT */
/*
 * Descriptors on their way into a child: always close-on-exec and never 0, 1
 * or 2, even if this process was started without those, so that putting one in
 * its place cannot overwrite another. And how many of them there may be.
 */
#ifndef PROC_FDS_H
#define PROC_FDS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"

/* ends[0] reads what ends[1] writes. */
bool fds_pipe(int ends[2], struct error *err) MUST_USE;
/* A duplicate of fd; -1 on failure. */
int fds_copy(int fd, struct error *err) MUST_USE;
/* Closes *fd if it is open and makes it -1. */
void fds_close(int *fd);

/* What this program needs for itself, beside what each of its agents does. */
#define FDS_NEEDED 64

/*
 * Raises the soft limit of descriptors to the hard one; children still start
 * with the soft limit that was found (programs that use select(2) rely on it).
 * False when FDS_NEEDED are not to be had: ERROR_SYSTEM, with a text that says
 * so.
 */
bool fds_raise_limit(struct error *err) MUST_USE;
/* Around a spawn: children inherit the limit that is in force then. */
void fds_spawn_begin(void);
void fds_spawn_end(void);

#endif
