/* SPDX-License-Identifier: MIT */
/* What a run takes over from its caller's environment, and what not. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "run/environment.h"

static const char *const of_make[] = {
	"MAKEFLAGS",
	"MFLAGS",
	"MAKELEVEL",
	"MAKE_TERMOUT",
	"MAKE_TERMERR",
};

static const char *const of_claude[] = {
	"CLAUDECODE",
	"CLAUDE_CODE_ENTRYPOINT",
	"CLAUDE_CODE_SESSION_ID",
	"CLAUDE_CODE_SSE_PORT",
};

static void
remove_all(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		unsetenv(names[i]);
}

static bool
is_below_make(void)
{
	const char *flags = getenv("MAKEFLAGS");
	return getenv("MAKELEVEL") != NULL ||
	    (flags != NULL && strstr(flags, "--jobserver-") != NULL);
}

void
environment_settle(void)
{
	if (is_below_make())
		remove_all(of_make, COUNT_OF(of_make));
	unsetenv("CARGO_MAKEFLAGS"); /* a jobserver, and nothing else */
	remove_all(of_claude, COUNT_OF(of_claude));
}
