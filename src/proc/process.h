/* SPDX-License-Identifier: MIT */
/*
 * Other processes: signals to them, and what /proc tells about them (proc(5)).
 * No other layer calls kill(2). A number names a process only while nobody else
 * can reap it: signal children that have not been reaped, groups that such a
 * child leads, or where a stranger could do no harm.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/str.h"

/* False when it is gone or not ours. Numbers below 2 are refused. */
bool process_signal(pid_t pid, int signo);
bool process_signal_group(pid_t pgid, int signo);

/* A growing list of process ids; all zero is empty. */
struct pids {
	pid_t *items;
	size_t n;
	size_t cap;
};

#define autopids __attribute__((__cleanup__(pids_release)))

void pids_release(struct pids *pids);
/* All processes of effective user uid. False without /proc. */
bool process_of_user(uid_t uid, struct pids *pids) MUST_USE;
/* The direct children of a process, zombies too. False without /proc. */
bool process_children(pid_t parent, struct pids *pids) MUST_USE;
/* How it does that where the kernel keeps no lists of children. */
bool process_children_by_scan(pid_t parent, struct pids *pids);
/* Its children and theirs, as far as can be seen. False without /proc. */
bool process_descendants(pid_t parent, struct pids *pids) MUST_USE;
/* Whether the process was started below ancestor, and still is there. */
bool process_is_below(pid_t pid, pid_t ancestor);
/*
 * The environment that a process was started with: entries that end in NUL.
 * False when it cannot be read; empty for a zombie.
 */
bool process_environ(pid_t pid, struct str *out) MUST_USE;

#endif
