/* SPDX-License-Identifier: MIT */
/*
 * How an agent process is started, asked to stop, forced, and how its end is
 * judged. "local" starts it here; a cluster's launcher fits behind the same
 * functions, and nothing else of run/ knows which one it is.
 */
#ifndef RUN_EXECUTOR_H
#define RUN_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "plan/frame.h"
#include "proc/child.h"

enum verdict {
	VERDICT_OK,
	VERDICT_FAILED, /* the agent's own result says so */
	VERDICT_LOST, /* it ended without a result */
	VERDICT_CANCELLED, /* we stopped it */
	VERDICTS
};

struct executor;

struct executor_ops {
	const char *name;
	/* The command that becomes the agent process for this spec. */
	void (*argv)(const struct executor *executor,
	    const struct frame_spec *spec, struct strv *argv);
	/* Please stop: the agent ends its steps by the ladder and answers. */
	void (*ask)(const struct executor *executor, struct child *child);
	/* Stop now. */
	void (*force)(const struct executor *executor, struct child *child);
	/* What an end means. result is NULL when none was seen. */
	enum verdict (*judge)(const struct executor *executor,
	    const struct child_end *end, const struct frame_result *result);
	/* Appends why an attempt was lost, in words. */
	void (*explain)(const struct executor *executor,
	    const struct child_end *end, struct str *why);
	/*
	 * Sends a signal (0: none) to what a lost attempt may have left, found
	 * by its token. Returns how many there are; after SIGKILL they are
	 * gone.
	 */
	size_t (*sweep)(
	    const struct executor *executor, const char *token, int signo);
};

struct executor {
	const struct executor_ops *ops;
	char *program; /* path of this program */
};

void executor_release(struct executor *executor);

/*
 * "local": agents as children of this process. Fills executor, which is
 * released by executor_release().
 */
bool executor_local(struct executor *executor, struct error *err) MUST_USE;

#endif
