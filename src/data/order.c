/* SPDX-License-Identifier: MIT */
/* Equality and order of JSON values. */
#include "config.h"

#include <string.h>

#include "data/json.h"
#include "data/order.h"

bool
order_is_null(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

enum rank {
	RANK_NULL,
	RANK_BOOLEAN,
	RANK_NUMBER,
	RANK_STRING,
	RANK_ARRAY,
	RANK_OBJECT,
};

static enum rank
rank_of(const json_t *value)
{
	if (order_is_null(value))
		return RANK_NULL;
	if (json_is_boolean(value))
		return RANK_BOOLEAN;
	if (json_is_number(value))
		return RANK_NUMBER;
	if (json_is_string(value))
		return RANK_STRING;
	return json_is_array(value) ? RANK_ARRAY : RANK_OBJECT;
}

/* Without rounding: two integers must not both equal the real between them. */
static int
compare_to_real(json_int_t integer, double real)
{
	if (real >= 0x1p63)
		return -1;
	if (real < -0x1p63)
		return 1;
	json_int_t whole = (json_int_t)real;
	if (integer != whole)
		return integer < whole ? -1 : 1;
	double rest = real - (double)whole;
	return rest > 0 ? -1 : rest < 0;
}

static int
compare_numbers(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t x = json_integer_value(a);
		json_int_t y = json_integer_value(b);
		return x < y ? -1 : x > y;
	}
	if (json_is_integer(a))
		return compare_to_real(
		    json_integer_value(a), json_real_value(b));
	if (json_is_integer(b))
		return -compare_to_real(
		    json_integer_value(b), json_real_value(a));
	double x = json_real_value(a);
	double y = json_real_value(b);
	return x < y ? -1 : x > y;
}

static int
compare_strings(const json_t *a, const json_t *b)
{
	size_t n = json_string_length(a), m = json_string_length(b);
	int c =
	    memcmp(json_string_value(a), json_string_value(b), n < m ? n : m);
	return c != 0 ? c : n < m ? -1 : n > m;
}

static int
compare_sizes(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

int
order_compare(const json_t *a, const json_t *b)
{
	enum rank rank = rank_of(a), other = rank_of(b);
	if (rank != other)
		return rank < other ? -1 : 1;
	switch (rank) {
	case RANK_NULL:
		break;
	case RANK_BOOLEAN:
		return json_is_true(a) - json_is_true(b);
	case RANK_NUMBER:
		return compare_numbers(a, b);
	case RANK_STRING:
		return compare_strings(a, b);
	case RANK_ARRAY:
		return compare_sizes(json_array_size(a), json_array_size(b));
	case RANK_OBJECT:
		return compare_sizes(json_object_size(a), json_object_size(b));
	}
	return 0;
}

static bool
equal_arrays(const json_t *a, const json_t *b)
{
	size_t n = json_array_size(a);
	if (n != json_array_size(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!order_equal(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}

static bool
equal_objects(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;
	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach(json_mutable(a), key, value) {
		const json_t *other = json_object_get(b, key);
		if (other == NULL || !order_equal(value, other))
			return false;
	}
	return true;
}

bool
order_equal(const json_t *a, const json_t *b)
{
	if (rank_of(a) != rank_of(b))
		return false;
	if (json_is_array(a))
		return equal_arrays(a, b);
	if (json_is_object(a))
		return equal_objects(a, b);
	return order_compare(a, b) == 0;
}
