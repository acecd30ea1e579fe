/* SPDX-License-Identifier: MIT */
/* What /proc tells about processes (proc(5)), inside proc only. */
#ifndef PROC_PROCTABLE_H
#define PROC_PROCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/str.h"

/* A growing list of process ids; all zero is empty. */
struct pids {
	pid_t *items;
	size_t n;
	size_t cap;
};

#define autopids __attribute__((__cleanup__(pids_release)))

void pids_release(struct pids *pids);
/* All processes of effective user uid. False without /proc. */
bool proctable_of_user(uid_t uid, struct pids *pids) MUST_USE;
/* The direct children of this process, zombies too. False without /proc. */
bool proctable_children(struct pids *pids) MUST_USE;
/* How it does that where the kernel keeps no lists of children. */
bool proctable_children_by_scan(struct pids *pids) MUST_USE;
/*
 * The environment that a process was started with: entries that end in NUL.
 * False when it cannot be read; empty for a zombie.
 */
bool proctable_environ(pid_t pid, struct str *out) MUST_USE;

#endif
