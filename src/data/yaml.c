/* SPDX-License-Identifier: MIT */
/* YAML files as trees of nodes that know their place, on libyaml. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"

static size_t yaml_character(const char *text, size_t len, unsigned *code);

/* --- places ----------------------------------------------------------- */

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

/* --- the bytes -------------------------------------------------------- */

struct yaml_scan {
	struct yaml_doc *doc;
	struct error *err;
	size_t at; /* offset of the current character */
	struct yaml_place place; /* of the current character */
	size_t blanks; /* in a row before it */
	unsigned directives;
};

/*
 * Bytes of the character at text (of len > 0 bytes), its code point in *code;
 * 0 when the bytes are no UTF-8.
 */
static size_t
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
refuse(const struct yaml_scan *scan, const char *what)
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
check_character(const struct yaml_scan *scan, unsigned code)
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
check_cost(struct yaml_scan *scan, unsigned code)
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
scan_character(struct yaml_scan *scan)
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

/*
 * Takes the source into doc, fills in the table of lines and refuses what the
 * parser should not see: other encodings, control characters, and the few
 * inputs on which libyaml takes quadratic time.
 */
static bool
yaml_scan(
    struct yaml_doc *doc, const void *bytes, size_t len, struct error *err)
{
	struct yaml_scan scan = { doc, err, 0, { 1, 1 }, 0, 0 };
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

/* --- what libyaml found wrong ----------------------------------------- */

#define END_OF_STREAM "found unexpected end of stream"

/* libyaml's words for what goes wrong most often, in ours. */
static const struct {
	const char *problem;
	const char *text;
} problems[] = {
	{ "mapping values are not allowed in this context",
	    "a ':' where no key can stand (a text that contains \": \" needs "
	    "quotes)" },
	{ "could not find expected ':'",
	    "a key without ':', or a text that is not indented enough" },
	{ "did not find expected key",
	    "a key was expected here: indentation or quoting is wrong" },
	{ "did not find expected '-' indicator",
	    "a list item ('- ...') was expected here" },
	{ "did not find expected ',' or ']'", "',' or ']' was expected here" },
	{ "did not find expected ',' or '}'", "',' or '}' was expected here" },
	{ END_OF_STREAM, "a quoted text does not end" },
	{ "found a tab character where an indentation space is expected",
	    "a tab cannot indent: use spaces" },
	{ "found a tab character that violates indentation",
	    "a tab cannot indent: use spaces" },
	{ "found undefined tag handle", "an unknown tag" },
	{ "block sequence entries are not allowed in this context",
	    "a list item ('- ...') cannot stand here" },
};

static struct yaml_place
place_of(yaml_mark_t mark)
{
	const struct yaml_place place = { (unsigned)mark.line + 1,
		(unsigned)mark.column + 1 };
	return place;
}

static bool
is_tab_at(const struct yaml_doc *doc, struct yaml_place place)
{
	if (place.line > doc->n_lines)
		return false;
	const size_t at = doc->lines[place.line - 1] + place.column - 1;
	return at < doc->len && doc->bytes[at] == '\t';
}

static const char *
problem_text(const struct yaml_doc *doc, const yaml_parser_t *parser,
    struct yaml_place place)
{
	const char *problem = parser->problem;
	if (problem == NULL)
		return "not valid YAML";
	for (size_t i = 0; i < COUNT_OF(problems); i++) {
		if (strcmp(problem, problems[i].problem) == 0)
			return problems[i].text;
	}
	if (strcmp(problem, "found character that cannot start any token") == 0)
		return is_tab_at(doc, place)
		    ? "a tab cannot indent: use spaces"
		    : "a text that begins with this character needs quotes";
	return problem;
}

/* Of a text that does not end, where it begins is what counts. */
static bool
is_open_text(const char *problem)
{
	return problem != NULL && strcmp(problem, END_OF_STREAM) == 0;
}

/* Sets err to what stopped the parser. Returns false. */
static bool
yaml_problem(
    const struct yaml_doc *doc, const yaml_parser_t *parser, struct error *err)
{
	const struct yaml_place context = place_of(parser->context_mark);
	const struct yaml_place place = is_open_text(parser->problem)
	    ? context
	    : place_of(parser->problem_mark);
	const char *text = problem_text(doc, parser, place);
	if (parser->error == YAML_MEMORY_ERROR)
		BUG("libyaml is out of memory");
	if (parser->context != NULL && context.line != place.line)
		return yaml_error(doc, place, err, ERROR_INPUT,
		    "%s, %s that begins at line %u", text, parser->context,
		    context.line);
	return yaml_error(doc, place, err, ERROR_INPUT, "%s", text);
}

/* --- scalars ---------------------------------------------------------- */

#define DIGITS "0123456789"

static bool
is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static const char *
skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* The base that the text after the sign announces, 0 when it is no integer. */
static int
integer_base(const char *digits)
{
	static const struct {
		const char *prefix;
		const char *digits;
		int base;
	} forms[] = {
		{ "0x", DIGITS "abcdefABCDEF", 16 },
		{ "0o", "01234567", 8 },
		{ "0b", "01", 2 },
	};
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		const char *rest = digits + 2;
		if (strncmp(digits, forms[i].prefix, 2) == 0)
			return *rest && rest[strspn(rest, forms[i].digits)] == 0
			    ? forms[i].base
			    : 0;
	}
	if (!*digits || digits[strspn(digits, DIGITS)] != '\0' ||
	    (digits[0] == '0' && digits[1] != '\0'))
		return 0;
	return 10;
}

static bool
is_real(const char *text)
{
	static const char *const special[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const no_number[] = { ".nan", ".NaN", ".NAN", NULL };
	const char *at = skip_sign(text);
	const size_t whole = strspn(at, DIGITS);
	if (is_one_of(at, special) || is_one_of(text, no_number))
		return true;
	if (whole > 1 && at[0] == '0')
		return false;
	at += whole;
	const bool point = *at == '.';
	const size_t fraction = point ? strspn(at + 1, DIGITS) : 0;
	if (whole + fraction == 0)
		return false;
	at += point ? fraction + 1 : 0;
	if (*at == '\0')
		return point;
	if (*at != 'e' && *at != 'E')
		return false;
	at = skip_sign(at + 1);
	return *at && at[strspn(at, DIGITS)] == '\0';
}

enum yaml_type
yaml_type_of(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const bools[] = { "true", "True", "TRUE", "false",
		"False", "FALSE", NULL };
	if (is_one_of(text, nulls))
		return YAML_TYPE_NULL;
	if (is_one_of(text, bools))
		return YAML_TYPE_BOOL;
	if (integer_base(skip_sign(text)) != 0)
		return YAML_TYPE_INT;
	return is_real(text) ? YAML_TYPE_REAL : YAML_TYPE_TEXT;
}

enum yaml_type
yaml_type(const struct yaml_node *scalar)
{
	return scalar->plain ? yaml_type_of(scalar->text) : YAML_TYPE_TEXT;
}

bool
yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_SCALAR &&
	    yaml_type(node) == YAML_TYPE_NULL;
}

bool
yaml_int(const char *text, int64_t *value)
{
	const bool negative = *text == '-';
	const char *digits = skip_sign(text);
	const int base = integer_base(digits);
	const uint64_t limit = (uint64_t)INT64_MAX + negative;
	if (base == 0)
		return false;
	errno = 0;
	const unsigned long long size =
	    strtoull(base == 10 ? digits : digits + 2, NULL, base);
	if (errno != 0 || size > limit)
		return false;
	*value = !negative     ? (int64_t)size
	    : size > INT64_MAX ? INT64_MIN
			       : -(int64_t)size;
	return true;
}

static const char *
describe_scalar(const struct yaml_node *node)
{
	switch (yaml_type(node)) {
	case YAML_TYPE_NULL:
		return "nothing";
	case YAML_TYPE_BOOL:
		return "true or false";
	case YAML_TYPE_INT:
	case YAML_TYPE_REAL:
		return "a number";
	case YAML_TYPE_TEXT:
		break;
	}
	return "text";
}

const char *
yaml_describe(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_KIND_LIST:
		return "a list";
	case YAML_KIND_MAP:
		return "a map";
	case YAML_KIND_SCALAR:
		break;
	}
	return describe_scalar(node);
}

static json_t *
number_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	int64_t whole = 0;
	if (yaml_type(node) == YAML_TYPE_INT) {
		if (yaml_int(node->text, &whole))
			return json_integer(whole);
		yaml_error(doc, node->place, err, ERROR_INPUT,
		    "the number %s is beyond 64 bits", node->text);
		return NULL;
	}
	const char *digits = skip_sign(node->text);
	const double value =
	    digits[strcspn(digits, "nN")] ? NAN : strtod(node->text, NULL);
	if (isfinite(value))
		return json_real(value);
	yaml_error(doc, node->place, err, ERROR_INPUT,
	    "the number %s has no JSON form", node->text);
	return NULL;
}

static json_t *
scalar_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	switch (yaml_type(node)) {
	case YAML_TYPE_NULL:
		return json_null();
	case YAML_TYPE_BOOL:
		return json_boolean(
		    node->text[0] == 't' || node->text[0] == 'T');
	case YAML_TYPE_INT:
	case YAML_TYPE_REAL:
		return number_to_json(doc, node, err);
	case YAML_TYPE_TEXT:
		break;
	}
	return json_stringn(node->text, node->len);
}

static json_t *
list_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	json_t *array = json_array();
	for (size_t i = 0; i < node->n; i++) {
		json_t *item = yaml_to_json(doc, node->items[i], err);
		if (item == NULL) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, item);
	}
	return array;
}

static json_t *
map_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	json_t *object = json_object();
	for (size_t i = 0; i < node->n; i++) {
		json_t *value = yaml_to_json(doc, node->entries[i].value, err);
		if (value == NULL) {
			json_decref(object);
			return NULL;
		}
		json_object_set_new(object, node->entries[i].key->text, value);
	}
	return object;
}

json_t *
yaml_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	switch (node->kind) {
	case YAML_KIND_LIST:
		return list_to_json(doc, node, err);
	case YAML_KIND_MAP:
		return map_to_json(doc, node, err);
	case YAML_KIND_SCALAR:
		break;
	}
	return scalar_to_json(doc, node, err);
}

/* --- maps ------------------------------------------------------------- */

#define MERGE_KEY "<<"

/* An entry with its rank: lower wins among equal keys. */
struct ranked {
	struct yaml_entry entry;
	size_t rank;
};

struct ranking {
	struct ranked *items; /* owned */
	size_t n;
	size_t cap;
};

static bool
is_merge(const struct yaml_entry *entry)
{
	return entry->key->plain && strcmp(entry->key->text, MERGE_KEY) == 0;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	const int order = strcmp(a->entry.key->text, b->entry.key->text);
	return order != 0 ? order : a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int
compare_ranks(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void
rank_entry(struct ranking *ranking, const struct yaml_entry *entry)
{
	ranking->items = mem_grow(ranking->items, &ranking->cap, ranking->n + 1,
	    sizeof(*ranking->items));
	ranking->items[ranking->n].entry = *entry;
	ranking->items[ranking->n].rank = ranking->n;
	ranking->n++;
}

/* Looks for equal keys among the map's own; the earliest repetition counts. */
static bool
check_duplicates(
    const struct yaml_doc *doc, struct ranking *own, struct error *err)
{
	const struct ranked *first = NULL;
	const struct ranked *again = NULL;
	if (own->n > 0)
		qsort(own->items, own->n, sizeof(*own->items), compare_keys);
	for (size_t i = 1; i < own->n; i++) {
		const struct ranked *a = &own->items[i - 1];
		const struct ranked *b = &own->items[i];
		if (strcmp(a->entry.key->text, b->entry.key->text) == 0 &&
		    (again == NULL || b->rank < again->rank)) {
			first = a;
			again = b;
		}
	}
	if (again == NULL)
		return true;
	return yaml_error(doc, again->entry.key->place, err, ERROR_INPUT,
	    "the key '%s' is given twice, first at line %u",
	    again->entry.key->text, first->entry.key->place.line);
}

/* key is the "<<" that asks for value. */
static bool
rank_merged(const struct yaml_doc *doc, const struct yaml_node *key,
    const struct yaml_node *value, struct ranking *ranking, struct error *err)
{
	if (value->kind == YAML_KIND_SCALAR)
		return yaml_error(doc, key->place, err, ERROR_INPUT,
		    "'<<' takes a map or a list of maps, not %s",
		    yaml_describe(value));
	for (size_t i = 0; value->kind == YAML_KIND_LIST && i < value->n; i++) {
		if (value->items[i]->kind != YAML_KIND_MAP)
			return yaml_error(doc, key->place, err, ERROR_INPUT,
			    "'<<' takes a map or a list of maps, not %s in a "
			    "list",
			    yaml_describe(value->items[i]));
		if (!rank_merged(doc, key, value->items[i], ranking, err))
			return false;
	}
	for (size_t i = 0; value->kind == YAML_KIND_MAP && i < value->n; i++)
		rank_entry(ranking, &value->entries[i]);
	return true;
}

/* Takes the first entry of each key back into the map, in order of rank. */
static void
take_unique(struct yaml_node *map, struct ranking *ranking)
{
	size_t n = 0;
	if (ranking->n == 0) {
		map->n = 0;
		return;
	}
	qsort(
	    ranking->items, ranking->n, sizeof(*ranking->items), compare_keys);
	for (size_t i = 0; i < ranking->n; i++) {
		if (n > 0 &&
		    strcmp(ranking->items[n - 1].entry.key->text,
			ranking->items[i].entry.key->text) == 0)
			continue;
		ranking->items[n++] = ranking->items[i];
	}
	qsort(ranking->items, n, sizeof(*ranking->items), compare_ranks);
	map->entries = mem_resize(map->entries, n, sizeof(*map->entries));
	map->n = map->cap = n;
	for (size_t i = 0; i < n; i++)
		map->entries[i] = ranking->items[i].entry;
}

static bool
merge(const struct yaml_doc *doc, struct yaml_node *map, struct error *err)
{
	struct ranking ranking = { 0 };
	bool ok = true;
	for (size_t i = 0; i < map->n; i++) {
		if (!is_merge(&map->entries[i]))
			rank_entry(&ranking, &map->entries[i]);
	}
	for (size_t i = 0; ok && i < map->n; i++) {
		if (is_merge(&map->entries[i]))
			ok = rank_merged(doc, map->entries[i].key,
			    map->entries[i].value, &ranking, err);
	}
	if (ok)
		take_unique(map, &ranking);
	free(ranking.items);
	return ok;
}

/*
 * Ends a map: duplicate keys are refused, merge keys replaced by what they
 * bring in. New nodes are not made; entries are rearranged.
 */
static bool
yaml_finish_map(
    const struct yaml_doc *doc, struct yaml_node *map, struct error *err)
{
	struct ranking own = { 0 };
	bool merges = false;
	for (size_t i = 0; i < map->n; i++) {
		rank_entry(&own, &map->entries[i]);
		merges = merges || is_merge(&map->entries[i]);
	}
	const bool unique = check_duplicates(doc, &own, err);
	free(own.items);
	return unique && (!merges || merge(doc, map, err));
}

const struct yaml_node *
yaml_find(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_KIND_MAP && i < map->n; i++) {
		if (strcmp(map->entries[i].key->text, key) == 0)
			return map->entries[i].value;
	}
	return NULL;
}

/* --- documents -------------------------------------------------------- */

#define CORE_TAG "tag:yaml.org,2002:"

struct yaml_anchor {
	char *name;
	struct yaml_node *node; /* owned by the document */
};

struct yaml_composer {
	yaml_parser_t parser;
	struct yaml_doc *doc;
	struct yaml_anchor *anchors;
	size_t n_anchors;
	size_t cap_anchors;
	unsigned n_aliases;
	struct error *err;
};

static struct yaml_node *compose(
    struct yaml_composer *c, const yaml_event_t *event, unsigned depth);

static bool
next_event(struct yaml_composer *c, yaml_event_t *event)
{
	return yaml_parser_parse(&c->parser, event) == 1 ||
	    yaml_problem(c->doc, &c->parser, c->err);
}

static bool
fail_at(
    const struct yaml_composer *c, struct yaml_place place, const char *what)
{
	return yaml_error(c->doc, place, c->err, ERROR_INPUT, "%s", what);
}

static struct yaml_node *
new_node(struct yaml_composer *c, enum yaml_kind kind, struct yaml_place place)
{
	struct yaml_doc *doc = c->doc;
	if (doc->n_nodes >= YAML_NODES_LIMIT) {
		yaml_error(doc, place, c->err, ERROR_INPUT,
		    "more than %d values in one file", YAML_NODES_LIMIT);
		return NULL;
	}
	struct yaml_node *node = mem_zalloc(sizeof(*node));
	node->kind = kind;
	node->place = place;
	node->visits = 1;
	node->height = kind == YAML_KIND_SCALAR ? 0 : 1;
	doc->nodes = mem_grow(doc->nodes, &doc->cap_nodes, doc->n_nodes + 1,
	    sizeof(struct yaml_node *));
	doc->nodes[doc->n_nodes++] = node;
	return node;
}

/* Counts a child in, as if every alias were written out. */
static bool
account(struct yaml_composer *c, struct yaml_node *parent,
    const struct yaml_node *child, struct yaml_place place)
{
	parent->visits += child->visits;
	if (parent->visits > YAML_VISITS_LIMIT)
		return yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "more than %d values once aliases are expanded",
		    YAML_VISITS_LIMIT);
	if (parent->height < child->height + 1)
		parent->height = child->height + 1;
	return true;
}

static bool
add_anchor(
    struct yaml_composer *c, const yaml_char_t *name, struct yaml_node *node)
{
	if (name == NULL)
		return true;
	if (c->n_anchors >= YAML_ANCHORS_LIMIT)
		return yaml_error(c->doc, node->place, c->err, ERROR_INPUT,
		    "more than %d anchors", YAML_ANCHORS_LIMIT);
	c->anchors = mem_grow(
	    c->anchors, &c->cap_anchors, c->n_anchors + 1, sizeof(*c->anchors));
	c->anchors[c->n_anchors].name = mem_text((const char *)name);
	c->anchors[c->n_anchors++].node = node;
	return true;
}

static struct yaml_node *
resolve_alias(
    struct yaml_composer *c, const yaml_event_t *event, unsigned depth)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct yaml_place place = place_of(event->start_mark);
	struct yaml_node *node = NULL;
	if (++c->n_aliases > YAML_ALIASES_LIMIT) {
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "more than %d aliases", YAML_ALIASES_LIMIT);
		return NULL;
	}
	for (size_t i = c->n_anchors; i > 0 && node == NULL; i--) {
		if (strcmp(c->anchors[i - 1].name, name) == 0)
			node = c->anchors[i - 1].node;
	}
	if (node == NULL)
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "there is no anchor '%s' before this alias", name);
	else if (node->open)
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "the alias '%s' stands inside of what it refers to", name);
	else if (depth + node->height > YAML_DEPTH_LIMIT)
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "nested more than %d levels deep with aliases expanded",
		    YAML_DEPTH_LIMIT);
	else
		return node;
	return NULL;
}

/* Reads the next node, or gives NULL with *ended at the collection's end. */
static struct yaml_node *
compose_next(struct yaml_composer *c, unsigned depth, bool *ended)
{
	yaml_event_t event;
	struct yaml_node *node = NULL;
	*ended = false;
	if (!next_event(c, &event))
		return NULL;
	if (event.type == YAML_SEQUENCE_END_EVENT ||
	    event.type == YAML_MAPPING_END_EVENT)
		*ended = true;
	else if (event.type == YAML_ALIAS_EVENT)
		node = resolve_alias(c, &event, depth);
	else
		node = compose(c, &event, depth);
	yaml_event_delete(&event);
	return node;
}

static bool
read_list(struct yaml_composer *c, struct yaml_node *list, unsigned depth)
{
	for (;;) {
		bool ended = false;
		struct yaml_node *item = compose_next(c, depth, &ended);
		if (ended)
			return true;
		if (item == NULL || !account(c, list, item, item->place))
			return false;
		list->items = mem_grow(list->items, &list->cap, list->n + 1,
		    sizeof(struct yaml_node *));
		list->items[list->n++] = item;
	}
}

static bool
check_key(const struct yaml_composer *c, const struct yaml_node *key)
{
	if (key->kind != YAML_KIND_SCALAR)
		return yaml_error(c->doc, key->place, c->err, ERROR_INPUT,
		    "a key must be text, not %s", yaml_describe(key));
	if (key->len == 0 && key->plain)
		return fail_at(c, key->place, "a key is missing before ':'");
	return true;
}

static bool
read_map(struct yaml_composer *c, struct yaml_node *map, unsigned depth)
{
	for (;;) {
		bool ended = false;
		struct yaml_node *key = compose_next(c, depth, &ended);
		if (ended)
			return yaml_finish_map(c->doc, map, c->err);
		if (key == NULL || !check_key(c, key))
			return false;
		struct yaml_node *value = compose_next(c, depth, &ended);
		if (value == NULL || !account(c, map, key, key->place) ||
		    !account(c, map, value, key->place))
			return false;
		map->entries = mem_grow(
		    map->entries, &map->cap, map->n + 1, sizeof(*map->entries));
		map->entries[map->n].key = key;
		map->entries[map->n++].value = value;
	}
}

static const char *
event_tag(const yaml_event_t *event)
{
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.tag;
	default:
		return (const char *)event->data.mapping_start.tag;
	}
}

static const yaml_char_t *
event_anchor(const yaml_event_t *event)
{
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	default:
		return event->data.mapping_start.anchor;
	}
}

static struct yaml_node *
node_of_event(struct yaml_composer *c, const yaml_event_t *event)
{
	const struct yaml_place place = place_of(event->start_mark);
	const bool scalar = event->type == YAML_SCALAR_EVENT;
	struct yaml_node *node = new_node(c,
	    scalar					   ? YAML_KIND_SCALAR
		: event->type == YAML_SEQUENCE_START_EVENT ? YAML_KIND_LIST
							   : YAML_KIND_MAP,
	    place);
	if (node == NULL || !scalar)
		return node;
	const char *value = (const char *)event->data.scalar.value;
	node->len = event->data.scalar.length;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (strlen(value) != node->len) {
		fail_at(c, place, "a text contains a NUL character");
		return NULL;
	}
	node->text = mem_text(value);
	return node;
}

/*
 * Makes an explicit tag of the core schema count. A local tag gives the name
 * of the wrapping map in *wrapper.
 */
static bool
apply_tag(const struct yaml_composer *c, const char *tag,
    struct yaml_node *node, const char **wrapper)
{
	static const char *const scalar_tags[] = { "int", "float", "bool",
		"null" };
	const size_t core = strlen(CORE_TAG);
	if (tag == NULL)
		return true;
	if (tag[0] == '!' && tag[1] != '\0') {
		*wrapper = tag + 1;
		return true;
	}
	const char *name = strncmp(tag, CORE_TAG, core) == 0 ? tag + core : "";
	if (strcmp(tag, "!") == 0 ||
	    (strcmp(name, "str") == 0 && node->kind == YAML_KIND_SCALAR)) {
		node->plain = false;
		return true;
	}
	if ((strcmp(name, "seq") == 0 && node->kind == YAML_KIND_LIST) ||
	    (strcmp(name, "map") == 0 && node->kind == YAML_KIND_MAP))
		return true;
	for (size_t i = 0; i < COUNT_OF(scalar_tags); i++) {
		if (strcmp(name, scalar_tags[i]) == 0 &&
		    node->kind == YAML_KIND_SCALAR) {
			node->plain = true;
			return true;
		}
	}
	return yaml_error(c->doc, node->place, c->err, ERROR_INPUT,
	    "the tag '%s%s' cannot be given to %s", *name ? "!!" : "",
	    *name ? name : tag, yaml_describe(node));
}

/* {name: ...}, to be filled with the tagged node. */
static struct yaml_node *
wrap(struct yaml_composer *c, struct yaml_node *node, const char *name)
{
	struct yaml_node *map = new_node(c, YAML_KIND_MAP, node->place);
	struct yaml_node *key = new_node(c, YAML_KIND_SCALAR, node->place);
	if (map == NULL || key == NULL)
		return NULL;
	key->text = mem_text(name);
	key->len = strlen(name);
	map->entries = mem_array(1, sizeof(*map->entries));
	map->entries[0].key = key;
	map->entries[0].value = node;
	map->n = map->cap = 1;
	return map;
}

static bool
read_content(struct yaml_composer *c, struct yaml_node *node, unsigned depth)
{
	switch (node->kind) {
	case YAML_KIND_SCALAR:
		return true;
	case YAML_KIND_LIST:
		return read_list(c, node, depth);
	case YAML_KIND_MAP:
		return read_map(c, node, depth);
	}
	BUG("no such kind of node");
}

/* The node that event begins, in a collection of depth - 1 levels. */
static struct yaml_node *
compose(struct yaml_composer *c, const yaml_event_t *event, unsigned depth)
{
	const char *name = NULL;
	struct yaml_node *node = node_of_event(c, event);
	if (node == NULL || !apply_tag(c, event_tag(event), node, &name))
		return NULL;
	struct yaml_node *outer = name != NULL ? wrap(c, node, name) : node;
	if (outer == NULL || !add_anchor(c, event_anchor(event), outer))
		return NULL;
	depth += outer->height + (name != NULL ? node->height : 0);
	if (depth > YAML_DEPTH_LIMIT) {
		yaml_error(c->doc, node->place, c->err, ERROR_INPUT,
		    "nested more than %d levels deep", YAML_DEPTH_LIMIT);
		return NULL;
	}
	outer->open = node->open = true;
	if (!read_content(c, node, depth) ||
	    (name != NULL && !account(c, outer, node, node->place)))
		return NULL;
	outer->open = node->open = false;
	return outer;
}

/* Passes over the events before content or after it. */
static bool
read_documents(struct yaml_composer *c)
{
	unsigned documents = 0;
	for (;;) {
		yaml_event_t event;
		if (!next_event(c, &event))
			return false;
		const yaml_event_type_t type = event.type;
		const struct yaml_place place = place_of(event.start_mark);
		bool ok = true;
		if (type == YAML_DOCUMENT_START_EVENT && documents++ > 0)
			ok = fail_at(c, place,
			    "a second document begins here: one file holds "
			    "one workflow or value");
		else if (type == YAML_SCALAR_EVENT ||
		    type == YAML_SEQUENCE_START_EVENT ||
		    type == YAML_MAPPING_START_EVENT) {
			c->doc->root = compose(c, &event, 0);
			ok = c->doc->root;
		} else if (type == YAML_ALIAS_EVENT)
			ok = fail_at(c, place, "an alias without an anchor");
		yaml_event_delete(&event);
		if (!ok || type == YAML_STREAM_END_EVENT)
			return ok;
	}
}

static bool
compose_document(struct yaml_doc *doc, struct error *err)
{
	struct yaml_composer c = { .doc = doc, .err = err };
	if (!yaml_parser_initialize(&c.parser))
		BUG("libyaml is out of memory");
	yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &c.parser, (const unsigned char *)doc->bytes, doc->len);
	const bool ok = read_documents(&c);
	yaml_parser_delete(&c.parser);
	for (size_t i = 0; i < c.n_anchors; i++)
		free(c.anchors[i].name);
	free(c.anchors);
	return ok;
}

bool
yaml_load(const char *name, const void *bytes, size_t len, struct yaml_doc *doc,
    struct error *err)
{
	*doc = (struct yaml_doc){ .name = mem_text(name) };
	if (yaml_scan(doc, bytes, len, err) && compose_document(doc, err))
		return true;
	yaml_doc_release(doc);
	return false;
}

void
yaml_doc_release(struct yaml_doc *doc)
{
	for (size_t i = 0; i < doc->n_nodes; i++) {
		free(doc->nodes[i]->text);
		free(doc->nodes[i]->items);
		free(doc->nodes[i]->entries);
		free(doc->nodes[i]);
	}
	free(doc->nodes);
	free(doc->lines);
	free(doc->bytes);
	free(doc->name);
	*doc = (struct yaml_doc){ 0 };
}

/* --- writing ---------------------------------------------------------- */

#define EMIT_INDENT 2

static bool emit_value(yaml_emitter_t *emitter, const json_t *value);

static int
append(void *arg, unsigned char *bytes, size_t len)
{
	str_add_n(arg, bytes, len);
	return 1;
}

/* Words that YAML 1.1 readers take for booleans. */
static bool
is_old_bool(const char *text)
{
	static const char *const words[] = { "yes", "no", "on", "off", "y",
		"n" };
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* Digits with a leading zero are text for us and a number elsewhere. */
static bool
looks_numeric(const char *text)
{
	return *text && text[strspn(text, "0123456789+-._:eExo")] == '\0';
}

static yaml_scalar_style_t
text_style(const char *text)
{
	if (strchr(text, '\n') != NULL)
		return YAML_LITERAL_SCALAR_STYLE;
	if (yaml_type_of(text) != YAML_TYPE_TEXT || is_old_bool(text) ||
	    looks_numeric(text) || strcmp(text, "<<") == 0)
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	return YAML_PLAIN_SCALAR_STYLE;
}

static bool
emit_scalar(yaml_emitter_t *emitter, const char *text, size_t len,
    yaml_scalar_style_t style)
{
	yaml_event_t event;
	return yaml_scalar_event_initialize(&event, NULL, NULL,
		   (const unsigned char *)text, (int)len, 1, 1, style) &&
	    yaml_emitter_emit(emitter, &event);
}

static bool
emit_key(yaml_emitter_t *emitter, const char *key)
{
	const yaml_scalar_style_t style = text_style(key);
	return emit_scalar(emitter, key, strlen(key),
	    style == YAML_LITERAL_SCALAR_STYLE ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
					       : style);
}

static bool
emit_text(yaml_emitter_t *emitter, const json_t *value)
{
	const char *text = json_string_value(value);
	const size_t len = json_string_length(value);
	return emit_scalar(emitter, text, len,
	    strlen(text) == len ? text_style(text)
				: YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* Numbers and words, as JSON writes them: a subset of YAML. */
static bool
emit_plain(yaml_emitter_t *emitter, const json_t *value)
{
	autostr struct str text = { 0 };
	json_compact(value, &text, false);
	return emit_scalar(
	    emitter, str_text(&text), text.len, YAML_PLAIN_SCALAR_STYLE);
}

static bool
emit_array(yaml_emitter_t *emitter, const json_t *array)
{
	yaml_event_t event;
	const size_t n = json_array_size(array);
	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
		n == 0 ? YAML_FLOW_SEQUENCE_STYLE
		       : YAML_BLOCK_SEQUENCE_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!emit_value(emitter, json_array_get(array, i)))
			return false;
	}
	return yaml_sequence_end_event_initialize(&event) &&
	    yaml_emitter_emit(emitter, &event);
}

static bool
emit_object(yaml_emitter_t *emitter, json_t *object)
{
	yaml_event_t event;
	const char *key = NULL;
	json_t *value = NULL;
	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
		json_object_size(object) == 0 ? YAML_FLOW_MAPPING_STYLE
					      : YAML_BLOCK_MAPPING_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	json_object_foreach(object, key, value) {
		if (!emit_key(emitter, key) || !emit_value(emitter, value))
			return false;
	}
	return yaml_mapping_end_event_initialize(&event) &&
	    yaml_emitter_emit(emitter, &event);
}

static bool
emit_value(yaml_emitter_t *emitter, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return emit_object(emitter, json_mutable(value));
	case JSON_ARRAY:
		return emit_array(emitter, value);
	case JSON_STRING:
		return emit_text(emitter, value);
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return emit_plain(emitter, value);
}

static bool
emit_document(yaml_emitter_t *emitter, const json_t *value)
{
	yaml_event_t event;
	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	    yaml_emitter_emit(emitter, &event) &&
	    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	    yaml_emitter_emit(emitter, &event) && emit_value(emitter, value) &&
	    yaml_document_end_event_initialize(&event, 1) &&
	    yaml_emitter_emit(emitter, &event) &&
	    yaml_stream_end_event_initialize(&event) &&
	    yaml_emitter_emit(emitter, &event);
}

bool
yaml_emit(const json_t *value, struct str *out, struct error *err)
{
	yaml_emitter_t emitter;
	if (!yaml_emitter_initialize(&emitter))
		BUG("libyaml is out of memory");
	yaml_emitter_set_output(&emitter, append, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_indent(&emitter, EMIT_INDENT);
	const bool ok = emit_document(&emitter, value) ||
	    error_set(err, ERROR_INPUT, "writing YAML: %s",
		emitter.problem != NULL ? emitter.problem : "not possible");
	yaml_emitter_delete(&emitter);
	return ok;
}
