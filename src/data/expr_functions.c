/* SPDX-License-Identifier: MIT */
/* The functions of the expression language. */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/defs.h"
#include "base/str.h"
#include "data/expr_tree.h"
#include "data/json.h"
#include "data/order.h"

static const struct expr_signature signatures[] = {
	{ "contains", FN_CONTAINS, 2, 2 },
	{ "starts_with", FN_STARTS_WITH, 2, 2 },
	{ "startsWith", FN_STARTS_WITH, 2, 2 },
	{ "ends_with", FN_ENDS_WITH, 2, 2 },
	{ "endsWith", FN_ENDS_WITH, 2, 2 },
	{ "matches", FN_MATCHES, 2, 2 },
	{ "length", FN_LENGTH, 1, 2 },
	{ "len", FN_LENGTH, 1, 2 },
	{ "count", FN_LENGTH, 1, 2 },
	{ "sum", FN_SUM, 1, 1 },
	{ "min", FN_MIN, 1, 1 },
	{ "max", FN_MAX, 1, 1 },
	{ "avg", FN_AVG, 1, 1 },
	{ "is_null", FN_IS_NULL, 1, 1 },
	{ "is_not_null", FN_IS_NOT_NULL, 1, 1 },
	{ "exists", FN_EXISTS, 1, 1 },
	{ "is_empty", FN_IS_EMPTY, 1, 1 },
	{ "is_number", FN_IS_NUMBER, 1, 1 },
	{ "is_string", FN_IS_STRING, 1, 1 },
	{ "is_bool", FN_IS_BOOL, 1, 1 },
	{ "is_array", FN_IS_ARRAY, 1, 1 },
	{ "is_object", FN_IS_OBJECT, 1, 1 },
	{ "lower", FN_LOWER, 1, 1 },
	{ "upper", FN_UPPER, 1, 1 },
	{ "trim", FN_TRIM, 1, 1 },
};

const struct expr_signature *
expr_find_function(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(signatures); i++)
		if (strcasecmp(signatures[i].name, name) == 0)
			return &signatures[i];
	return NULL;
}

/* A pattern that comes from data; it was not compiled with the expression. */
static bool
matches_value(const char *subject, size_t len, const json_t *pattern,
    bool *found, struct error *err)
{
	const char *text = json_string_value(pattern);
	if (text == NULL)
		return true;
	if (strlen(text) != json_string_length(pattern))
		return error_set(err, ERROR_INPUT,
		    "regular expression '%s': a NUL in it", text);
	struct regex *regex = regex_new(text, err);
	bool ok =
	    regex != NULL && regex_search(regex, subject, len, found, err);
	regex_free(regex);
	return ok;
}

bool
expr_matches(const struct expr *expr, const json_t *subject,
    const json_t *pattern, bool *found, struct error *err)
{
	*found = false;
	if (!json_is_string(subject))
		return true;
	const char *text = json_string_value(subject);
	size_t len = json_string_length(subject);
	if (expr->regex != NULL)
		return regex_search(expr->regex, text, len, found, err);
	return matches_value(text, len, pattern, found, err);
}

static size_t
length_of(const json_t *value)
{
	size_t n = 0;
	if (json_is_array(value))
		return json_array_size(value);
	if (json_is_object(value))
		return json_object_size(value);
	const char *text = json_string_value(value);
	for (size_t i = 0; text != NULL && i < json_string_length(value); i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static bool
contains(const struct expr *expr, const json_t *whole, const json_t *part)
{
	if (json_is_string(whole) && json_is_string(part))
		return memmem(json_string_value(whole),
			   json_string_length(whole), json_string_value(part),
			   json_string_length(part)) != NULL;
	if (json_is_object(whole) && json_is_string(part))
		return json_object_get(whole, json_string_value(part)) != NULL;
	for (size_t i = 0; i < json_array_size(whole); i++)
		if (expr_equal(expr, json_array_get(whole, i), part))
			return true;
	return false;
}

static bool
compares_end(const json_t *whole, const json_t *part, bool at_end)
{
	size_t n = json_string_length(whole), m = json_string_length(part);
	if (!json_is_string(whole) || !json_is_string(part) || m > n)
		return false;
	return memcmp(json_string_value(whole) + (at_end ? n - m : 0),
		   json_string_value(part), m) == 0;
}

/* A sum of integers is one as long as it fits. */
static json_t *
sum(const json_t *array, bool as_mean)
{
	double total = 0;
	json_int_t whole = 0;
	bool exact = true;
	size_t n = 0;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *value = json_array_get(array, i);
		if (!json_is_number(value))
			continue;
		n++;
		total += json_number_value(value);
		exact = exact && json_is_integer(value) &&
		    !__builtin_add_overflow(
			whole, json_integer_value(value), &whole);
	}
	if (as_mean)
		return n == 0 ? json_null() : json_real(total / (double)n);
	return exact ? json_integer(whole) : json_real(total);
}

static json_t *
extreme(const json_t *array, int sign)
{
	const json_t *best = NULL;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *value = json_array_get(array, i);
		if (json_is_number(value) &&
		    (best == NULL || sign * order_compare(value, best) > 0))
			best = value;
	}
	return best == NULL ? json_null() : json_incref(json_mutable(best));
}

/* Letters of ASCII change, others stay. */
static json_t *
change_case(const json_t *value, int (*change)(int))
{
	if (!json_is_string(value))
		return json_incref(json_mutable(value));
	autostr struct str text = { 0 };
	str_add_n(&text, json_string_value(value), json_string_length(value));
	for (size_t i = 0; i < text.len; i++)
		if (isascii(text.data[i]))
			text.data[i] = (char)change(text.data[i]);
	return json_stringn(str_text(&text), text.len);
}

static json_t *
trimmed(const json_t *value)
{
	if (!json_is_string(value))
		return json_incref(json_mutable(value));
	const char *text = json_string_value(value);
	size_t len = json_string_length(value), start = 0;
	while (start < len && isspace((unsigned char)text[start]))
		start++;
	while (len > start && isspace((unsigned char)text[len - 1]))
		len--;
	return json_stringn(text + start, len - start);
}

static json_t *
length_value(const json_t *value, const json_t *wanted, bool two)
{
	json_t *length = json_integer((json_int_t)length_of(value));
	if (!two)
		return length;
	bool same = order_equal(length, wanted);
	json_decref(length);
	return json_boolean(same);
}

static json_t *
simple_call(const struct expr *expr, const json_t *a, const json_t *b)
{
	switch (expr->function) {
	case FN_CONTAINS:
		return json_boolean(contains(expr, a, b));
	case FN_STARTS_WITH:
		return json_boolean(compares_end(a, b, false));
	case FN_ENDS_WITH:
		return json_boolean(compares_end(a, b, true));
	case FN_LENGTH:
		return length_value(a, b, expr->n_args == 2);
	case FN_SUM:
		return sum(a, false);
	case FN_MIN:
		return extreme(a, -1);
	case FN_MAX:
		return extreme(a, 1);
	case FN_AVG:
		return sum(a, true);
	case FN_IS_NULL:
		return json_boolean(order_is_null(a));
	case FN_IS_NOT_NULL:
		return json_boolean(!order_is_null(a));
	case FN_EXISTS:
		return json_boolean(a != NULL);
	case FN_IS_EMPTY:
		return json_boolean(!json_is_number(a) && !json_is_boolean(a) &&
		    length_of(a) == 0);
	case FN_IS_NUMBER:
		return json_boolean(json_is_number(a));
	case FN_IS_STRING:
		return json_boolean(json_is_string(a));
	case FN_IS_BOOL:
		return json_boolean(json_is_boolean(a));
	case FN_IS_ARRAY:
		return json_boolean(json_is_array(a));
	case FN_IS_OBJECT:
		return json_boolean(json_is_object(a));
	case FN_LOWER:
		return change_case(a, tolower);
	case FN_UPPER:
		return change_case(a, toupper);
	case FN_TRIM:
		return trimmed(a);
	case FN_MATCHES:
		break;
	}
	return NULL;
}

bool
expr_call(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	autojson json_t *a = NULL;
	autojson json_t *b = NULL;
	bool found;
	if (!expr_value(expr->args[0], scope, &a, err) ||
	    (expr->n_args > 1 && !expr_value(expr->args[1], scope, &b, err)))
		return false;
	if (expr->function != FN_MATCHES) {
		*value = simple_call(expr, a, b);
		return true;
	}
	if (!expr_matches(expr, a, b, &found, err))
		return false;
	*value = json_boolean(found);
	return true;
}
