/* SPDX-License-Identifier: MIT */
/*
 * One command from start to end, waiting for it: for code that has nothing
 * else to do meanwhile.
 */
#ifndef PROC_RUN_H
#define PROC_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "proc/child.h"
#include "proc/loop.h"

#define RUN_KEEP_BYTES ((size_t)1024 * 1024) /* at each end of an output */

struct run_spec {
	char *const *argv; /* argv[0] is looked up in PATH of env */
	char *const *env; /* NULL: inherit */
	const char *dir; /* NULL: inherit */
	const void *input; /* standard input; NULL: /dev/null */
	size_t input_len;
	int64_t timeout_ms; /* 0: none */
	size_t head_limit; /* of each output; both 0: RUN_KEEP_BYTES each */
	size_t tail_limit;
};

struct run_result {
	struct str out; /* as excerpt_text() puts it together */
	struct str err;
	uint64_t dropped; /* bytes of both that are missing there */
	struct child_end end;
	bool timed_out; /* it was stopped at timeout_ms */
	bool cancelled; /* it was stopped because of *cancel */
};

#define autorun __attribute__((__cleanup__(run_result_release)))

/*
 * Runs the command in a process group of its own. True when it has run,
 * however it ended; false when it could not be started or waited for.
 * result must be empty.
 */
bool run_capture(const struct run_spec *spec, struct run_result *result,
    struct error *err) MUST_USE;
/*
 * Runs as run_capture() does, while loop goes on turning, with all its other
 * callbacks. When *cancel (may be NULL) becomes true, the command is stopped.
 */
bool run_capture_on(struct loop *loop, const struct run_spec *spec,
    const bool *cancel, struct run_result *result, struct error *err) MUST_USE;
/* Exited with status 0, not stopped by us. */
bool run_succeeded(const struct run_result *result);
void run_result_release(struct run_result *result);

#endif
