/* SPDX-License-Identifier: MIT */
/* Values of the expression language, and its functions. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/text.h"
#include "data/expr_value.h"
#include "data/json.h"
#include "data/order.h"

#define BLANKS " \t\r\n"

/* --- numbers ---------------------------------------------------------- */

/* Bytes of digits at text. */
static size_t
digits(const char *text)
{
	return strspn(text, "0123456789");
}

size_t
expr_number_length(const char *text)
{
	size_t n = text[0] == '-';
	if (digits(text + n) == 0)
		return 0;
	n += digits(text + n);
	if (text[n] == '.' && digits(text + n + 1) > 0)
		n += 1 + digits(text + n + 1);
	if (text[n] == 'e' || text[n] == 'E') {
		size_t sign = text[n + 1] == '+' || text[n + 1] == '-';
		size_t exponent = digits(text + n + 1 + sign);
		n += exponent > 0 ? 1 + sign + exponent : 0;
	}
	return n;
}

json_t *
expr_number(const char *text)
{
	const char *start = text + strspn(text, BLANKS);
	if (start[0] == '+' && digits(start + 1) > 0)
		start++;
	size_t len = expr_number_length(start);
	if (len == 0 || start[len + strspn(start + len, BLANKS)] != '\0')
		return NULL;
	errno = 0;
	/* Jansson makes no value of an infinite one. */
	if (strcspn(start, ".eE") < len)
		return json_real(strtod(start, NULL));
	long long value = strtoll(start, NULL, 10);
	return errno == 0 ? json_integer(value) : NULL;
}

/* --- truth and comparison --------------------------------------------- */

/* Conditions read texts that were printed by commands. */
static bool
is_false_text(const char *text)
{
	static const char *const words[] = { "", "0", "false", "no", "off" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

bool
expr_truth(const struct expr *expr, const json_t *value)
{
	if (order_is_null(value) || json_is_false(value))
		return false;
	if (json_is_number(value))
		return json_number_value(value) != 0;
	if (!json_is_string(value))
		return true;
	if (expr->use == EXPR_CONDITION)
		return !is_false_text(json_string_value(value));
	return json_string_length(value) > 0;
}

/*
 * In a condition a number meets its text, and true meets 'true': value as it
 * is to be compared with other. A new reference.
 */
static json_t *
as_other(const struct expr *expr, const json_t *value, const json_t *other)
{
	json_t *converted = NULL;
	if (expr->use == EXPR_CONDITION && json_is_string(value)) {
		const char *text = json_string_value(value);
		if (json_is_number(other))
			converted = expr_number(text);
		else if (json_is_boolean(other) &&
		    strcasecmp(text, "true") == 0)
			converted = json_true();
		else if (json_is_boolean(other) &&
		    strcasecmp(text, "false") == 0)
			converted = json_false();
	}
	return converted != NULL ? converted : json_incref(json_mutable(value));
}

bool
expr_equal(const struct expr *expr, const json_t *a, const json_t *b)
{
	autojson json_t *x = as_other(expr, a, b);
	autojson json_t *y = as_other(expr, b, a);
	return order_equal(x, y);
}

/* Values of different kinds are neither less nor greater. */
static bool
is_ordered(const struct expr *expr, const json_t *left, const json_t *right)
{
	autojson json_t *a = as_other(expr, left, right);
	autojson json_t *b = as_other(expr, right, left);
	bool alike = (json_is_number(a) && json_is_number(b)) ||
	    (json_is_string(a) && json_is_string(b)) ||
	    (json_is_boolean(a) && json_is_boolean(b));
	if (!alike)
		return false;
	int c = order_compare(a, b);
	if (expr->op == OP_LT)
		return c < 0;
	if (expr->op == OP_LE)
		return c <= 0;
	return expr->op == OP_GT ? c > 0 : c >= 0;
}

bool
expr_compare(const struct expr *expr, const json_t *left, const json_t *right)
{
	if (expr->op == OP_EQ)
		return expr_equal(expr, left, right);
	if (expr->op == OP_NE)
		return !expr_equal(expr, left, right);
	return is_ordered(expr, left, right);
}

/* --- functions -------------------------------------------------------- */

static size_t
length_of(const json_t *value)
{
	if (json_is_array(value))
		return json_array_size(value);
	if (json_is_object(value))
		return json_object_size(value);
	const char *text = json_string_value(value);
	return text == NULL ? 0 : text_count(text, json_string_length(value));
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
contains_value(const struct expr *call, const json_t *a, const json_t *b)
{
	return json_boolean(contains(call, a, b));
}

static json_t *
starts_with(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	return json_boolean(compares_end(a, b, false));
}

static json_t *
ends_with(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	return json_boolean(compares_end(a, b, true));
}

static json_t *
length(const struct expr *call, const json_t *a, const json_t *b)
{
	return length_value(a, b, call->n_args == 2);
}

static json_t *
total(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return sum(a, false);
}

static json_t *
mean(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return sum(a, true);
}

static json_t *
least(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return extreme(a, -1);
}

static json_t *
greatest(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return extreme(a, 1);
}

static json_t *
is_null(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(order_is_null(a));
}

static json_t *
is_not_null(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(!order_is_null(a));
}

static json_t *
exists(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(a != NULL);
}

static json_t *
is_empty(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(
	    !json_is_number(a) && !json_is_boolean(a) && length_of(a) == 0);
}

static json_t *
is_number(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(json_is_number(a));
}

static json_t *
is_string(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(json_is_string(a));
}

static json_t *
is_bool(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(json_is_boolean(a));
}

static json_t *
is_array(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(json_is_array(a));
}

static json_t *
is_object(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return json_boolean(json_is_object(a));
}

static json_t *
lower(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return change_case(a, tolower);
}

static json_t *
upper(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return change_case(a, toupper);
}

static json_t *
trim(const struct expr *call, const json_t *a, const json_t *b)
{
	(void)call;
	(void)b;
	return trimmed(a);
}

/*
 * All functions. Another one is a row here, with cases in tests/cases/expr.txt
 * and a line in prodigy-workflow(5).
 */
static const struct expr_function functions[] = {
	{ "contains", 2, 2, .is_operator = true, .value = contains_value },
	{ "starts_with", 2, 2, .is_operator = true, .value = starts_with },
	{ "startsWith", 2, 2, .is_operator = true, .value = starts_with },
	{ "ends_with", 2, 2, .is_operator = true, .value = ends_with },
	{ "endsWith", 2, 2, .is_operator = true, .value = ends_with },
	{ "matches", 2, 2, .is_operator = true, .takes_pattern = true },
	{ "length", 1, 2, .value = length },
	{ "len", 1, 2, .value = length },
	{ "count", 1, 2, .value = length },
	{ "sum", 1, 1, .value = total },
	{ "min", 1, 1, .value = least },
	{ "max", 1, 1, .value = greatest },
	{ "avg", 1, 1, .value = mean },
	{ "is_null", 1, 1, .value = is_null },
	{ "is_not_null", 1, 1, .value = is_not_null },
	{ "exists", 1, 1, .value = exists },
	{ "is_empty", 1, 1, .value = is_empty },
	{ "is_number", 1, 1, .value = is_number },
	{ "is_string", 1, 1, .value = is_string },
	{ "is_bool", 1, 1, .value = is_bool },
	{ "is_array", 1, 1, .value = is_array },
	{ "is_object", 1, 1, .value = is_object },
	{ "lower", 1, 1, .value = lower },
	{ "upper", 1, 1, .value = upper },
	{ "trim", 1, 1, .value = trim },
};

const struct expr_function *
expr_function_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		if (strcasecmp(functions[i].name, name) == 0)
			return &functions[i];
	return NULL;
}
