/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of an output of any length, in bounded memory:
 * head_limit bytes and at most twice tail_limit.
 *
 *	struct excerpt out = { .head_limit = 1 << 20, .tail_limit = 1 << 20 };
 */
#ifndef PROC_EXCERPT_H
#define PROC_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct excerpt {
	size_t head_limit;
	size_t tail_limit;
	uint64_t total; /* bytes seen */
	struct str head;
	struct str tail; /* its last tail_limit bytes count */
};

void excerpt_add(struct excerpt *excerpt, const void *bytes, size_t len);
uint64_t excerpt_dropped(const struct excerpt *excerpt); /* bytes */
/*
 * Appends head, a line that says how much is missing (if so), tail. Beside a
 * gap stand whole characters, and whole lines where those are not too long.
 */
void excerpt_text(const struct excerpt *excerpt, struct str *out);
/*
 * Appends the same text fit for JSON. True when that needed a repair, since
 * something in it is not UTF-8.
 */
bool excerpt_repaired(const struct excerpt *excerpt, struct str *out);
void excerpt_release(struct excerpt *excerpt); /* keeps the limits */

#endif
