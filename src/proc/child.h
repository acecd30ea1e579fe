/* SPDX-License-Identifier: MIT */
/*
 * Children of this process: started with posix_spawn, fed and read without
 * blocking, stopped by a ladder, always reaped.
 *
 *	struct child_spec spec = { .argv = ..., .dir = ..., .on_done = done };
 *	struct child *child = child_start(loop, &spec, err);
 *
 * A child is done when it has been reaped AND its output pipes have ended (or
 * LADDER_DRAIN_MS after the reaping have passed: a daemon that inherited the
 * pipe cannot hold us). on_done is then called exactly once and child is freed
 * after it returns.
 */
#ifndef PROC_CHILD_H
#define PROC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/error.h"
#include "proc/loop.h"

struct child;

struct child_end {
	bool signalled; /* died by a signal */
	int status; /* exit status, or the signal's number */
	bool stopped_by_us; /* child_stop() or child_kill() came first */
	int64_t wall_ms;
};

/* 0..255, or 128 + signal as a shell reports it. */
int child_end_code(const struct child_end *end);

typedef void child_output_fn(const void *bytes, size_t len, void *arg);
typedef void child_done_fn(const struct child_end *end, void *arg);

enum child_input {
	CHILD_INPUT_NULL, /* /dev/null */
	CHILD_INPUT_PIPE, /* child_feed(), child_feed_end() */
};

struct child_spec {
	char *const *argv; /* argv[0] is looked up in PATH of env */
	char *const *env; /* NULL: inherit */
	const char *dir; /* NULL: inherit */
	enum child_input input;
	child_output_fn
	    *on_out; /* NULL: to out_fd, or /dev/null if that is 0 */
	child_output_fn *on_err;
	int out_fd; /* used when on_out is NULL and > 0; not closed here */
	int err_fd;
	bool own_group; /* new process group: the usual case */
	bool
	    keep_group_on_exit; /* false: SIGKILL the group's rest at reaping */
	bool wake; /* SIGCONT to it whenever something stops it */
	child_done_fn *on_done; /* required */
	void *arg;
};

/*
 * Starts a child. NULL on failure: ERROR_SYSTEM with a text that tells a
 * missing directory from a missing program (code ENOENT/ENOTDIR/EACCES/E2BIG;
 * EAGAIN, ENOMEM, EMFILE mean "not now").
 */
struct child *child_start(struct loop *loop, const struct child_spec *spec,
    struct error *err) MUST_USE;
pid_t child_pid(const struct child *child);
/* Queues bytes for standard input (copied); the pipe is written as it drains.
 */
void child_feed(struct child *child, const void *bytes, size_t len);
void child_feed_end(struct child *child); /* closes it when all is written */
/*
 * SIGTERM and SIGCONT to the group now, SIGKILL to those of it that are left
 * after grace_ms, whoever of them ends first: the child is not done before the
 * last one is gone. Asking again changes nothing. This and the next two do
 * nothing once all of them are gone.
 */
void child_stop(struct child *child, int64_t grace_ms);
void child_kill(struct child *child); /* SIGKILL to the group now */
void child_signal(struct child *child, int signal); /* to the process alone */

/*
 * Called before the first child_start() on a loop (which does it, too):
 * watches the self-pipe for SIGCHLD on this loop, ignores SIGPIPE. May be
 * called again and for several loops; each child's callbacks come from its
 * own loop.
 */
bool child_init(struct loop *loop, struct error *err) MUST_USE;

/*
 * Ends a child without any callback: SIGKILL to its group, waits for it (which
 * is soon), frees it. NULL is ignored. Before loop_free(), all those of the
 * loop.
 */
void child_abandon(struct child *child);
void child_abandon_all(const struct loop *loop);

/*
 * For proc/descend: the child with this process id, NULL if it is not one of
 * ours or already reaped; whether a child has died, reaped or not; a SIGKILL
 * to all that live, whose number is returned.
 */
struct child *child_find(pid_t pid);
bool child_is_dead(const struct child *child);
size_t child_kill_every(void);
/* From now on, reaps orphans that were handed to this process as well. */
void child_reap_strays(void);

#endif
