/* SPDX-License-Identifier: MIT */
/* Printing of JSON with sorted members and shortest numbers. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"

struct printer {
	struct str *out;
	bool sorted;
	bool pretty;
	bool by_value; /* 5.0 as 5 */
};

struct member {
	const char *key;
	const json_t *value;
};

/* The text of printf with "e+07" made "e7", and ".0" behind what has no mark
 * of a real: it must stay one when it is read again. */
static void
add_real(struct str *out, const char *text)
{
	const char *exponent = strchr(text, 'e');
	if (exponent == NULL) {
		str_add(out, text);
		if (strchr(text, '.') == NULL)
			str_add(out, ".0");
		return;
	}
	str_add_n(out, text, (size_t)(exponent - text));
	str_add_char(out, 'e');
	exponent++;
	if (*exponent == '-')
		str_add_char(out, *exponent);
	str_add(out, exponent + 1 + strspn(exponent + 1, "0"));
}

void
json_number_text(const json_t *number, struct str *out)
{
	char text[40];
	if (json_is_integer(number)) {
		str_format(out, "%lld", (long long)json_integer_value(number));
		return;
	}
	double value = json_real_value(number);
	/* printf drops zeros at the end, so 15 digits are often fewer; the
	 * very small numbers alone can do with less than 15. */
	int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	for (; digits <= DBL_DECIMAL_DIG; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	add_real(out, text);
}

static void
print_number(const struct printer *printer, const json_t *number)
{
	double value = json_real_value(number);
	if (printer->by_value && json_is_real(number) && value >= -0x1p63 &&
	    value < 0x1p63 && value == trunc(value))
		str_format(printer->out, "%lld", (long long)value);
	else
		json_number_text(number, printer->out);
}

static void
print_string(struct str *out, const char *text, size_t len)
{
	str_add_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		size_t run = i;
		while (run < len && (unsigned char)text[run] >= 0x20 &&
		    text[run] != '"' && text[run] != '\\')
			run++;
		if (run > i) {
			str_add_n(out, text + i, run - i);
			i = run - 1;
		} else if (c == '"' || c == '\\') {
			str_add_char(out, '\\');
			str_add_char(out, (char)c);
		} else if (c == '\n') {
			str_add(out, "\\n");
		} else if (c == '\t') {
			str_add(out, "\\t");
		} else if (c == '\r') {
			str_add(out, "\\r");
		} else {
			str_format(out, "\\u%04x", c);
		}
	}
	str_add_char(out, '"');
}

static void
print_break(const struct printer *printer, size_t level)
{
	if (printer->pretty)
		str_format(printer->out, "\n%*s", (int)(2 * level), "");
}

static void print_value(
    const struct printer *printer, const json_t *json, size_t level);

static void
print_array(const struct printer *printer, const json_t *array, size_t level)
{
	size_t n = json_array_size(array);
	str_add_char(printer->out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			str_add_char(printer->out, ',');
		print_break(printer, level + 1);
		print_value(printer, json_array_get(array, i), level + 1);
	}
	if (n > 0)
		print_break(printer, level);
	str_add_char(printer->out, ']');
}

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	return strcmp(x->key, y->key);
}

static void
print_member(
    const struct printer *printer, const struct member *member, size_t level)
{
	print_break(printer, level);
	print_string(printer->out, member->key, strlen(member->key));
	str_add(printer->out, printer->pretty ? ": " : ":");
	print_value(printer, member->value, level);
}

static void
print_object(const struct printer *printer, const json_t *object, size_t level)
{
	size_t n = json_object_size(object), i = 0;
	autofree struct member *members = mem_array(n, sizeof(*members));
	const char *key;
	json_t *value;
	json_object_foreach(json_mutable(object), key, value)
		members[i++] = (struct member){ key, value };
	if (printer->sorted)
		qsort(members, n, sizeof(*members), compare_members);
	str_add_char(printer->out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			str_add_char(printer->out, ',');
		print_member(printer, &members[i], level + 1);
	}
	if (n > 0)
		print_break(printer, level);
	str_add_char(printer->out, '}');
}

static void
print_value(const struct printer *printer, const json_t *json, size_t level)
{
	if (json_is_object(json))
		print_object(printer, json, level);
	else if (json_is_array(json))
		print_array(printer, json, level);
	else if (json_is_string(json))
		print_string(printer->out, json_string_value(json),
		    json_string_length(json));
	else if (json_is_number(json))
		print_number(printer, json);
	else if (json_is_boolean(json))
		str_add(printer->out, json_is_true(json) ? "true" : "false");
	else
		str_add(printer->out, "null");
}

void
json_compact(const json_t *json, struct str *out, bool sorted)
{
	struct printer printer = { .out = out, .sorted = sorted };
	print_value(&printer, json, 0);
}

void
json_pretty(const json_t *json, struct str *out)
{
	struct printer printer = { .out = out, .sorted = true, .pretty = true };
	print_value(&printer, json, 0);
}

void
json_key(const json_t *json, struct str *out)
{
	struct printer printer = {
		.out = out, .sorted = true, .by_value = true
	};
	print_value(&printer, json, 0);
}

static bool
is_array_of_strings(const json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)))
			return false;
	return json_is_array(value);
}

void
json_text_of(const json_t *value, struct str *out)
{
	if (json_is_string(value)) {
		str_add_n(
		    out, json_string_value(value), json_string_length(value));
	} else if (is_array_of_strings(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			if (i > 0)
				str_add(out, ", ");
			json_text_of(json_array_get(value, i), out);
		}
	} else if (value != NULL && !json_is_null(value)) {
		json_compact(value, out, true);
	}
}
