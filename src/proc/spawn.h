/* SPDX-License-Identifier: MIT */
/*
 * Starting one process, inside proc only: children are started through
 * proc/child.h, which also reaps them.
 */
#ifndef PROC_SPAWN_H
#define PROC_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/error.h"

struct spawn {
	char *const *argv;
	char *const *env; /* NULL: inherit */
	const char *dir; /* NULL: inherit */
	/* What becomes 0, 1 and 2, all from proc/fds.h; -1: /dev/null. */
	int fds[3];
	/*
	 * Leads a process group of its own; where the system can, a session
	 * too: without a controlling terminal nothing can stop it for reading
	 * from one.
	 */
	bool own_group;
};

/*
 * Starts it with all signals at their default and unblocked, and without any
 * further descriptor. 0 on failure; errors as in child_start().
 */
pid_t spawn_process(const struct spawn *spawn, struct error *err) MUST_USE;

/* --- finding a program ------------------------------------------------ */

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
