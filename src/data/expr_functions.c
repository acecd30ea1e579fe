/* SPDX-License-Identifier: MIT */
/* The functions of the expression language. */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/defs.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/expr_tree.h"
#include "data/json.h"
#include "data/order.h"

struct function_name {
	const char *name;
	enum expr_function function;
};

static const struct function_name names[] = {
	{ "contains", FN_CONTAINS }, { "starts_with", FN_STARTS_WITH },
	{ "startsWith", FN_STARTS_WITH }, { "ends_with", FN_ENDS_WITH },
	{ "endsWith", FN_ENDS_WITH }, { "matches", FN_MATCHES },
	{ "length", FN_LENGTH }, { "len", FN_LENGTH }, { "count", FN_LENGTH },
	{ "sum", FN_SUM }, { "min", FN_MIN }, { "max", FN_MAX },
	{ "avg", FN_AVG }, { "is_null", FN_IS_NULL },
	{ "is_not_null", FN_IS_NOT_NULL }, { "exists", FN_EXISTS },
	{ "is_empty", FN_IS_EMPTY }, { "is_number", FN_IS_NUMBER },
	{ "is_string", FN_IS_STRING }, { "is_bool", FN_IS_BOOL },
	{ "is_array", FN_IS_ARRAY }, { "is_object", FN_IS_OBJECT },
	{ "lower", FN_LOWER }, { "upper", FN_UPPER }, { "trim", FN_TRIM },
};

bool
expr_find_function(const char *name, enum expr_function *function)
{
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcasecmp(names[i].name, name) == 0) {
			*function = names[i].function;
			return true;
		}
	}
	return false;
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
	if (!json_is_string(pattern))
		return true;
	struct regex *regex = regex_new(json_string_value(pattern), err);
	bool ok = regex != NULL && regex_search(regex, text, len, found, err);
	regex_free(regex);
	return ok;
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
contains(const json_t *whole, const json_t *part)
{
	if (json_is_string(whole) && json_is_string(part))
		return memmem(json_string_value(whole),
		    json_string_length(whole), json_string_value(part),
		    json_string_length(part)) != NULL;
	if (json_is_object(whole) && json_is_string(part))
		return json_object_get(whole, json_string_value(part)) != NULL;
	for (size_t i = 0; i < json_array_size(whole); i++)
		if (order_equal(json_array_get(whole, i), part))
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

/* Sum, least, greatest or mean of the numbers of an array. */
static json_t *
aggregate(enum expr_function function, const json_t *array)
{
	const json_t *best = NULL;
	double sum = 0;
	json_int_t whole = 0;
	bool exact = true;
	size_t n = 0;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *value = json_array_get(array, i);
		if (!json_is_number(value))
			continue;
		n++;
		sum += json_number_value(value);
		exact = exact && json_is_integer(value) &&
		    !__builtin_add_overflow(whole, json_integer_value(value),
		        &whole);
		if (best == NULL || (function == FN_MIN
		        ? order_compare(value, best) < 0
		        : order_compare(value, best) > 0))
			best = value;
	}
	if (function == FN_SUM)
		return exact ? json_integer(whole) : json_real(sum);
	if (n == 0)
		return json_null();
	return function == FN_AVG ? json_real(sum / (double)n)
	                          : json_incref(json_mutable(best));
}

static json_t *
change_text(enum expr_function function, const json_t *value)
{
	if (!json_is_string(value))
		return json_incref(json_mutable(value));
	autofree char *copy = mem_text(json_string_value(value));
	if (function == FN_TRIM)
		return json_text(text_trim(copy));
	for (char *c = copy; *c != '\0'; c++)
		*c = (char)(function == FN_LOWER ? tolower((unsigned char)*c)
		                                 : toupper((unsigned char)*c));
	return json_text(copy);
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
		return json_boolean(contains(a, b));
	case FN_STARTS_WITH:
		return json_boolean(compares_end(a, b, false));
	case FN_ENDS_WITH:
		return json_boolean(compares_end(a, b, true));
	case FN_LENGTH:
		return length_value(a, b, expr->n_args == 2);
	case FN_SUM:
	case FN_MIN:
	case FN_MAX:
	case FN_AVG:
		return aggregate(expr->function, a);
	case FN_IS_NULL:
		return json_boolean(order_is_null(a));
	case FN_IS_NOT_NULL:
		return json_boolean(!order_is_null(a));
	case FN_EXISTS:
		return json_boolean(a != NULL);
	case FN_IS_EMPTY:
		return json_boolean(order_is_null(a) || (!json_is_number(a) &&
		    !json_is_boolean(a) && length_of(a) == 0));
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
	case FN_UPPER:
	case FN_TRIM:
		return change_text(expr->function, a);
	case FN_MATCHES:
	case FUNCTIONS:
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
