/* SPDX-License-Identifier: MIT */
/* Killing whole trees of processes, known and unknown. */
#include "config.h"

#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/child.h"
#include "proc/descend.h"
#include "proc/ladder.h"
#include "proc/process.h"
#include "proc/proctable.h"

/* Between two looks while something is dying. */
#define PAUSE_MS 1

bool
descend_adopt(void)
{
#if HAVE_DECL_PR_SET_CHILD_SUBREAPER
	if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) == 0) {
		child_reap_strays();
		return true;
	}
#endif
	return false;
}

bool
descend_bind_to_parent(pid_t parent)
{
	if (parent == 0)
		parent = getppid();
#if HAVE_DECL_PR_SET_PDEATHSIG
	if (prctl(PR_SET_PDEATHSIG, (long)SIGTERM, 0L, 0L, 0L) != 0)
		return true;
#endif
	/* It may have died before we asked. */
	return getppid() == parent;
}

/*
 * A session other than ours was made below us, so every group in it is ours to
 * kill; taking a group at once leaves a forking one no time to escape.
 */
static void
kill_direct(pid_t pid)
{
	pid_t session = getsid(pid);
	pid_t group = getpgid(pid);
	if (session > 0 && session != getsid(0) && group > 0)
		process_signal_group(group, SIGKILL);
	process_signal(pid, SIGKILL);
}

/* False when it is dead. */
static bool
kill_child(pid_t pid)
{
	struct child *child = child_find(pid);
	if (child == NULL) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return false;
	} else if (child_is_dead(child)) {
		return false;
	} else {
		child_kill(child);
	}
	kill_direct(pid);
	return true;
}

/* How many direct children were alive. */
static size_t
kill_round(void)
{
	autopids struct pids pids = { 0 };
	if (!proctable_children(&pids))
		return child_kill_every();
	size_t alive = 0;
	for (size_t i = 0; i < pids.n; i++) {
		if (kill_child(pids.items[i]))
			alive++;
	}
	return alive;
}

/*
 * What a dying child leaves becomes ours before the child can be seen dead,
 * but perhaps after the list was read: only a second round without anything
 * alive is the end.
 */
bool
descend_kill_all(void)
{
	int64_t deadline = clock_now() + LADDER_KILL_MS;
	int quiet_rounds = 0;
	while (quiet_rounds < 2) {
		if (kill_round() == 0) {
			quiet_rounds++;
			continue;
		}
		quiet_rounds = 0;
		if (clock_now() >= deadline)
			return false;
		poll(NULL, 0, PAUSE_MS);
	}
	return true;
}
