/* SPDX-License-Identifier: MIT */
/*
 * Signals to this process, delivered as calls from an event loop. The handlers
 * only count and write one byte to a pipe that the loops watch, so that a busy
 * loop sees a signal as soon as an idle one.
 *
 * There is one pipe per process and it stays open. Every loop that waits for
 * children watches it; whichever of them turns collects the children of all,
 * but the caller's function runs only from the loop it was given for.
 */
#ifndef PROC_SIGNALS_H
#define PROC_SIGNALS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "proc/loop.h"

typedef void signals_fn(int signo, void *arg);

/*
 * Handles INT, TERM, HUP, QUIT, WINCH and CONT: fn is called from loop once for
 * every arrival the kernel reported. A SIGHUP that was ignored at the start
 * (nohup) stays ignored. Not twice without signals_close() between.
 */
bool signals_open(
    struct loop *loop, signals_fn *fn, void *arg, struct error *err) MUST_USE;
/* Puts back the dispositions that signals_open() found. */
void signals_close(void);

/*
 * For the child module: SIGCHLD makes any watching loop call collect. Ignores
 * SIGPIPE. May be called again, for the same or a further loop.
 */
bool signals_watch_children(
    struct loop *loop, void (*collect)(void), struct error *err) MUST_USE;

#endif
