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

static int
rank(const json_t *value)
{
	if (order_is_null(value))
		return 0;
	if (json_is_boolean(value))
		return 1;
	if (json_is_number(value))
		return 2;
	if (json_is_string(value))
		return 3;
	return json_is_array(value) ? 4 : 5;
}

static int
compare_numbers(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t x = json_integer_value(a);
		json_int_t y = json_integer_value(b);
		return x < y ? -1 : x > y;
	}
	double x = json_number_value(a);
	double y = json_number_value(b);
	return x < y ? -1 : x > y;
}

static int
compare_strings(const json_t *a, const json_t *b)
{
	size_t n = json_string_length(a), m = json_string_length(b);
	int c = memcmp(json_string_value(a), json_string_value(b),
	    n < m ? n : m);
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
	int kind = rank(a);
	if (kind != rank(b))
		return kind < rank(b) ? -1 : 1;
	switch (kind) {
	case 1:
		return json_is_true(a) - json_is_true(b);
	case 2:
		return compare_numbers(a, b);
	case 3:
		return compare_strings(a, b);
	case 4:
		return compare_sizes(json_array_size(a), json_array_size(b));
	case 5:
		return compare_sizes(json_object_size(a),
		    json_object_size(b));
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
	if (rank(a) != rank(b))
		return false;
	if (json_is_array(a))
		return equal_arrays(a, b);
	if (json_is_object(a))
		return equal_objects(a, b);
	return order_compare(a, b) == 0;
}
