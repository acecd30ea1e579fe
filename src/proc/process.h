/* SPDX-License-Identifier: MIT */
/*
 * Signals to other processes; no other layer calls kill(2). A number names a
 * process only while nobody else can reap it: use these for children that have
 * not been reaped, for groups that such a child leads, or for messages.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* False when it is gone or not ours. Numbers below 2 are refused. */
bool process_signal(pid_t pid, int signo);
bool process_signal_group(pid_t pgid, int signo);

#endif
