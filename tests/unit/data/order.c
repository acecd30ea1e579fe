/* SPDX-License-Identifier: MIT */
/* Equality, order and keys of JSON values agree with each other. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "data/json.h"
#include "data/order.h"

/* From the least to the greatest; those of a line are neither. */
static const char *const ranked[] = {
	"[null]",
	"[false]",
	"[true]",
	"[-1e300]",
	"[-9223372036854775808, -9.223372036854775808e18]",
	"[-9223372036854775807]",
	"[-1.5]",
	"[-1, -1.0]",
	"[-5e-324]",
	"[0, -0.0, 0.0]",
	"[5e-324]",
	"[1, 1.0]",
	"[1.5]",
	"[9007199254740991]",
	"[9007199254740992, 9007199254740992.0]",
	"[9007199254740993]",
	"[9223372036854775807]",
	"[9223372036854775808.0]",
	"[1e300]",
	"[\"\"]",
	"[\"\\u0000\"]",
	"[\"1\"]",
	"[\"A\"]",
	"[\"a\"]",
	"[\"a\\u0000\"]",
	"[\"ab\"]",
	"[\"\\u00e4\"]",
	"[[]]",
	"[[1], [2], [[]], [{}], [1.0]]",
	"[[1, 2], [2, 1]]",
	"[{}]",
	"[{\"a\": 1}, {\"b\": 1}, {\"a\": 1.0}]",
	"[{\"a\": 1, \"b\": [2]}, {\"b\": [2.0], \"a\": 1.0}]",
};

static json_t *
load_all(json_t *ranks)
{
	json_t *all = json_array();
	for (size_t i = 0; i < COUNT_OF(ranked); i++) {
		autoerror struct error err = { 0 };
		autojson json_t *line = json_load_text(
		    ranked[i], strlen(ranked[i]), "ranked", &err);
		tap_ok(line != NULL, "%s%s", ranked[i], error_text(&err));
		json_array_extend(all, line);
		for (size_t k = 0; k < json_array_size(line); k++)
			json_array_append_new(
			    ranks, json_integer((json_int_t)i));
	}
	return all;
}

static int
sign(int n)
{
	return n < 0 ? -1 : n > 0;
}

static bool
same_key(const json_t *a, const json_t *b)
{
	autostr struct str x = { 0 };
	autostr struct str y = { 0 };
	json_key(a, &x);
	json_key(b, &y);
	return x.len == y.len && memcmp(str_text(&x), str_text(&y), x.len) == 0;
}

static void
test_order(void)
{
	autojson json_t *ranks = json_array();
	autojson json_t *all = load_all(ranks);
	size_t n = json_array_size(all), wrong = 0, keys = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			const json_t *a = json_array_get(all, i);
			const json_t *b = json_array_get(all, k);
			json_int_t x =
			    json_integer_value(json_array_get(ranks, i));
			json_int_t y =
			    json_integer_value(json_array_get(ranks, k));
			wrong +=
			    sign(order_compare(a, b)) != (x < y ? -1 : x > y);
			keys += order_equal(a, b) != same_key(a, b);
			wrong += order_equal(a, b) && order_compare(a, b) != 0;
		}
	}
	tap_is_int((long long)wrong, 0, "all pairs are in order");
	tap_is_int((long long)keys, 0, "equal values have one key");
}

static void
expect_equal(const char *a, const char *b, bool want)
{
	autoerror struct error err = { 0 };
	autojson json_t *x = json_load_text(a, strlen(a), "a", &err);
	autojson json_t *y = json_load_text(b, strlen(b), "b", &err);
	tap_ok(order_equal(x, y) == want && order_equal(y, x) == want,
	    "%s %s %s", a, want ? "==" : "!=", b);
}

static void
test_equality(void)
{
	expect_equal("5", "5.0", true);
	expect_equal("5", "\"5\"", false);
	expect_equal("0", "false", false);
	expect_equal("9007199254740993", "9007199254740992.0", false);
	expect_equal("{\"a\":[1,{\"b\":2}],\"c\":null}",
	    "{\"c\":null,\"a\":[1.0,{\"b\":2.0}]}", true);
	expect_equal("{\"a\":1}", "{\"b\":1}", false);
	expect_equal("{\"a\":1}", "{\"a\":1,\"b\":1}", false);
	expect_equal("[1,2]", "[2,1]", false);
	expect_equal("[1]", "[1,1]", false);
	expect_equal("\"a\\u0000b\"", "\"a\\u0000c\"", false);
	autojson json_t *null = json_null();
	autojson json_t *zero = json_integer(0);
	tap_ok(order_equal(NULL, null) && order_equal(NULL, NULL),
	    "what is missing equals null");
	tap_ok(!order_equal(NULL, zero), "what is missing equals no zero");
	tap_ok(
	    order_is_null(NULL) && order_is_null(null) && !order_is_null(zero),
	    "what is missing is null and zero is not");
	autostr struct str key = { 0 };
	json_key(NULL, &key);
	tap_is_text(
	    str_text(&key), "null", "what is missing has the key of null");
}

int
main(void)
{
	json_init();
	test_order();
	test_equality();
	return tap_done();
}
