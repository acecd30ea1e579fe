/* SPDX-License-Identifier: MIT */
/* The limit of descriptors: ours, and what children start with. */
#include "config.h"

#include <sys/resource.h>

#include <stdbool.h>

#include "proc/limits.h"

/* Process-wide like the limit itself. */
static struct {
	bool raised;
	struct rlimit original;
	struct rlimit own;
} nofile;

void
limits_raise_nofile(void)
{
	struct rlimit limit;
	if (nofile.raised || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	nofile.original = limit;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	nofile.own = limit;
	nofile.raised = nofile.original.rlim_cur != limit.rlim_cur;
}

void
limits_spawn_begin(void)
{
	if (nofile.raised)
		setrlimit(RLIMIT_NOFILE, &nofile.original);
}

void
limits_spawn_end(void)
{
	if (nofile.raised)
		setrlimit(RLIMIT_NOFILE, &nofile.own);
}
