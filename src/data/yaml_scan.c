/* SPDX-License-Identifier: MIT */
/* First look at the bytes of a YAML file: encoding, lines, traps of libyaml. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "data/yaml_parts.h"

struct scan {
	struct yaml_doc *doc;
	struct error *err;
	size_t at; /* offset of the current character */
	struct yaml_place place; /* of the current character */
	size_t blanks; /* in a row before it */
	unsigned directives;
};

size_t
yaml_character(const char *text, size_t len, unsigned *code)
{
	const unsigned char *c = (const unsigned char *)text;
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t size = c[0] < 0x80 ? 1
	    : (c[0] & 0xe0) == 0xc0	? 2
	    : (c[0] & 0xf0) == 0xe0	? 3
	    : (c[0] & 0xf8) == 0xf0	? 4
					: 0;
	if (size == 0 || size > len)
		return 0;
	*code = size == 1 ? c[0] : c[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (c[i] & 0x3fu);
	}
	if (*code < least[size] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return size;
}

static void
add_line(struct yaml_doc *doc, size_t offset)
{
	doc->lines = mem_grow(
	    doc->lines, &doc->cap_lines, doc->n_lines + 1, sizeof(*doc->lines));
	doc->lines[doc->n_lines++] = (uint32_t)offset;
}

static bool
refuse(const struct scan *scan, const char *what)
{
	return yaml_error(
	    scan->doc, scan->place, scan->err, ERROR_INPUT, "%s", what);
}

/* The characters that libyaml's reader lets through, byte order mark apart. */
static bool
is_printable(unsigned code)
{
	return code == '\t' || code == '\n' || code == '\r' || code == 0x85 ||
	    (code >= 0x20 && code <= 0x7e) ||
	    (code >= 0xa0 && code != 0xfeff && code != 0xfffe &&
		code != 0xffff);
}

static bool
is_break(unsigned code)
{
	return code == '\n' || code == '\r' || code == 0x85 || code == 0x2028 ||
	    code == 0x2029;
}

static bool
check_character(const struct scan *scan, unsigned code)
{
	if (code == 0)
		return refuse(scan,
		    scan->at < 4 ? "a NUL byte: the file is not UTF-8 text"
				 : "a NUL byte");
	if (!is_printable(code))
		return yaml_error(scan->doc, scan->place, scan->err,
		    ERROR_INPUT, "the character U+%04X is not allowed", code);
	return true;
}

/*
 * Runs of blanks make libyaml clear a buffer of their size for every blank
 * that follows; directives are compared with each other, and a tag prefix is
 * copied into every tag.
 */
static bool
check_cost(struct scan *scan, unsigned code)
{
	if (code == ' ' || code == '\t' || is_break(code)) {
		if (++scan->blanks > YAML_BLANKS_LIMIT)
			return yaml_error(scan->doc, scan->place, scan->err,
			    ERROR_INPUT,
			    "more than %d blanks and line breaks in a row",
			    YAML_BLANKS_LIMIT);
	} else
		scan->blanks = 0;
	if (code != '%' || scan->place.column != 1)
		return true;
	const char *start = scan->doc->bytes + scan->at;
	const size_t left = scan->doc->len - scan->at;
	if (++scan->directives > YAML_DIRECTIVES_LIMIT)
		return refuse(scan, "too many directives");
	if (left > YAML_DIRECTIVE_BYTES &&
	    memchr(start, '\n', YAML_DIRECTIVE_BYTES) == NULL &&
	    memchr(start, '\r', YAML_DIRECTIVE_BYTES) == NULL)
		return refuse(scan, "a directive is too long");
	return true;
}

static bool
scan_character(struct scan *scan)
{
	const struct yaml_doc *doc = scan->doc;
	unsigned code = 0;
	const size_t size =
	    yaml_character(doc->bytes + scan->at, doc->len - scan->at, &code);
	if (size == 0)
		return refuse(scan, "these bytes are not UTF-8");
	if (!check_character(scan, code) || !check_cost(scan, code))
		return false;
	scan->at += size;
	scan->place.column++;
	if (is_break(code) &&
	    !(code == '\r' && scan->at < doc->len &&
		doc->bytes[scan->at] == '\n')) {
		add_line(scan->doc, scan->at);
		scan->place.line++;
		scan->place.column = 1;
	}
	return true;
}

bool
yaml_scan(
    struct yaml_doc *doc, const void *bytes, size_t len, struct error *err)
{
	struct scan scan = { doc, err, 0, { 1, 1 }, 0, 0 };
	const char *start = bytes;
	if (len > YAML_BYTES_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "%s: %zu bytes are more than the limit of %u", doc->name,
		    len, YAML_BYTES_LIMIT);
	if (len >= 2 &&
	    (memcmp(start, "\xff\xfe", 2) == 0 ||
		memcmp(start, "\xfe\xff", 2) == 0))
		return error_set(err, ERROR_INPUT,
		    "%s:1:1: the file is UTF-16; save it as UTF-8", doc->name);
	if (len >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
		start += 3;
		len -= 3;
	}
	doc->bytes = mem_zalloc(len + 1);
	doc->len = len;
	memcpy(doc->bytes, start, len);
	add_line(doc, 0);
	while (scan.at < doc->len) {
		if (!scan_character(&scan))
			return false;
	}
	return true;
}
