/* SPDX-License-Identifier: MIT */
/* Bytes from outside, made fit for JSON, a terminal or a shell. */
#include "config.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"

#define ELLIPSIS "\xe2\x80\xa6"

#define UTF8_LONGEST 4
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
/* The bytes of a character that follow its first: 10xxxxxx. */
#define FOLLOWS(byte) (((unsigned char)(byte)&0xc0) == 0x80)
#define SUGGEST_LONGEST 64
#define SHOWN_BYTES 200 /* of a text that is refused */

/* The character at the front of some bytes. */
struct character {
	uint32_t code;
	size_t len; /* bytes it takes, or that are wrong together: at least 1 */
	bool valid;
};

/* How many bytes a first byte announces; 0 when none starts so. */
static size_t
announced(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* The second byte is narrowed by the first: RFC 3629, section 4. */
static bool
may_follow(uint8_t first, size_t place, uint8_t byte)
{
	uint8_t least = 0x80, most = 0xbf;
	if (place == 1 && first == 0xe0)
		least = 0xa0;
	else if (place == 1 && first == 0xed)
		most = 0x9f;
	else if (place == 1 && first == 0xf0)
		least = 0x90;
	else if (place == 1 && first == 0xf4)
		most = 0x8f;
	return byte >= least && byte <= most;
}

/* Decodes the front of len > 0 bytes. */
static struct character
decode(const uint8_t *at, size_t len)
{
	struct character c = { .code = at[0], .len = 1 };
	size_t n = announced(at[0]);
	if (n > 1)
		c.code = at[0] & (0x7fu >> n);
	while (c.len < n && c.len < len && may_follow(at[0], c.len, at[c.len]))
		c.code = c.code << 6 | (at[c.len++] & 0x3fu);
	c.valid = n > 0 && c.len == n;
	return c;
}

/* How many bytes at the front are whole characters. */
static size_t
valid_bytes(const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	while (at < len) {
		struct character c = decode(bytes + at, len - at);
		if (!c.valid)
			break;
		at += c.len;
	}
	return at;
}

bool
text_is_utf8(const void *bytes, size_t len)
{
	return valid_bytes(bytes, len) == len;
}

bool
text_check(const char *what, const void *bytes, size_t len, struct error *err)
{
	const uint8_t *text = bytes;
	autostr struct str shown = { 0 };
	size_t at = valid_bytes(text, len);
	if (at == len)
		return true;
	size_t start = at < SHOWN_BYTES / 2 ? 0 : at - SHOWN_BYTES / 2;
	size_t n = len - start < SHOWN_BYTES ? len - start : SHOWN_BYTES;
	text_visible(&shown, text + start, n, true);
	return error_set(err, ERROR_INPUT,
	    "%s is not UTF-8: byte %zu of %zu is 0x%02x: %s", what, at + 1, len,
	    text[at], str_text(&shown));
}

size_t
text_cut(const char *bytes, size_t len, size_t limit)
{
	if (len <= limit)
		return len;
	for (size_t back = 0; back < UTF8_LONGEST && back <= limit; back++)
		if (!FOLLOWS(bytes[limit - back]))
			return limit - back;
	return limit;
}

size_t
text_tail(const char *bytes, size_t len, size_t limit)
{
	if (len <= limit)
		return 0;
	size_t start = len - limit;
	for (size_t at = start; at < len && at < start + UTF8_LONGEST; at++)
		if (!FOLLOWS(bytes[at]))
			return at;
	return limit < UTF8_LONGEST ? len : start;
}

size_t
text_whole(const char *bytes, size_t len)
{
	for (size_t back = 1; back < UTF8_LONGEST && back <= len; back++) {
		uint8_t byte = (uint8_t)bytes[len - back];
		if (!FOLLOWS(byte))
			return announced(byte) > back ? len - back : len;
	}
	return len;
}

size_t
text_rest(const char *bytes, size_t len)
{
	size_t n = 0;
	while (n < len && n < UTF8_LONGEST && FOLLOWS(bytes[n]))
		n++;
	return n < UTF8_LONGEST ? n : 0;
}

size_t
text_count(const char *bytes, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += !FOLLOWS(bytes[i]);
	return n;
}

void
text_repair(struct str *out, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	if (text_is_utf8(bytes, len)) {
		str_add_n(out, bytes, len);
		return;
	}
	while (len > 0) {
		struct character c = decode(at, len);
		if (c.valid)
			str_add_n(out, at, c.len);
		else
			str_add(out, REPLACEMENT);
		at += c.len;
		len -= c.len;
	}
}

static bool
is_bidi_control(uint32_t code)
{
	return (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
	    code == 0x200f || code == 0x061c;
}

static bool
add_control(struct str *out, uint32_t code, bool one_line)
{
	if ((code == '\n' || code == '\t') && !one_line)
		str_add_char(out, (char)code);
	else if (code == '\n')
		str_add(out, "\\n");
	else if (code == '\t')
		str_add(out, "\\t");
	else if (code == '\r')
		str_add(out, "\\r");
	else if (code == 0x1b)
		str_add(out, "\\e");
	else if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
		str_format(out, "\\x%02x", code);
	else if (is_bidi_control(code))
		str_format(out, "\\u%04x", code);
	else
		return false;
	return true;
}

void
text_visible(struct str *out, const void *bytes, size_t len, bool one_line)
{
	const uint8_t *at = bytes;
	while (len > 0) {
		struct character c = decode(at, len);
		for (size_t i = 0; !c.valid && i < c.len; i++)
			str_format(out, "\\x%02x", at[i]);
		if (c.valid && !add_control(out, c.code, one_line))
			str_add_n(out, at, c.len);
		at += c.len;
		len -= c.len;
	}
}

/* Cuts UTF-8 text to limit characters, an ellipsis being the last of them. */
static void
cut_characters(struct str *text, size_t limit)
{
	size_t characters = 0;
	size_t last = 0; /* where the last allowed character begins */
	for (size_t i = 0; i < text->len; i++) {
		if ((text->data[i] & 0xc0) == 0x80)
			continue;
		if (characters == limit - 1)
			last = i;
		if (++characters > limit) {
			str_cut(text, last);
			str_add(text, ELLIPSIS);
			return;
		}
	}
}

/* Behind the limit, in characters of at most four bytes, nothing is read. */
static void
join_blanks(struct str *out, const char *bytes, size_t len, size_t limit)
{
	bool gap = false;
	for (size_t i = 0; i < len && out->len <= 4 * limit; i++) {
		if (text_is_blank(bytes[i])) {
			gap = out->len > 0;
			continue;
		}
		if (gap)
			str_add_char(out, ' ');
		gap = false;
		str_add_char(out, bytes[i]);
	}
}

void
text_line(struct str *out, const char *bytes, size_t len, size_t characters)
{
	autostr struct str joined = { 0 };
	autostr struct str line = { 0 };
	join_blanks(&joined, bytes, len, characters);
	text_visible(&line, str_text(&joined), joined.len, true);
	cut_characters(&line, characters);
	str_add_str(out, &line);
}

void
text_visible_json(struct str *out, const char *json, size_t len)
{
	const uint8_t *at = (const uint8_t *)json;
	while (len > 0) {
		struct character c = decode(at, len);
		if ((c.code >= 0x7f && c.code <= 0x9f) ||
		    is_bidi_control(c.code))
			str_format(out, "\\u%04x", c.code);
		else
			str_add_n(out, at, c.len);
		at += c.len;
		len -= c.len;
	}
}

/* Columns of the character at *at, which moves behind it. */
static size_t
step_width(const char **at)
{
	size_t len = strnlen(*at, UTF8_LONGEST);
	struct character c = decode((const uint8_t *)*at, len);
	*at += c.len;
	if (!c.valid || c.code < 0x80)
		return c.len;
	int width = wcwidth((wchar_t)c.code);
	return width < 0 ? 1 : (size_t)width;
}

size_t
text_width(const char *text)
{
	size_t width = 0;
	while (*text != '\0')
		width += step_width(&text);
	return width;
}

void
text_fit(struct str *out, const char *text, size_t columns, bool ascii)
{
	if (text_width(text) <= columns) {
		str_add(out, text);
		return;
	}
	const char *mark = ascii ? "..." : "\xe2\x80\xa6";
	size_t mark_width = ascii ? 3 : 1;
	size_t used = 0;
	if (columns < mark_width)
		return;
	for (const char *at = text; *at != '\0';) {
		const char *start = at;
		size_t width = step_width(&at);
		if (used + width + mark_width > columns)
			break;
		str_add_n(out, start, (size_t)(at - start));
		used += width;
	}
	str_add(out, mark);
}

void
text_shell_quote(struct str *out, const char *text)
{
	str_add_char(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			str_add(out, "'\\''");
		else
			str_add_char(out, *text);
	}
	str_add_char(out, '\'');
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters must be put in, left out, changed, or swapped with their
 * neighbour to make a of b; for short words. The rows of the last two letters
 * of a are kept.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][SUGGEST_LONGEST + 1];
	size_t n = strlen(b);
	size_t i;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		size_t *row = rows[i % 3];
		const size_t *last = rows[(i - 1) % 3];
		const size_t *swapped = rows[(i + 1) % 3]; /* of a[i - 2] */
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			row[j] = least(last[j], row[j - 1]) + 1;
			row[j] =
			    least(row[j], last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], swapped[j - 2] + 1);
		}
	}
	return rows[(i - 1) % 3][n];
}

const char *
text_nearest(const char *word, const char *const *candidates)
{
	const char *best = NULL;
	size_t len = strlen(word);
	size_t limit = len <= 3 ? 1 : len <= 7 ? 2 : 3;
	if (len > SUGGEST_LONGEST)
		return NULL;
	for (; *candidates != NULL; candidates++) {
		if (strlen(*candidates) > SUGGEST_LONGEST)
			continue;
		size_t d = distance(word, *candidates);
		if (d <= limit && (d == 0 || d < len)) {
			best = *candidates;
			limit = d == 0 ? 0 : d - 1;
		}
		if (d == 0)
			break;
	}
	return best;
}

bool
text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
text_ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), end = strlen(suffix);
	return len >= end && strcmp(text + len - end, suffix) == 0;
}

bool
text_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool
text_is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

bool
text_is_name(const char *bytes, size_t len)
{
	if (len == 0 || (bytes[0] >= '0' && bytes[0] <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!text_is_name_char(bytes[i]))
			return false;
	return true;
}

char *
text_trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}
