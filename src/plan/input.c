/* SPDX-License-Identifier: MIT */
/* The bytes of an input as a document. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/input.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors write it */

struct input_lines {
	const char *name;
	size_t number; /* of the current line, from 1 */
	json_t *items;
	bool json_only; /* what begins like JSON must be JSON */
};

static size_t
skip_blanks(const char *bytes, size_t len, size_t at)
{
	while (at < len && text_is_blank(bytes[at]))
		at++;
	return at;
}

static bool
begins_with_word(const char *bytes, size_t len, size_t at)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i]);
		if (len - at >= n && memcmp(bytes + at, words[i], n) == 0)
			return true;
	}
	return false;
}

/*
 * Whether the text begins as only JSON does: a brace or bracket and what may
 * follow it. "[INFO] done", "[x] task" and "{name}" are words of people.
 */
static bool
begins_like_json(const char *bytes, size_t len)
{
	size_t at = skip_blanks(bytes, len, 0);
	if (at == len || (bytes[at] != '{' && bytes[at] != '['))
		return false;
	size_t next = skip_blanks(bytes, len, at + 1);
	if (next == len)
		return true;
	char c = bytes[next];
	if (bytes[at] == '{')
		return c == '"';
	return c == '{' || c == '[' || c == '"' || c == '-' ||
	    (c >= '0' && c <= '9') || begins_with_word(bytes, len, next);
}

/*
 * Whether JSON of any kind may begin with c, so that not every line of text
 * has to be tried as JSON.
 */
static bool
may_be_json(char c)
{
	return c != '\0' && strchr("{[\"-0123456789tfn", c) != NULL;
}

/*
 * Whether a number prints as it was written. If not, the line is text: 1.10 may
 * be a version, 12e34 a hash, and both would come out as other numbers.
 */
static bool
keeps_its_text(const json_t *value, const char *line, size_t len)
{
	autostr struct str text = { 0 };
	if (!json_is_real(value))
		return true;
	json_number_text(value, &text);
	return text.len == len && memcmp(text.data, line, len) == 0;
}

/* False when the line must be JSON and is not. */
static bool
add_line(
    struct input_lines *lines, const char *line, size_t len, struct error *err)
{
	autoerror struct error why = { 0 };
	json_t *value = NULL;
	size_t first = skip_blanks(line, len, 0);
	if (first == len)
		return true;
	if (len > INPUT_LINE_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "%s:%zu: a line of %zu bytes is over the limit of %zu",
		    lines->name, lines->number, len, INPUT_LINE_LIMIT);
	if (may_be_json(line[first]))
		value =
		    json_load_line(line, len, lines->name, lines->number, &why);
	if (value == NULL && lines->json_only && begins_like_json(line, len)) {
		error_move(err, &why);
		return false;
	}
	if (value != NULL && !keeps_its_text(value, line, len)) {
		json_decref(value);
		value = NULL;
	}
	json_array_append_new(
	    lines->items, value != NULL ? value : json_string_lossy(line, len));
	return true;
}

static bool
add_lines(
    struct input_lines *lines, const char *bytes, size_t len, struct error *err)
{
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(bytes + at, '\n', len - at);
		size_t end = newline == NULL ? len : (size_t)(newline - bytes);
		size_t n = end - at;
		lines->number++;
		if (n > 0 && bytes[end - 1] == '\r')
			n--;
		if (!add_line(lines, bytes + at, n, err))
			return false;
		at = end + 1;
	}
	return true;
}

/* Whether the first line that is not blank is a whole object or array. */
static bool
is_json_lines(const char *bytes, size_t len)
{
	autoerror struct error why = { 0 };
	size_t at = skip_blanks(bytes, len, 0);
	const char *newline =
	    at == len ? NULL : memchr(bytes + at, '\n', len - at);
	if (newline == NULL || (bytes[at] != '{' && bytes[at] != '['))
		return false;
	autojson json_t *first = json_load_text(
	    bytes + at, (size_t)(newline - bytes) - at, "", &why);
	return first != NULL;
}

json_t *
input_parse(const void *text, size_t len, const char *name, struct error *err)
{
	autoerror struct error why = { 0 };
	const char *bytes = text;
	size_t mark = strlen(BYTE_ORDER_MARK);
	if (len >= mark && memcmp(bytes, BYTE_ORDER_MARK, mark) == 0) {
		bytes += mark;
		len -= mark;
	}
	json_t *document = json_load_text(bytes, len, name, &why);
	if (document != NULL)
		return document;
	struct input_lines lines = { .name = name, .items = json_array() };
	lines.json_only = is_json_lines(bytes, len);
	bool broken = text_ends_with(name, ".json") ||
	    (begins_like_json(bytes, len) && !lines.json_only);
	if (broken)
		error_move(err, &why);
	if (!broken && add_lines(&lines, bytes, len, err))
		return lines.items;
	json_decref(lines.items);
	return NULL;
}
