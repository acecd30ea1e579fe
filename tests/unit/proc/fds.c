/* SPDX-License-Identifier: MIT */
/* The limit of descriptors. */
#include "config.h"

#include <sys/resource.h>

#include "../tap.h"
#include "proc/fds.h"
#include "proc/run.h"

static void
set_soft(rlim_t soft)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = soft;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(void)
{
	autorun struct run_result result = { 0 };
	autoerror struct error err = { 0 };
	struct rlimit limit;
	set_soft(130);
	tap_ok(fds_raise_limit(&err), "the limit is enough");
	getrlimit(RLIMIT_NOFILE, &limit);
	tap_ok(limit.rlim_cur == limit.rlim_max,
	    "the soft limit is raised to the hard one");
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "ulimit -n";
	char *const argv[] = { sh, c, script, NULL };
	const struct run_spec spec = { .argv = argv };
	tap_ok(run_capture(&spec, &result, &err), "a child starts meanwhile");
	tap_is_text(str_text(&result.out), "130\n",
	    "a child has the limit that we found");
	getrlimit(RLIMIT_NOFILE, &limit);
	tap_ok(
	    limit.rlim_cur == limit.rlim_max, "starting it leaves ours raised");
	return tap_done();
}
