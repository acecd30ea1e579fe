/* SPDX-License-Identifier: MIT */
/* The life of a child from its start to its last callback. */
#include "config.h"

#include <sys/queue.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "proc/child.h"
#include "proc/fds.h"
#include "proc/ladder.h"
#include "proc/process.h"
#include "proc/signals.h"
#include "proc/spawn.h"

/* One callback moves no more than this, so that no child starves another. */
#define CHILD_CHUNK 65536
/* Written input is dropped from memory in pieces of at least this size. */
#define CHILD_INPUT_KEPT (1024 * 1024)
/* The status when somebody else took ours. */
#define CHILD_STATUS_UNKNOWN 255
/* Between two looks at a group whose leader is gone; see look_at_group(). */
#define CHILD_GROUP_LOOK_MS 20

struct stream {
	int fd; /* -1: closed */
	struct watch *watch;
	child_output_fn *fn; /* NULL for input */
	struct child *child; /* borrowed */
};

struct child {
	TAILQ_ENTRY(child) entry;
	struct loop *loop; /* borrowed */
	child_done_fn *on_done;
	void *arg;
	pid_t pid;
	bool own_group;
	bool keep_group_on_exit;
	bool wake;
	bool reaped;
	bool stop_asked;
	int64_t started;
	struct child_end end;
	struct stream streams[3];
	struct str input;
	size_t input_written; /* of input.data */
	bool input_ended;
	struct timer *kill_timer; /* pending: the grace */
	struct timer *group_timer; /* pending: it is reaped, its group lives */
	struct timer *end_timer; /* the drain, then the last callback */
};

/* All children of all loops: SIGCHLD does not say whose child it was. */
static TAILQ_HEAD(, child) known = TAILQ_HEAD_INITIALIZER(known);
static bool reap_strays;

int
child_end_code(const struct child_end *end)
{
	return end->signalled ? 128 + end->status : end->status;
}

pid_t
child_pid(const struct child *child)
{
	return child->pid;
}

static void
close_stream(struct stream *stream)
{
	watch_remove(stream->watch);
	stream->watch = NULL;
	fds_close(&stream->fd);
}

static void
dispose(struct child *child)
{
	TAILQ_REMOVE(&known, child, entry);
	for (size_t i = 0; i < COUNT_OF(child->streams); i++)
		close_stream(&child->streams[i]);
	timer_remove(child->kill_timer);
	timer_remove(child->group_timer);
	timer_remove(child->end_timer);
	str_release(&child->input);
}

static void
finish(void *arg)
{
	struct child *child = arg;
	child->end_timer = NULL;
	dispose(child);
	child->on_done(&child->end, child->arg);
	free(child);
}

/* The end comes in a turn of its own loop, whichever loop is turning now. */
static void
arrange_end_if_done(struct child *child)
{
	if (!child->reaped || child->group_timer != NULL ||
	    child->streams[STDOUT_FILENO].fd != -1 ||
	    child->streams[STDERR_FILENO].fd != -1)
		return;
	timer_remove(child->end_timer);
	child->end_timer = loop_after(child->loop, 0, finish, child);
}

static void
on_readable(int fd, short revents, void *arg)
{
	(void)revents;
	struct stream *stream = arg;
	struct child *child = stream->child;
	char bytes[CHILD_CHUNK];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n > 0) {
		stream->fn(bytes, (size_t)n, child->arg);
		return;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	close_stream(stream);
	arrange_end_if_done(child);
}

/* Nothing to write: ends the input if that was asked for. */
static void
rest_input(struct child *child)
{
	struct stream *stream = &child->streams[STDIN_FILENO];
	str_release(&child->input);
	child->input_written = 0;
	if (child->input_ended)
		close_stream(stream);
	else
		watch_set_events(stream->watch, 0);
}

static void
on_writable(int fd, short revents, void *arg)
{
	(void)revents;
	struct stream *stream = arg;
	struct child *child = stream->child;
	size_t left = child->input.len - child->input_written;
	ssize_t n = write(fd, child->input.data + child->input_written,
	    left < CHILD_CHUNK ? left : CHILD_CHUNK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		/* It reads no more, which is its right. */
		close_stream(stream);
		str_release(&child->input);
		return;
	}
	child->input_written += (size_t)n;
	if (child->input_written == child->input.len) {
		rest_input(child);
	} else if (child->input_written >= CHILD_INPUT_KEPT &&
	    child->input_written >= child->input.len / 2) {
		str_drop(&child->input, child->input_written);
		child->input_written = 0;
	}
}

void
child_feed(struct child *child, const void *bytes, size_t len)
{
	struct stream *stream = &child->streams[STDIN_FILENO];
	if (stream->fd == -1 || child->input_ended || len == 0)
		return;
	str_add_n(&child->input, bytes, len);
	watch_set_events(stream->watch, POLLOUT);
}

void
child_feed_end(struct child *child)
{
	struct stream *stream = &child->streams[STDIN_FILENO];
	child->input_ended = true;
	if (stream->fd != -1 && child->input.len == 0)
		close_stream(stream);
}

/*
 * To the group, and to the process itself if that must not depend on the
 * group still being where it was put.
 */
static void
signal_child(const struct child *child, int signo)
{
	bool done = child->own_group && process_signal_group(child->pid, signo);
	if (!done || signo == SIGKILL)
		process_signal(child->pid, signo);
}

/* Nothing is left that has a claim on time. */
static void
end_grace(struct child *child)
{
	timer_remove(child->kill_timer);
	child->kill_timer = NULL;
	timer_remove(child->group_timer);
	child->group_timer = NULL;
}

/* Reaped, and its group gone or killed: what is left is its output. */
static void
begin_drain(struct child *child)
{
	end_grace(child);
	timer_remove(child->end_timer);
	child->end_timer =
	    loop_after(child->loop, LADDER_DRAIN_MS, finish, child);
	arrange_end_if_done(child);
}

/* The number is still the group's: it was seen alive a moment ago. */
static void
kill_rest(struct child *child)
{
	process_signal_group(child->pid, SIGKILL);
	begin_drain(child);
}

static void
on_grace_over(void *arg)
{
	struct child *child = arg;
	child->kill_timer = NULL;
	if (child->reaped)
		kill_rest(child);
	else
		signal_child(child, SIGKILL);
}

/*
 * What was asked to end has its time, whoever of the group dies first. A death
 * that is told to us leads here at once; the timer is for those that are told
 * to others, who reap where we do not adopt orphans.
 */
static void
look_at_group(void *arg)
{
	struct child *child = arg;
	timer_remove(child->group_timer);
	child->group_timer = NULL;
	if (process_signal_group(child->pid, 0))
		child->group_timer = loop_after(
		    child->loop, CHILD_GROUP_LOOK_MS, look_at_group, child);
	else
		begin_drain(child);
}

void
child_stop(struct child *child, int64_t grace_ms)
{
	/* Who asks again does not make it longer. */
	if (child->reaped || child->kill_timer != NULL)
		return;
	child->stop_asked = true;
	signal_child(child, SIGTERM);
	signal_child(child, SIGCONT);
	child->kill_timer =
	    loop_after(child->loop, grace_ms, on_grace_over, child);
}

void
child_kill(struct child *child)
{
	if (child->group_timer != NULL)
		kill_rest(child);
	if (child->reaped)
		return;
	child->stop_asked = true;
	end_grace(child);
	signal_child(child, SIGKILL);
}

void
child_signal(struct child *child, int signal)
{
	if (!child->reaped)
		process_signal(child->pid, signal);
}

/* status is that of waitpid(), NULL when somebody else took it. */
static void
note_end(struct child *child, const int *status)
{
	child->reaped = true;
	child->end.wall_ms = clock_now() - child->started;
	child->end.stopped_by_us = child->stop_asked;
	child->end.signalled = status != NULL && WIFSIGNALED(*status);
	if (status == NULL)
		child->end.status = CHILD_STATUS_UNKNOWN;
	else if (WIFSIGNALED(*status))
		child->end.status = WTERMSIG(*status);
	else
		child->end.status = WEXITSTATUS(*status);
	close_stream(&child->streams[STDIN_FILENO]);
}

/* Whether the group ends with the child. */
static bool
has_own_group(const struct child *child)
{
	return child->own_group && !child->keep_group_on_exit;
}

/*
 * A dead leader that has not been waited for still reserves its number, so
 * that its group can be killed without meeting a stranger's. While the grace
 * lasts the group is left alone: then its members reserve the number.
 */
static bool
reap(struct child *child, int options)
{
	siginfo_t info = { 0 };
	int status = 0;
	int found =
	    waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT | options);
	if (found == 0 && info.si_pid != child->pid)
		return false;
	if (found == -1 && errno == EINTR)
		return false;
	if (has_own_group(child) && child->kill_timer == NULL && found == 0)
		process_signal_group(child->pid, SIGKILL);
	bool taken = found == 0 && waitpid(child->pid, &status, 0) != -1;
	note_end(child, taken ? &status : NULL);
	return true;
}

static void
collect_strays(void)
{
	for (;;) {
		siginfo_t info = { 0 };
		if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) != 0 ||
		    info.si_pid == 0)
			return;
		/* A known one that died just now: SIGCHLD has come for it. */
		if (child_find(info.si_pid) != NULL)
			return;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

/* Stopped processes answer to nothing, and this one must. */
static void
wake(const struct child *child)
{
	siginfo_t info = { 0 };
	if (waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG) == 0 &&
	    info.si_pid == child->pid)
		signal_child(child, SIGCONT);
}

static void
look_at(struct child *child)
{
	if (child->wake)
		wake(child);
	if (!reap(child, WNOHANG))
		return;
	if (child->kill_timer != NULL && has_own_group(child))
		child->group_timer =
		    loop_after(child->loop, 0, look_at_group, child);
	else
		begin_drain(child);
}

/* Orphans come before groups: a dead one counts until it is reaped. */
static void
collect(void)
{
	struct child *child = NULL;
	TAILQ_FOREACH(child, &known, entry) {
		if (!child->reaped)
			look_at(child);
	}
	if (reap_strays)
		collect_strays();
	TAILQ_FOREACH(child, &known, entry) {
		if (child->group_timer != NULL)
			look_at_group(child);
	}
}

bool
child_init(struct loop *loop, struct error *err)
{
	return signals_watch_children(loop, collect, err);
}

void
child_reap_strays(void)
{
	reap_strays = true;
}

struct child *
child_find(pid_t pid)
{
	struct child *child = NULL;
	TAILQ_FOREACH(child, &known, entry) {
		if (child->pid == pid && !child->reaped)
			return child;
	}
	return NULL;
}

bool
child_is_dead(const struct child *child)
{
	siginfo_t info = { 0 };
	if (child->reaped)
		return true;
	int found =
	    waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT | WNOHANG);
	return found == -1 || info.si_pid == child->pid;
}

size_t
child_kill_every(void)
{
	size_t alive = 0;
	struct child *child = NULL;
	TAILQ_FOREACH(child, &known, entry) {
		bool dead = child_is_dead(child);
		child_kill(child);
		alive += dead ? 0 : 1;
	}
	return alive;
}

void
child_abandon(struct child *child)
{
	if (child == NULL)
		return;
	child_kill(child);
	while (!child->reaped)
		reap(child, 0);
	dispose(child);
	free(child);
}

void
child_abandon_all(const struct loop *loop)
{
	struct child *next = NULL;
	for (struct child *c = TAILQ_FIRST(&known); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->loop == loop)
			child_abandon(c);
	}
}

/* A pipe for descriptor i of the child: ours and the child's end. */
static bool
open_stream(struct stream *stream, int *theirs, int i, struct error *err)
{
	int ends[2];
	if (!fds_pipe(ends, err))
		return false;
	int our_side = i == STDIN_FILENO ? 1 : 0;
	stream->fd = ends[our_side];
	*theirs = ends[1 - our_side];
	if (!file_set_nonblocking(stream->fd, true))
		return error_system(err, "setting up a pipe");
	return true;
}

static bool
open_output(
    struct stream *stream, int *theirs, int given, int i, struct error *err)
{
	if (stream->fn != NULL)
		return open_stream(stream, theirs, i, err);
	if (given <= 0)
		return true;
	*theirs = fds_copy(given, err);
	return *theirs != -1;
}

static bool
open_streams(struct child *child, const struct child_spec *spec, int theirs[3],
    struct error *err)
{
	struct stream *streams = child->streams;
	streams[STDOUT_FILENO].fn = spec->on_out;
	streams[STDERR_FILENO].fn = spec->on_err;
	for (int i = 0; i < 3; i++) {
		streams[i].fd = -1;
		streams[i].child = child;
		theirs[i] = -1;
	}
	if (spec->input == CHILD_INPUT_PIPE &&
	    !open_stream(&streams[0], &theirs[0], 0, err))
		return false;
	return open_output(&streams[1], &theirs[1], spec->out_fd, 1, err) &&
	    open_output(&streams[2], &theirs[2], spec->err_fd, 2, err);
}

static bool
start_process(
    struct child *child, const struct child_spec *spec, struct error *err)
{
	struct spawn spawn = { .argv = spec->argv,
		.env = spec->env,
		.dir = spec->dir,
		.own_group = spec->own_group };
	bool ok = open_streams(child, spec, spawn.fds, err);
	if (ok)
		child->pid = spawn_process(&spawn, err);
	else
		error_wrap(err, "starting %s", spec->argv[0]);
	for (size_t i = 0; i < COUNT_OF(spawn.fds); i++) {
		fds_close(&spawn.fds[i]);
		if (child->pid == 0)
			fds_close(&child->streams[i].fd);
	}
	return child->pid != 0;
}

static void
watch_streams(struct child *child)
{
	for (size_t i = 0; i < COUNT_OF(child->streams); i++) {
		struct stream *s = &child->streams[i];
		if (s->fd == -1)
			continue;
		if (i == STDIN_FILENO)
			s->watch =
			    loop_watch(child->loop, s->fd, 0, on_writable, s);
		else
			s->watch = loop_watch(
			    child->loop, s->fd, POLLIN, on_readable, s);
	}
}

struct child *
child_start(struct loop *loop, const struct child_spec *spec, struct error *err)
{
	if (!child_init(loop, err))
		return NULL;
	struct child *child = mem_zalloc(sizeof(*child));
	child->started = clock_now();
	if (!start_process(child, spec, err)) {
		free(child);
		return NULL;
	}
	child->loop = loop;
	child->on_done = spec->on_done;
	child->arg = spec->arg;
	child->own_group = spec->own_group;
	child->keep_group_on_exit = spec->keep_group_on_exit;
	child->wake = spec->wake;
	watch_streams(child);
	TAILQ_INSERT_TAIL(&known, child, entry);
	return child;
}
