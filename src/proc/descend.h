/* SPDX-License-Identifier: MIT */
/*
 * Everything that was started below this process, however it tried to get
 * away: daemons, new sessions, stopped processes.
 *
 * Orphans are handed to the nearest ancestor that asked for them
 * (descend_adopt). Then all survivors become direct children sooner or later,
 * and a direct child cannot be mistaken: its number stays taken until we reap
 * it. Where the system has no such thing, only process groups are known.
 */
#ifndef PROC_DESCEND_H
#define PROC_DESCEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The environment variable that tells whose process it is. */
#define DESCEND_TOKEN "PRODIGY_AGENT"

/*
 * Before this process starts anything that stays. Makes orphans below it its
 * children, and has the child module reap them when they end. False where the
 * system cannot, and where there are children already (a shell started them
 * before it became this program): then only those of the child module are
 * asked and killed below.
 */
bool descend_adopt(void);
/*
 * Asks for a SIGCONT when the parent dies: it reaches a process that is
 * stopped as well, which then sees what became of its lifeline. parent is its
 * expected process id (0: whoever it is now). False when that parent is gone
 * already; true where the system cannot (a lifeline must do then).
 */
bool descend_bind_to_parent(pid_t parent);
/*
 * SIGTERM and SIGCONT to all descendants except the process group, which has
 * been asked (0: without an exception).
 */
void descend_ask(pid_t group);
/*
 * Whether anything below lives, zombies left out. Orphans that are not adopted
 * are not seen, and nothing is where there is no /proc.
 */
bool descend_is_empty(void);
/*
 * SIGKILL to all descendants until none is left; works without a loop. The
 * children of the child module are left to it for reaping. False when some
 * still live after LADDER_KILL_MS.
 */
bool descend_kill_all(void);
/* The same, when they have been asked and had grace_ms. Blocks meanwhile. */
bool descend_end_all(int64_t grace_ms);
/*
 * Sends a signal (0: none) to every process of this user whose environment
 * has DESCEND_TOKEN with this value or one that goes on with a slash after it
 * ("job" also means "job/item/1", "job/item/1" does not mean "job/item/10").
 * Not to this process. Returns how many there are; 0 where there is no /proc.
 */
size_t descend_signal_lost(const char *token, int signo);
/*
 * SIGKILL to the same processes until none is left. Returns how many were sent
 * one (their death takes a moment).
 */
size_t descend_sweep(const char *token);

#endif
