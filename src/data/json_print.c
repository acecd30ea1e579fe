/* SPDX-License-Identifier: MIT */
/* Printing of JSON with sorted members and shortest numbers. */
#include "config.h"

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
};

void
json_number_text(const json_t *number, struct str *out)
{
	char text[40];
	if (json_is_integer(number)) {
		str_format(out, "%lld",
		    (long long)json_integer_value(number));
		return;
	}
	double value = json_real_value(number);
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	str_add(out, text);
	/* It must stay a real when it is read again. */
	if (isfinite(value) && strpbrk(text, ".e") == NULL)
		str_add(out, ".0");
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

static void print_value(const struct printer *printer, const json_t *json,
    size_t level);

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
compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
print_member(const struct printer *printer, const char *key,
    const json_t *value, bool first, size_t level)
{
	if (!first)
		str_add_char(printer->out, ',');
	print_break(printer, level + 1);
	print_string(printer->out, key, strlen(key));
	str_add(printer->out, printer->pretty ? ": " : ":");
	print_value(printer, value, level + 1);
}

static void
print_object(const struct printer *printer, const json_t *object,
    size_t level)
{
	size_t n = json_object_size(object), i = 0;
	autofree const char **keys = mem_array(n, sizeof(*keys));
	const char *key;
	json_t *value;
	json_object_foreach(json_mutable(object), key, value)
		keys[i++] = key;
	if (printer->sorted)
		qsort(keys, n, sizeof(*keys), compare_keys);
	str_add_char(printer->out, '{');
	for (i = 0; i < n; i++)
		print_member(printer, keys[i],
		    json_object_get(object, keys[i]), i == 0, level);
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
		json_number_text(json, printer->out);
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
		str_add_n(out, json_string_value(value),
		    json_string_length(value));
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
