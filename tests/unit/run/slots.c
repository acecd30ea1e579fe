/* SPDX-License-Identifier: MIT */
/* How many agents the limits of the system allow. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "run/map.h"

#define NOBODY 65534

static void
set_soft(rlim_t soft)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = soft;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* In a process of another user, because the superuser has no limit. */
static void
processes(void)
{
	int status = 0;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		autostr struct str why = { 0 };
		const struct rlimit limit = { 41, 41 };
		if (geteuid() == 0 && setuid(NOBODY) != 0)
			_exit(1);
		setrlimit(RLIMIT_NPROC, &limit);
		/* This process is one of at most 41. */
		unsigned slots = slots_allowed(100, &why);
		bool ok = slots >= 1 && slots <= 10 &&
		    strstr(str_text(&why), "the limit of processes is 41") !=
			NULL;
		_exit(ok ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "a limit of processes allows fewer agents");
}

static void
files(void)
{
	autostr struct str why = { 0 };
	set_soft(124);
	tap_is_int(slots_allowed(10, &why), 10, "124 files allow 10 agents");
	tap_is_text(str_text(&why), "", "there is nothing to explain then");
	tap_is_int(slots_allowed(11, &why), 10, "124 files do not allow 11");
	tap_is_text(str_text(&why), "the limit of open files is 124",
	    "the explanation names the limit");
	set_soft(20);
	tap_is_int(slots_allowed(5, &why), 1, "one agent is always allowed");
	tap_is_int(slots_allowed(0, &why), 1, "even when none is wanted");
}

int
main(void)
{
	processes();
	files();
	return tap_done();
}
