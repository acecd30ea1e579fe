/* SPDX-License-Identifier: MIT */
/* The only calls of kill(2). */
#include "config.h"

#include <signal.h>

#include "proc/process.h"

bool
process_signal(pid_t pid, int signo)
{
	return pid > 1 && kill(pid, signo) == 0;
}

bool
process_signal_group(pid_t pgid, int signo)
{
	return pgid > 1 && kill(-pgid, signo) == 0;
}
