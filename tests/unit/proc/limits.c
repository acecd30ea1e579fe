/* SPDX-License-Identifier: MIT */
/* Descriptor limits and slots. */
#include "config.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "proc/limits.h"
#include "proc/run.h"

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
test_processes(void)
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
		unsigned slots = limits_slots(100, &why);
		bool ok = slots >= 1 && slots <= 10 &&
		    strstr(str_text(&why), "processes is 41") != NULL;
		_exit(ok ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "the limit of processes cuts slots");
}

int
main(void)
{
	test_processes();
	autostr struct str why = { 0 };
	autorun struct run_result result = { 0 };
	autoerror struct error err = { 0 };
	struct rlimit limit;
	set_soft(124);
	tap_is_int(limits_slots(10, &why), 10, "124 files allow 10 agents");
	tap_is_text(str_text(&why), "", "without a word");
	tap_is_int(limits_slots(11, &why), 10, "and not 11");
	tap_ok(strstr(str_text(&why), "open files is 124") != NULL, "%s",
	    str_text(&why));
	set_soft(20);
	tap_is_int(limits_slots(5, NULL), 1, "one is always tried");
	set_soft(130);
	limits_raise_nofile();
	getrlimit(RLIMIT_NOFILE, &limit);
	tap_ok(limit.rlim_cur == limit.rlim_max, "the limit is raised");
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "ulimit -n";
	char *const argv[] = { sh, c, script, NULL };
	const struct run_spec spec = { .argv = argv };
	tap_ok(run_capture(&spec, &result, &err), "a child starts");
	tap_is_text(str_text(&result.out), "130\n", "with the limit we found");
	getrlimit(RLIMIT_NOFILE, &limit);
	tap_ok(limit.rlim_cur == limit.rlim_max, "ours stays raised");
	return tap_done();
}
