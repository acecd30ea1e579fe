/* SPDX-License-Identifier: MIT */
/* JSON on Jansson. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"

/* --- reading ---------------------------------------------------------- */

static void *
allocate(size_t size)
{
	return mem_resize(NULL, size, 1);
}

void
json_init(void)
{
	json_set_alloc_funcs(allocate, free);
}

void
json_cleanup(json_t *const *json)
{
	json_decref(*json);
}

json_t *
json_mutable(const json_t *json)
{
	union {
		const json_t *in;
		json_t *out;
	} cast = { .in = json };
	return cast.out;
}

/*
 * Whether arrays and objects lie too deep in each other, and where. What is no
 * JSON may be misread here, but not before the place where Jansson stops.
 */
static bool
is_too_deep(const char *bytes, size_t len, size_t *line, size_t *column)
{
	size_t depth = 0, start = 0;
	bool in_string = false;
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		if (in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (c == '\n') {
			++*line;
			start = i + 1;
		} else if (in_string) {
			continue;
		} else if (c == '[' || c == '{') {
			*column = i - start + 1;
			if (++depth > JSON_DEPTH_LIMIT)
				return true;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return false;
}

static json_t *
parse(const void *bytes, size_t len, const char *name, size_t line,
    struct error *err)
{
	json_error_t why;
	json_t *json = json_loadb(bytes, len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (json != NULL)
		return json;
	if (len == 0)
		error_set(
		    err, ERROR_INPUT, "%s: empty, no JSON document", name);
	else if (why.line < 1)
		error_set(err, ERROR_INPUT, "%s: %s", name, why.text);
	else
		error_set(err, ERROR_INPUT, "%s:%zu:%d: %s", name,
		    line + (size_t)why.line - 1, why.column, why.text);
	return NULL;
}

json_t *
json_load_line(const void *bytes, size_t len, const char *name, size_t line,
    struct error *err)
{
	size_t at = line, column = 0;
	if (!is_too_deep(bytes, len, &at, &column))
		return parse(bytes, len, name, line, err);
	error_set(err, ERROR_INPUT, "%s:%zu:%zu: nested deeper than %d levels",
	    name, at, column, JSON_DEPTH_LIMIT);
	return NULL;
}

json_t *
json_load_text(
    const void *bytes, size_t len, const char *name, struct error *err)
{
	return json_load_line(bytes, len, name, 1, err);
}

json_t *
json_load_record(
    const void *bytes, size_t len, const char *name, struct error *err)
{
	return parse(bytes, len, name, 1, err);
}

json_t *
json_load_path(const char *path, size_t limit, struct error *err)
{
	autostr struct str text = { 0 };
	if (!file_read(path, limit, &text, err))
		return NULL;
	return json_load_record(str_text(&text), text.len, path, err);
}

json_t *
json_string_lossy(const void *bytes, size_t len)
{
	autostr struct str text = { 0 };
	json_t *json = json_stringn(bytes, len);
	if (json != NULL)
		return json;
	text_repair(&text, bytes, len);
	return json_stringn(str_text(&text), text.len);
}

json_t *
json_text(const char *text)
{
	return text == NULL ? json_null()
			    : json_string_lossy(text, strlen(text));
}

json_t *
json_names(const struct strv *names)
{
	json_t *list = json_array();
	for (size_t i = 0; i < names->n; i++) {
		autostr struct str shown = { 0 };
		const char *name = names->items[i];
		if (!text_is_utf8(name, strlen(name))) {
			text_visible(&shown, name, strlen(name), true);
			name = str_text(&shown);
		}
		json_array_append_new(list, json_string(name));
	}
	return list;
}

const json_t *
json_get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

const char *
json_get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

json_int_t
json_get_int(const json_t *object, const char *key, json_int_t otherwise)
{
	const json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool
json_get_bool(const json_t *object, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(object, key);
	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

void
json_set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_text(text));
}

json_t *
json_duration(int64_t ms)
{
	return json_pack("{s:I, s:I}", "secs", (json_int_t)(ms / 1000), "nanos",
	    (json_int_t)(ms % 1000 * 1000000));
}

/* --- printing --------------------------------------------------------- */

struct json_printer {
	struct str *out;
	bool sorted;
	bool pretty;
	bool by_value; /* 5.0 as 5 */
};

struct json_member {
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
print_number(const struct json_printer *printer, const json_t *number)
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
print_break(const struct json_printer *printer, size_t level)
{
	if (printer->pretty)
		str_format(printer->out, "\n%*s", (int)(2 * level), "");
}

static void print_value(
    const struct json_printer *printer, const json_t *json, size_t level);

static void
print_array(
    const struct json_printer *printer, const json_t *array, size_t level)
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
	const struct json_member *x = a, *y = b;
	return strcmp(x->key, y->key);
}

static void
print_member(const struct json_printer *printer,
    const struct json_member *member, size_t level)
{
	print_break(printer, level);
	print_string(printer->out, member->key, strlen(member->key));
	str_add(printer->out, printer->pretty ? ": " : ":");
	print_value(printer, member->value, level);
}

static void
print_object(
    const struct json_printer *printer, const json_t *object, size_t level)
{
	size_t n = json_object_size(object), i = 0;
	autofree struct json_member *members = mem_array(n, sizeof(*members));
	const char *key;
	json_t *value;
	json_object_foreach(json_mutable(object), key, value)
		members[i++] = (struct json_member){ key, value };
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
print_value(
    const struct json_printer *printer, const json_t *json, size_t level)
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
	struct json_printer printer = { .out = out, .sorted = sorted };
	print_value(&printer, json, 0);
}

void
json_pretty(const json_t *json, struct str *out)
{
	struct json_printer printer = {
		.out = out, .sorted = true, .pretty = true
	};
	print_value(&printer, json, 0);
}

void
json_key(const json_t *json, struct str *out)
{
	struct json_printer printer = {
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
