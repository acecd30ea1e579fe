/* SPDX-License-Identifier: MIT */
/* JSON on Jansson: loading, building and reading values. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

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

double
json_get_number(const json_t *object, const char *key, double otherwise)
{
	const json_t *value = json_object_get(object, key);
	return json_is_number(value) ? json_number_value(value) : otherwise;
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
