/* SPDX-License-Identifier: MIT */
/* Killing whole trees of processes, known and unknown. */
#include "config.h"

#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/child.h"
#include "proc/descend.h"
#include "proc/ladder.h"
#include "proc/process.h"

/* Between two looks while something is dying. */
#define PAUSE_MS 1
/* A killed process that takes longer hangs in the kernel. */
#define DEATH_MS 200

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

/* --- killing all that is below this process --------------------------- */

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
	if (!process_children(&pids))
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

/* --- finding lost processes by the token in their environment --------- */

static bool
entry_matches(const char *entry, const char *token)
{
	const size_t name_len = strlen(DESCEND_TOKEN);
	const size_t len = strlen(token);
	if (strncmp(entry, DESCEND_TOKEN, name_len) != 0 ||
	    entry[name_len] != '=')
		return false;
	const char *value = entry + name_len + 1;
	return strncmp(value, token, len) == 0 &&
	    (value[len] == '\0' || value[len] == '/');
}

static bool
has_token(pid_t pid, const char *token)
{
	autostr struct str env = { 0 };
	if (!process_environ(pid, &env))
		return false;
	/* A process may have cut its last entry short: str ends it. */
	const char *entry = str_text(&env);
	const char *end = entry + env.len;
	for (; entry < end; entry += strlen(entry) + 1) {
		if (entry_matches(entry, token))
			return true;
	}
	return false;
}

#if defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
/* Waits for the death, so that the next look does not find it again. */
static bool
kill_by_handle(int handle)
{
	struct pollfd death = { .fd = handle, .events = POLLIN };
	if (syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0) != 0)
		return false;
	int64_t deadline = clock_now() + DEATH_MS;
	int64_t left = DEATH_MS;
	/* Our own children's ends interrupt this. */
	while (left > 0 && poll(&death, 1, (int)left) == -1)
		left = deadline - clock_now();
	return true;
}
#endif

/*
 * The handle is taken before the environment is read for the second time, so
 * that it cannot be that of a later process with the same number.
 */
static bool
kill_if_lost(pid_t pid, const char *token)
{
	if (pid == getpid() || !has_token(pid, token))
		return false;
#if defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
	autofd int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	if (handle >= 0)
		return has_token(pid, token) && kill_by_handle(handle);
	/* An old kernel, or a container that forbids the call. */
	if (errno != ENOSYS && errno != EPERM)
		return false;
#endif
	return process_signal(pid, SIGKILL);
}

static size_t
sweep_once(const char *token)
{
	autopids struct pids pids = { 0 };
	if (!process_of_user(geteuid(), &pids))
		return 0;
	size_t killed = 0;
	for (size_t i = 0; i < pids.n; i++) {
		if (kill_if_lost(pids.items[i], token))
			killed++;
	}
	return killed;
}

size_t
descend_sweep(const char *token)
{
	/* An empty token would mean everybody's. */
	if (token[0] == '\0')
		return 0;
	int64_t deadline = clock_now() + LADDER_KILL_MS;
	size_t killed = sweep_once(token);
	/* What was forked meanwhile has the token as well. */
	for (size_t n = killed; n > 0 && clock_now() < deadline;) {
		poll(NULL, 0, PAUSE_MS);
		n = sweep_once(token);
		killed += n;
	}
	return killed;
}
