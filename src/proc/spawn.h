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

#endif
