/* SPDX-License-Identifier: MIT */
/* What claude has cost: sums are exact, and unknown is not zero. */
#include "config.h"

#include <stdlib.h>

#include "../records.h"
#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "plan/spent.h"

static void
is_json(const struct spent *spent, const char *want, const char *name)
{
	autostr struct str text = { 0 };
	autojson json_t *object = spent_to_json(spent);
	struct spent back;
	if (object != NULL)
		json_compact(object, &text, false);
	tap_is_text(str_text(&text), want, "%s", name);
	spent_from_json(object, &back);
	autofree char *difference =
	    records_difference(&spent_table, spent, &back);
	tap_ok(difference == NULL, "%s: it comes back", name);
}

static void
is_text(const struct spent *spent, const char *want)
{
	autofree char *text = spent_text(spent);
	tap_is_text(text, want, "it is told as %s", want);
}

static void
test_sums(void)
{
	struct spent sum = { 0 };
	struct spent cent = { 0 };
	spent_set_cost(&cent, 0.1);
	for (int i = 0; i < 1000; i++)
		spent_add(&sum, &cent);
	tap_is_int(
	    sum.nano_usd, 100000000000, "a thousand dimes are a hundred");
	cent.input_tokens = INT64_MAX;
	spent_add(&sum, &cent);
	spent_add(&sum, &cent);
	tap_ok(
	    sum.input_tokens == INT64_MAX, "a number that is too large stays");
	const struct spent other = { .output_tokens = 3, .at_least = true };
	spent_join(&cent, &other);
	tap_ok(cent.output_tokens == 3 && cent.input_tokens == INT64_MAX &&
		cent.at_least,
	    "of two tellings the larger one counts");
	spent_set_cost(&cent, -1);
	tap_ok(!cent.has_cost, "nothing costs less than nothing");
	spent_set_cost(&cent, 1e300);
	tap_ok(!cent.has_cost && cent.nano_usd == 0, "nor that much");
}

int
main(void)
{
	const struct spent none = { 0 };
	const struct spent begun = { .at_least = true };
	const struct spent known = { .has_cost = true,
		.has_tokens = true,
		.nano_usd = 12300000,
		.input_tokens = 1,
		.output_tokens = 2,
		.cache_read_tokens = 3,
		.cache_write_tokens = 4 };
	struct spent some = known;
	some.at_least = true;
	json_init();
	RECORDS_CHECK_ROWS(struct spent, &spent_table);
	test_sums();
	is_json(&none, "", "no claude has no members");
	is_json(&begun, "{\"cost_usd\":null,\"cost_at_least\":true}",
	    "one that has begun costs nobody knows what");
	is_json(&some,
	    "{\"cost_usd\":0.0123,\"tokens\":{\"input\":1,\"output\":2,"
	    "\"cache_read\":3,\"cache_write\":4},\"cost_at_least\":true}",
	    "all members");
	is_text(&begun, "not known");
	is_text(&known,
	    "$0.0123 (1 input, 2 output, 3 cache read, 4 cache write tokens)");
	is_text(&some,
	    "at least $0.0123 (1 input, 2 output, 3 cache read, "
	    "4 cache write tokens)");
	some.has_cost = false;
	is_text(&some,
	    "not known (at least 1 input, 2 output, 3 cache read, "
	    "4 cache write tokens)");
	return tap_done();
}
