/* SPDX-License-Identifier: MIT */
/*
 * Kernel locks (flock) on files that are never unlinked: the kernel drops a
 * dead holder's lock, so nothing is ever stale. The content names the holder
 * for messages only.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/error.h"

/*
 * Takes an exclusive lock without waiting (a few ms for those who only look) on
 * a file, which is made when missing, or on a directory, in which nothing is
 * made then. Returns a close-on-exec descriptor (close it to release), or -1:
 * ERROR_STATE when somebody else holds it (the text then carries the file's
 * first line), another kind on failure.
 * holder, if not NULL, is written into the file after acquiring; for a
 * directory it is NULL.
 */
int lock_take(const char *path, const char *holder, struct error *err) MUST_USE;
/* Tries as lock_take() does, every 5 ms until deadline (clock_now()). */
int lock_wait(const char *path, int64_t deadline, struct error *err) MUST_USE;
/*
 * True when somebody else holds the lock now. Creates nothing. Looking takes a
 * shared lock for a moment, which lock_take() waits out.
 */
bool lock_is_held(const char *path);

#endif
