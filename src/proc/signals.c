/* SPDX-License-Identifier: MIT */
/* The self-pipe and the handlers that write to it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/fds.h"
#include "proc/signals.h"

#define SIGNALS_HANDLED 6

static const int handled[SIGNALS_HANDLED] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	SIGWINCH, SIGCONT };

/*
 * Handlers have no argument, so what they touch is the process's own. The
 * counts carry the arrivals: a full pipe loses a wake-up that is already
 * there, never a signal.
 */
static struct {
	bool ready; /* the pipe exists */
	int ends[2];
	atomic_int arrived[SIGNALS_HANDLED];
	atomic_bool child_ended;
	struct sigaction saved[SIGNALS_HANDLED];
	struct loop *loop; /* borrowed; of fn */
	signals_fn *fn; /* NULL while closed */
	void *arg;
	void (*collect)(void);
} self;

static void
on_signal(int signo)
{
	int saved_errno = errno;
	if (signo == SIGCHLD)
		atomic_store(&self.child_ended, true);
	for (size_t i = 0; i < SIGNALS_HANDLED; i++) {
		if (handled[i] == signo)
			atomic_fetch_add(&self.arrived[i], 1);
	}
	const char byte = 0;
	ssize_t written = write(self.ends[1], &byte, 1);
	(void)written; /* full: a wake-up is pending anyway */
	errno = saved_errno;
}

static void
deliver(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < SIGNALS_HANDLED; i++) {
		/* The function may close the module. */
		while (self.fn != NULL && atomic_load(&self.arrived[i]) > 0) {
			atomic_fetch_sub(&self.arrived[i], 1);
			self.fn(handled[i], self.arg);
		}
	}
}

static bool
has_arrived(void)
{
	for (size_t i = 0; i < SIGNALS_HANDLED; i++) {
		if (atomic_load(&self.arrived[i]) > 0)
			return true;
	}
	return false;
}

static void
on_wake(int fd, short revents, void *arg)
{
	(void)revents;
	char bytes[256];
	while (read(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		continue;
	if (atomic_exchange(&self.child_ended, false) && self.collect != NULL)
		self.collect();
	if (self.fn == NULL || !has_arrived())
		return;
	if (self.loop == arg)
		deliver(NULL);
	else
		loop_defer(self.loop, deliver, NULL);
}

static bool
open_pipe(struct error *err)
{
	if (self.ready)
		return true;
	if (!fds_pipe(self.ends, err))
		return error_wrap(err, "signals");
	file_set_nonblocking(self.ends[0], true);
	file_set_nonblocking(self.ends[1], true);
	self.ready = true;
	return true;
}

static bool
watch_pipe(struct loop *loop, struct error *err)
{
	if (!open_pipe(err))
		return false;
	if (!loop_is_watching(loop, self.ends[0]))
		loop_watch(loop, self.ends[0], POLLIN, on_wake, loop);
	return true;
}

static void
install(int signo, void (*handler)(int), struct sigaction *saved)
{
	struct sigaction action = { .sa_handler = handler };
	sigfillset(&action.sa_mask);
	action.sa_flags = SA_RESTART;
	sigaction(signo, &action, saved);
}

bool
signals_open(struct loop *loop, signals_fn *fn, void *arg, struct error *err)
{
	if (self.fn != NULL)
		BUG("signals_open() twice");
	if (!watch_pipe(loop, err))
		return false;
	self.loop = loop;
	self.arg = arg;
	self.fn = fn;
	for (size_t i = 0; i < SIGNALS_HANDLED; i++) {
		atomic_store(&self.arrived[i], 0);
		install(handled[i], on_signal, &self.saved[i]);
		if (handled[i] == SIGHUP && self.saved[i].sa_handler == SIG_IGN)
			sigaction(SIGHUP, &self.saved[i], NULL);
	}
	return true;
}

void
signals_close(void)
{
	if (self.fn == NULL)
		return;
	for (size_t i = 0; i < SIGNALS_HANDLED; i++)
		sigaction(handled[i], &self.saved[i], NULL);
	self.fn = NULL;
	self.loop = NULL;
}

bool
signals_watch_children(
    struct loop *loop, void (*collect)(void), struct error *err)
{
	if (!watch_pipe(loop, err))
		return false;
	if (self.collect != NULL)
		return true;
	self.collect = collect;
	install(SIGCHLD, on_signal, NULL);
	install(SIGPIPE, SIG_IGN, NULL);
	return true;
}
