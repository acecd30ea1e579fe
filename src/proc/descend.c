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

/* This process had children when it began: they are not ours to end. */
static bool has_strangers;

bool
descend_adopt(void)
{
	has_strangers = !descend_is_empty();
	if (has_strangers)
		return false;
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
	if (prctl(PR_SET_PDEATHSIG, (long)SIGCONT, 0L, 0L, 0L) != 0)
		return true;
#endif
	/* It may have died before we asked. */
	return getppid() == parent;
}

/* --- signals to what is hardly known ---------------------------------- */

/*
 * A handle cannot become that of a later process with the same number: whoever
 * takes it first and looks then, signals whom was looked at. False when the
 * process is gone. *handle is -1 where there are none: an old kernel, or a
 * container that forbids the call.
 */
static bool
open_handle(pid_t pid, int *handle)
{
	*handle = -1;
#if defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
	*handle = (int)syscall(SYS_pidfd_open, pid, 0);
	return *handle >= 0 || errno == ENOSYS || errno == EPERM;
#else
	(void)pid;
	return true;
#endif
}

static bool
send_signal(int handle, pid_t pid, int signo)
{
#if defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
	if (handle >= 0)
		return syscall(SYS_pidfd_send_signal, handle, signo, NULL, 0) ==
		    0;
#endif
	(void)handle;
	return process_signal(pid, signo);
}

/* A killed process is waited for: the next look does not find it again. */
static void
await_death(int handle)
{
	struct pollfd death = { .fd = handle, .events = POLLIN };
	int64_t deadline = clock_now() + DEATH_MS;
	int64_t left = handle >= 0 ? DEATH_MS : 0;
	/* Our own children's ends interrupt this. */
	while (left > 0 && poll(&death, 1, (int)left) == -1)
		left = deadline - clock_now();
}

/* --- all that is below this process ----------------------------------- */

static void
ask(pid_t pid)
{
	autofd int handle = -1;
	if (!open_handle(pid, &handle) || !process_is_below(pid, getpid()))
		return;
	send_signal(handle, pid, SIGTERM);
	send_signal(handle, pid, SIGCONT);
}

void
descend_ask(pid_t group)
{
	autopids struct pids pids = { 0 };
	if (has_strangers || !process_descendants(getpid(), &pids))
		return;
	for (size_t i = 0; i < pids.n; i++) {
		if (group == 0 || getpgid(pids.items[i]) != group)
			ask(pids.items[i]);
	}
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

/* Whether a direct child lives. */
static bool
is_alive(pid_t pid)
{
	const struct child *child = child_find(pid);
	if (child != NULL)
		return !child_is_dead(child);
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void
kill_child(pid_t pid)
{
	struct child *child = child_find(pid);
	if (child != NULL)
		child_kill(child);
	kill_direct(pid);
}

bool
descend_is_empty(void)
{
	autopids struct pids pids = { 0 };
	if (has_strangers || !process_children(getpid(), &pids))
		return true;
	for (size_t i = 0; i < pids.n; i++) {
		if (is_alive(pids.items[i]))
			return false;
	}
	return true;
}

/* How many direct children were alive. */
static size_t
kill_round(void)
{
	autopids struct pids pids = { 0 };
	if (has_strangers || !process_children(getpid(), &pids))
		return child_kill_every();
	size_t alive = 0;
	for (size_t i = 0; i < pids.n; i++) {
		if (!is_alive(pids.items[i]))
			continue;
		kill_child(pids.items[i]);
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

bool
descend_end_all(int64_t grace_ms)
{
	int64_t deadline = clock_now() + grace_ms;
	descend_ask(0);
	while (!descend_is_empty() && clock_now() < deadline)
		poll(NULL, 0, PAUSE_MS);
	return descend_kill_all();
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

/*
 * The handle is taken before the environment is read for the second time, so
 * that it cannot be that of a later process with the same number.
 */
static bool
signal_if_lost(pid_t pid, const char *token, int signo)
{
	autofd int handle = -1;
	if (pid == getpid() || !has_token(pid, token) ||
	    !open_handle(pid, &handle) ||
	    (handle >= 0 && !has_token(pid, token)) ||
	    !send_signal(handle, pid, signo))
		return false;
	if (signo == SIGKILL)
		await_death(handle);
	return true;
}

size_t
descend_signal_lost(const char *token, int signo)
{
	autopids struct pids pids = { 0 };
	/* An empty token would mean everybody's. */
	if (token[0] == '\0' || !process_of_user(geteuid(), &pids))
		return 0;
	size_t found = 0;
	for (size_t i = 0; i < pids.n; i++) {
		if (signal_if_lost(pids.items[i], token, signo))
			found++;
	}
	return found;
}

size_t
descend_sweep(const char *token)
{
	int64_t deadline = clock_now() + LADDER_KILL_MS;
	size_t killed = descend_signal_lost(token, SIGKILL);
	/* What was forked meanwhile has the token as well. */
	for (size_t n = killed; n > 0 && clock_now() < deadline;) {
		poll(NULL, 0, PAUSE_MS);
		n = descend_signal_lost(token, SIGKILL);
		killed += n;
	}
	return killed;
}
