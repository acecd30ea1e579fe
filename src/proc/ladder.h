/* SPDX-License-Identifier: MIT */
/*
 * The ladder of stopping: how long each one that is asked to end may take, and
 * what happens then. Every wait of that kind is in this table, so that the
 * waits fit together: whoever stands above waits longer than those below. All
 * are milliseconds. Limits of how long work may take (a step's timeout, that
 * of a git command) are not part of it: when such a limit has passed, the
 * ladder begins.
 */
#ifndef PROC_LADDER_H
#define PROC_LADDER_H

/*
 * A step, or any other program of the user's, and all that it started were sent
 * SIGTERM because of a Ctrl-C, a timeout or a failure elsewhere. Then: SIGKILL
 * to whoever of them is left.
 */
#define LADDER_GRACE_MS 5000

/*
 * A git command of ours was sent SIGTERM: it has lock files to remove and
 * nothing else to save. Then: SIGKILL.
 */
#define LADDER_GIT_GRACE_MS 1000

/*
 * A git process that answers requests and is needed no more was sent SIGTERM
 * in the midst of a request. We block meanwhile. Then: SIGKILL.
 */
#define LADDER_BATCH_GRACE_MS 500

/*
 * What lost its keeper was sent SIGTERM: what an agent started when the
 * supervisor is gone, or when the agent is, and what is left below a supervisor
 * that ends. It has lock files to remove, and nobody hears of anything else.
 * Then: SIGKILL.
 */
#define LADDER_ORPHAN_GRACE_MS 250

/*
 * A process has been reaped, and somebody who inherited its output still holds
 * the pipe. Then: the process counts as ended, and the pipe is closed.
 */
#define LADDER_DRAIN_MS 1000

/*
 * Everything below this process is sent SIGKILL, again and again until nothing
 * is left. Then: we give up on those that the kernel does not let die.
 */
#define LADDER_KILL_MS 2000

/*
 * An agent process was asked to stop. It takes the ladder's lower rungs itself:
 * its step's grace, then whatever the step left behind. Then: SIGKILL to the
 * agent process, and to all that carries its token.
 */
#define LADDER_FORCE_MS (2 * LADDER_GRACE_MS)

/*
 * An agent process has sent its result, its last word, and has yet to end; its
 * standard input is closed. Then: it is forced as after LADDER_FORCE_MS.
 */
#define LADDER_LINGER_MS LADDER_FORCE_MS

/*
 * We ourselves were stopped, or the machine was busy, and a look that was due
 * is late by more than this: what was to be seen may still lie in a pipe. Then:
 * it is looked at again, a beat later.
 */
#define LADDER_LATE_MS 1000

/* An agent process says that it lives as often as this. */
#define LADDER_BEAT_MS 15000

/*
 * Nothing was heard from an agent process, not even that it lives. Then: it is
 * forced, and its attempt is lost.
 */
#define LADDER_SILENCE_MS (6 * LADDER_BEAT_MS)

/*
 * Claude has given its result and is silent, but does not exit: a command that
 * it left in the background may still be running. Then: it is asked as a step
 * is, and has LADDER_GRACE_MS.
 */
#define LADDER_CLAUDE_LINGER_MS 30000

/*
 * A run that was stopped has ended, and something that it printed was not read
 * yet. Then: that is lost. (After an ordinary end a reader has all the time
 * until a signal comes.)
 */
#define LADDER_READER_MS LADDER_GRACE_MS

_Static_assert(
    LADDER_FORCE_MS > LADDER_GRACE_MS + LADDER_DRAIN_MS + LADDER_KILL_MS,
    "an agent process must be able to end before it is forced");

#endif
