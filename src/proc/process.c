/* SPDX-License-Identifier: MIT */
/* The only calls of kill(2). */
#include "config.h"

#include <errno.h>
#include <signal.h>

#include "proc/process.h"

bool
process_is_alive(pid_t pid)
{
	if (pid <= 0)
		return false;
	return kill(pid, 0) == 0 || errno == EPERM;
}

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
