/* SPDX-License-Identifier: MIT */
/* The bytes of an input as a document. */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "data/json.h"
#include "plan/input.h"

/* The first byte tells JSON lines from text: no text starts so by chance. */
static bool
looks_like_json(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '\0' || strchr(" \t\r\n", bytes[i]) == NULL)
			return bytes[i] == '{' || bytes[i] == '[';
	return false;
}

static json_t *
parse_line(const char *line, size_t len)
{
	json_t *value = json_loadb(line, len,
	    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	return value != NULL ? value : json_string_lossy(line, len);
}

static bool
is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\0' || strchr(" \t\r", line[i]) == NULL)
			return false;
	return true;
}

static json_t *
parse_lines(const char *bytes, size_t len)
{
	json_t *items = json_array();
	const char *end = bytes + len;
	while (bytes < end) {
		size_t rest = (size_t)(end - bytes);
		const char *newline = memchr(bytes, '\n', rest);
		size_t n = newline == NULL ? rest : (size_t)(newline - bytes);
		size_t kept = n > 0 && bytes[n - 1] == '\r' ? n - 1 : n;
		if (!is_blank(bytes, kept))
			json_array_append_new(items, parse_line(bytes, kept));
		bytes += n + (newline == NULL ? 0 : 1);
	}
	return items;
}

/* Whether the first line is a whole JSON value: then it is JSON lines. */
static bool
is_json_lines(const char *bytes, size_t len)
{
	const char *newline = memchr(bytes, '\n', len);
	json_t *first = newline == NULL
	    ? NULL
	    : json_loadb(bytes, (size_t)(newline - bytes),
		  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_decref(first);
	return first != NULL;
}

json_t *
input_parse(const void *bytes, size_t len, const char *name,
    struct error *err)
{
	struct error why = { 0 };
	json_t *document = json_load_text(bytes, len, name, &why);
	if (document != NULL)
		return document;
	/* Broken JSON is told as such, not taken for lines of text. */
	if (looks_like_json(bytes, len) && !is_json_lines(bytes, len)) {
		error_move(err, &why);
		return NULL;
	}
	error_release(&why);
	return parse_lines(bytes, len);
}
