/* SPDX-License-Identifier: MIT */
/* A place in a YAML file shown to its author: message, line and caret. */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "data/yaml.h"
#include "data/yaml_parts.h"

#define EXCERPT_INDENT 4
#define EXCERPT_BEFORE 60 /* characters shown left of the place */
#define EXCERPT_TOTAL 120
#define MESSAGE_LIMIT 1000 /* bytes: it may quote what it is about */

/* Offset of the character `count` further on, at most end. */
static size_t
skip_characters(const struct yaml_doc *doc, size_t at, size_t end, size_t count)
{
	while (count-- > 0 && at < end) {
		unsigned code = 0;
		const size_t size =
		    yaml_character(doc->bytes + at, end - at, &code);
		at += size == 0 ? 1 : size;
	}
	return at;
}

static size_t
line_end(const struct yaml_doc *doc, unsigned line)
{
	const size_t start = doc->lines[line - 1];
	if (line < doc->n_lines) {
		size_t end = doc->lines[line];
		while (end > start &&
		    (doc->bytes[end - 1] == '\n' ||
			doc->bytes[end - 1] == '\r'))
			end--;
		return end;
	}
	const size_t left = doc->len - start;
	const char *stop = memchr(doc->bytes + start, '\n', left);
	return stop != NULL ? (size_t)(stop - doc->bytes) : doc->len;
}

static bool
is_blank(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != ' ')
			return false;
	}
	return true;
}

static void
add_excerpt(
    const struct yaml_doc *doc, struct yaml_place place, struct str *out)
{
	if (place.line == 0 || place.line > doc->n_lines)
		return;
	const size_t left = place.column > 0 ? place.column - 1 : 0;
	const size_t hidden = left > EXCERPT_BEFORE ? left - EXCERPT_BEFORE : 0;
	const size_t end = line_end(doc, place.line);
	const size_t from =
	    skip_characters(doc, doc->lines[place.line - 1], end, hidden);
	const size_t to = skip_characters(doc, from, end, EXCERPT_TOTAL);
	const size_t mark = skip_characters(doc, from, end, left - hidden);
	autostr struct str before = { 0 };
	if (is_blank(doc->bytes + from, to - from))
		return;
	str_add(&before, hidden > 0 ? "... " : "");
	text_visible(&before, doc->bytes + from, mark - from, true);
	str_format(out, "\n%*s%s", EXCERPT_INDENT, "", str_text(&before));
	text_visible(out, doc->bytes + mark, to - mark, true);
	if (to < end)
		str_add(out, " ...");
	str_format(out, "\n%*s^",
	    EXCERPT_INDENT + (int)text_width(str_text(&before)), "");
}

bool
yaml_place_within(const struct yaml_doc *doc, const struct yaml_node *scalar,
    unsigned character, struct yaml_place *place)
{
	const struct yaml_place start = scalar->place;
	if (start.line == 0 || start.line > doc->n_lines || character == 0 ||
	    character > scalar->len + 1)
		return false;
	const size_t end = line_end(doc, start.line);
	size_t at = skip_characters(
	    doc, doc->lines[start.line - 1], end, start.column - 1);
	const bool quoted =
	    at < end && (doc->bytes[at] == '"' || doc->bytes[at] == '\'');
	at += quoted;
	if (end - at < scalar->len ||
	    memcmp(doc->bytes + at, scalar->text, scalar->len) != 0)
		return false;
	place->line = start.line;
	place->column = start.column + quoted + character - 1;
	return true;
}

void
yaml_render(const struct yaml_doc *doc, struct yaml_place place,
    const char *message, struct str *out)
{
	text_visible(out, doc->name, strlen(doc->name), true);
	str_format(out, ":%u:%u: ", place.line, place.column);
	text_visible(out, message, strlen(message), true);
	add_excerpt(doc, place, out);
}

bool
yaml_error(const struct yaml_doc *doc, struct yaml_place place,
    struct error *err, enum error_kind kind, const char *fmt, ...)
{
	autostr struct str message = { 0 };
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&message, fmt, args);
	va_end(args);
	if (message.len > MESSAGE_LIMIT) {
		str_cut(&message, MESSAGE_LIMIT);
		str_add(&message, "...");
	}
	yaml_render(doc, place, str_text(&message), &text);
	return error_set(err, kind, "%s", str_text(&text));
}
