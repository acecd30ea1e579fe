/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of an output of any length, in bounded memory:
 * head_limit bytes and at most twice tail_limit.
 *
 *	struct capture out = { .head_limit = 1 << 20, .tail_limit = 1 << 20 };
 */
#ifndef PROC_CAPTURE_H
#define PROC_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct capture {
	size_t head_limit;
	size_t tail_limit;
	uint64_t total; /* bytes seen */
	struct str head;
	struct str tail; /* its last tail_limit bytes count */
};

void capture_add(struct capture *capture, const void *bytes, size_t len);
uint64_t capture_dropped(const struct capture *capture); /* bytes */
/* Appends head, a line that says how much is missing (if so), tail. */
void capture_text(const struct capture *capture, struct str *out);
void capture_release(struct capture *capture); /* keeps the limits */

#endif
