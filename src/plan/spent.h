/* SPDX-License-Identifier: MIT */
/*
 * What claude has cost: money, and tokens of each kind. Sums of it are exact,
 * so that what is told of items, jobs and sessions adds up.
 *
 * All zero is "no claude ran". Unknown is not zero: a claude that was cut off,
 * or is still at work, has spent at least what is known of it.
 */
#ifndef PLAN_SPENT_H
#define PLAN_SPENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "data/record.h"

struct spent {
	bool has_cost;
	bool has_tokens;
	bool at_least; /* there was more, which nobody knows */
	int64_t nano_usd;
	int64_t input_tokens;
	int64_t output_tokens;
	int64_t cache_read_tokens;
	int64_t cache_write_tokens;
};

extern const struct record_table spent_table;

bool spent_is_nothing(const struct spent *spent);
void spent_add(struct spent *to, const struct spent *more);
/* For two tellings of the same: the larger number of each. */
void spent_join(struct spent *to, const struct spent *other);
void spent_set_cost(struct spent *spent, double usd);

/*
 * Its members in records: cost_usd (null: not known), tokens (input, output,
 * cache_read, cache_write; if known), cost_at_least (if so); none at all when
 * no claude ran. Those that object has of it are replaced.
 */
void spent_describe(const struct spent *spent, json_t *object);
/* An object of them; NULL when no claude ran. */
json_t *spent_to_json(const struct spent *spent) MUST_USE;
void spent_from_json(const json_t *object, struct spent *spent);
/* For people: "at least $1.2300", or "not known"; allocated. */
char *spent_text(const struct spent *spent) MUST_USE;

#endif
