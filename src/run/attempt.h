/* SPDX-License-Identifier: MIT */
/*
 * One run of an agent process: starts it through the executor, hands it its
 * spec, listens to its frames, watches its heartbeat, and ends with a verdict.
 *
 * The pipe to its standard input stays open while it runs: it is the
 * agent's lifeline.
 */
#ifndef RUN_ATTEMPT_H
#define RUN_ATTEMPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"
#include "proc/loop.h"
#include "run/executor.h"

struct attempt;

/* A frame other than the result; object is borrowed. */
typedef void attempt_frame_fn(
    enum frame_type type, const json_t *object, void *arg);
/*
 * The end, exactly once; the attempt is freed after it returns. result is NULL
 * when the verdict is VERDICT_LOST; why tells then what is known. Else the
 * callee may take what is in it, and leaves it zeroed.
 */
typedef void attempt_end_fn(enum verdict verdict, struct frame_result *result,
    const char *why, void *arg);

/*
 * Starts an attempt. NULL on failure, with the errno of child_start() in
 * err->code. spec is not kept.
 */
struct attempt *attempt_start(struct loop *loop,
    const struct executor *executor, const struct frame_spec *spec,
    attempt_frame_fn *on_frame, attempt_end_fn *on_end, void *arg,
    struct error *err) MUST_USE;

/* Answers a FRAME_ASK: the tree of the commit, or NULL; or a FRAME_CLAUDE. */
void attempt_answer(struct attempt *attempt, const char *tree);

/*
 * What it has spent, as far as it has told: all of it once there is a result.
 * Also in its attempt_end_fn.
 */
const struct spent *attempt_spent(const struct attempt *attempt);

/*
 * What a result would say that did not come, as far as it is known: what was
 * spent, session and log of the last claude. Only those members are set.
 */
void attempt_tell_known(
    const struct attempt *attempt, struct frame_result *result);

/* Asks it to stop; forces it after force_ms (0: at once). */
void attempt_stop(struct attempt *attempt, int64_t force_ms);

#endif
