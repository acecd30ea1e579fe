/* SPDX-License-Identifier: MIT */
/* Where a program is that shall be started. */
#ifndef PROC_PROGRAM_H
#define PROC_PROGRAM_H

#include "base/defs.h"
#include "base/error.h"

/*
 * The path of the executable file that name means. A name with a slash is a
 * path, from dir (NULL: the current directory) if it is relative. Any other is
 * looked up in PATH of env (NULL: our environment); without PATH in /usr/bin
 * and /bin. Empty and relative entries of PATH are passed over: a child's
 * directory holds files that others wrote. NULL and ERROR_SYSTEM with ENOENT,
 * EACCES or ENOTDIR if there is none.
 */
char *program_find(const char *name, char *const *env, const char *dir,
    struct error *err) MUST_USE;

#endif
