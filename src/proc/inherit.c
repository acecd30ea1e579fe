/* SPDX-License-Identifier: MIT */
/* Signals and limits as this program needs them. */
#include "config.h"

#include <sys/resource.h>

#include <signal.h>
#include <stdint.h>

#include "proc/inherit.h"

/* A few buffers of 64 KiB, and the nesting of JSON and expressions. */
#define STACK_NEEDED ((rlim_t)512 * 1024)

static void
set_handler(int signo, void (*handler)(int))
{
	const struct sigaction action = { .sa_handler = handler };
	sigaction(signo, &action, NULL);
}

static void
prepare_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	set_handler(SIGPIPE, SIG_IGN);
	set_handler(SIGXFSZ, SIG_IGN);
	/* Where it is ignored, nobody can be waited for. */
	set_handler(SIGCHLD, SIG_DFL);
}

/* The stack of a process grows up to the limit that is in force then. */
static bool
prepare_stack(struct error *err)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_STACK, &limit) != 0 ||
	    limit.rlim_cur >= STACK_NEEDED)
		return true;
	if (limit.rlim_max < STACK_NEEDED)
		return error_set(err, ERROR_SYSTEM,
		    "the stack may grow to %ju KiB, and %ju are needed: see "
		    "ulimit -s",
		    (uintmax_t)limit.rlim_max / 1024,
		    (uintmax_t)STACK_NEEDED / 1024);
	limit.rlim_cur = STACK_NEEDED;
	return setrlimit(RLIMIT_STACK, &limit) == 0 ||
	    error_system(err, "raising the limit of the stack");
}

bool
inherit_prepare(struct error *err)
{
	prepare_signals();
	return prepare_stack(err);
}
