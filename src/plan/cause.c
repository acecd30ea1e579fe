/* SPDX-License-Identifier: MIT */
/* The line that says why, and its signature. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/cause.h"

/* --- lines that say nothing ------------------------------------------- */

/* How such lines begin, and what else stands in them ("" for nothing). */
static const struct {
	const char *start;
	const char *within;
} noise[] = {
	/* What runs commands tells that one failed, not why. */
	{ "make", "***" },
	{ "make", "directory '" },
	{ "gmake", "***" },
	{ "ninja: build stopped", "" },
	{ "collect2: error: ld returned", "" },
	{ "clang: error: linker command failed", "" },
	{ "compilation terminated", "" },
	{ "error: could not compile", "" },
	{ "error: aborting due to", "" },
	{ "error: test failed, to rerun", "" },
	{ "error: process didn't exit", "" },
	{ "For more information about", "" },
	{ "Some errors have detailed", "" },
	{ "warning: build failed, waiting", "" },
	{ "npm ERR! A complete log", "" },
	{ "npm ERR!     ", "" },
	{ "npm error A complete log", "" },
	{ "npm error path", "" },
	{ "npm error command", "" },
	{ "npm error code", "" },
	{ "npm error Lifecycle script", "" },
	{ "error Command failed with exit code", "" },
	{ "info Visit https://", "" },
	{ "ELIFECYCLE", "" },
	{ "exit status ", "" },
	{ "BUILD FAILED", "" },
	{ "[ERROR] ->", "" },
	{ "[ERROR] To see the full", "" },
	{ "[ERROR] Re-run Maven", "" },
	{ "[ERROR] For more information", "" },
	{ "[ERROR] [Help", "" },
	/* Counts. */
	{ "FAILED (", "" },
	{ "FAIL", "\t" },
	{ "test result: FAILED", "" },
	{ "Ran ", " in " },
	{ "Tests:", "" },
	{ "Test Suites:", "" },
	{ "Snapshots:", "" },
	{ "Time:", "" },
	{ "Found ", " error" },
	/* Where it was, or what else could be read. */
	{ "note: ", "" },
	{ "help: ", "" },
	{ "hint: ", "" },
	{ "at ", "(" },
	{ "at ", ":" },
	{ "... ", " more" },
	{ "File \"", ", line " },
	{ "goroutine ", "[" },
	{ "created by ", "" },
	{ "stack backtrace:", "" },
	{ "Traceback (most recent", "" },
	{ "--> ", ":" },
	{ "Node.js v", "" },
	{ "In file included from", "" },
	{ "from ", ":" },
};

/* The whole line. */
static const char *const noise_lines[] = { "FAIL", "FAILED",
	"failures:", "npm ERR!", "npm error", "[ERROR]", "}", "{", "});", "." };

static bool
is_all_of(const char *line, size_t len, const char *characters)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(characters, line[i]) == NULL)
			return false;
	return true;
}

/* "   12 |     foo();", or the mark below it. */
static bool
is_quoted_source(const char *line, size_t len)
{
	size_t i = 0;
	while (i < len && isdigit((unsigned char)line[i]))
		i++;
	while (i < len && line[i] == ' ')
		i++;
	return i < len && line[i] == '|';
}

/*
 * "	/src/main.go:12 +0x1d", "main.main()", "#1 0x55 in main",
 * "3: std::rt::main".
 */
static bool
is_frame(const char *line, size_t len)
{
	autofree char *text = mem_text_n(line, len);
	const char *digits = text + strspn(text, "0123456789");
	bool is_call = len > 0 && line[len - 1] == ')' &&
	    strchr(text, ' ') == NULL && strchr(text, '.') != NULL;
	return is_call || strstr(text, " +0x") != NULL ||
	    (text[0] == '#' && isdigit((unsigned char)text[1])) ||
	    (digits > text && strncmp(digits, ": ", 2) == 0 &&
		strstr(digits, "::") != NULL);
}

/* "=== 1 failed in 0.1s ===", "12 problems (3 errors, 9 warnings)". */
static bool
is_count(const char *line, size_t len)
{
	autofree char *text = mem_text_n(line, len);
	const char *start = text + strspn(text, "=-+*# \t\xe2\x9c\x96");
	const char *words = start + strspn(start, "0123456789");
	return words > start && *words == ' ' &&
	    (strstr(words, " error") != NULL ||
		strstr(words, " warning") != NULL ||
		strstr(words, " failed") != NULL ||
		strstr(words, " failing") != NULL ||
		strstr(words, " problem") != NULL);
}

static bool
is_warning(const char *line, size_t len)
{
	return memmem(line, len, ": warning: ", 11) != NULL ||
	    memmem(line, len, ": note: ", 7) != NULL;
}

static bool
says_nothing(const char *line, size_t len)
{
	autofree char *text = mem_text_n(line, len);
	for (size_t i = 0; i < COUNT_OF(noise); i++)
		if (text_starts_with(text, noise[i].start) &&
		    strstr(text + strlen(noise[i].start), noise[i].within) !=
			NULL)
			return true;
	for (size_t i = 0; i < COUNT_OF(noise_lines); i++)
		if (strcmp(text, noise_lines[i]) == 0)
			return true;
	return is_all_of(line, len, "^~-=_*+.| \t") || is_warning(line, len) ||
	    is_quoted_source(line, len) || is_frame(line, len) ||
	    is_count(line, len);
}

/* --- the line --------------------------------------------------------- */

#define LINES_LOOKED_AT 60 /* from the end */

/* The last line that says something; without one, the last that is there. */
static bool
find_line(const struct str *text, bool any, struct str *line)
{
	const char *bytes = str_text(text);
	size_t end = text->len;
	for (unsigned n = 0; end > 0 && n < LINES_LOOKED_AT; n++) {
		const char *newline = memrchr(bytes, '\n', end);
		const char *start = newline == NULL ? bytes : newline + 1;
		size_t len = (size_t)(bytes + end - start);
		end = newline == NULL ? 0 : (size_t)(newline - bytes);
		while (len > 0 && text_is_blank(*start))
			start++, len--;
		while (len > 0 && text_is_blank(start[len - 1]))
			len--;
		if (len == 0 || (!any && says_nothing(start, len)))
			continue;
		text_line(line, start, len, CAUSE_CHARACTERS);
		return true;
	}
	return false;
}

char *
cause_find(const struct str *err, const struct str *out)
{
	struct str line = { 0 };
	if (find_line(err, false, &line) || find_line(out, false, &line) ||
	    find_line(err, true, &line) || find_line(out, true, &line))
		return str_take(&line);
	return NULL;
}

char *
cause_line(const struct failure *failure)
{
	struct str text = { 0 };
	autostr struct str whole = { 0 };
	if (failure->cause == CAUSE_NONE || failure->message == NULL)
		return NULL;
	if (failure->cause == CAUSE_COMMIT_REQUIRED)
		str_add(&whole, "no commit, though one is required");
	else if (failure->cause == CAUSE_COMMAND && failure->said != NULL)
		str_format(
		    &whole, "exit %d: %s", failure->exit_code, failure->said);
	else if (failure->cause == CAUSE_COMMAND && failure->step != NULL &&
	    failure->exit_code != 0)
		str_format(&whole, "exit %d", failure->exit_code);
	else
		str_add(&whole, failure->message);
	text_line(&text, str_text(&whole), whole.len, CAUSE_CHARACTERS);
	return str_take(&text);
}

/* --- the signature ---------------------------------------------------- */

#define SIGNATURE_CHARACTERS 120
#define ITEM_TEXTS 64 /* of the item's data that are looked for */
#define ITEM_TEXT_LEAST 3 /* bytes: shorter ones stand everywhere */

static bool
is_word(char c)
{
	return text_is_name_char(c) || (unsigned char)c >= 0x80;
}

/* Texts of the data, from the outside in. */
static void
add_texts(const json_t *data, struct strv *texts)
{
	const char *key;
	json_t *part;
	size_t i;
	if (texts->n >= ITEM_TEXTS)
		return;
	if (json_is_string(data) && json_string_length(data) >= ITEM_TEXT_LEAST)
		strv_add(texts, json_string_value(data));
	json_array_foreach(data, i, part)
		add_texts(part, texts);
	json_object_foreach(json_mutable(data), key, part)
		add_texts(part, texts);
}

/* The longest text that stands here as a whole word; its length, or 0. */
static size_t
text_here(const struct strv *texts, const char *start, const char *at)
{
	size_t longest = 0;
	if (at > start && is_word(at[-1]) && is_word(*at))
		return 0;
	for (size_t i = 0; i < texts->n; i++) {
		size_t len = strlen(texts->items[i]);
		if (len > longest && strncmp(at, texts->items[i], len) == 0 &&
		    !(is_word(at[len - 1]) && is_word(at[len])))
			longest = len;
	}
	return longest;
}

static const char *
closing_quote(const char *at)
{
	switch (*at) {
	case '"':
		return "\"";
	case '\'':
		return "'";
	case '`':
		return strchr(at + 1, '`') == NULL ? "'" : "`";
	default:
		break;
	}
	if (strncmp(at, "\xe2\x80\x98", 3) == 0)
		return "\xe2\x80\x99";
	if (strncmp(at, "\xe2\x80\x9c", 3) == 0)
		return "\xe2\x80\x9d";
	return NULL;
}

/* How long the quoted text is that begins here; an apostrophe begins none. */
static size_t
quote_here(const char *start, const char *at)
{
	const char *close = closing_quote(at);
	if (close == NULL || (at > start && is_word(at[-1])))
		return 0;
	const char *end = at + 1;
	while ((end = strstr(end, close)) != NULL) {
		const char *behind = end + strlen(close);
		if (!is_word(*behind) || (unsigned char)*close >= 0x80)
			return (size_t)(behind - at);
		end = behind;
	}
	return 0;
}

/* What may stand in a path or in the name of a file. */
static size_t
path_length(const char *at)
{
	size_t len = 0;
	while (at[len] != '\0' &&
	    (is_word(at[len]) || strchr("/.-+@~%", at[len]) != NULL))
		len++;
	while (len > 0 && strchr(".-", at[len - 1]) != NULL)
		len--;
	return len;
}

/* A path, or "cart.c" before a line number. */
static size_t
path_here(const char *start, const char *at)
{
	if (at > start && (is_word(at[-1]) || at[-1] == '/'))
		return 0;
	size_t len = path_length(at);
	if (len < 2)
		return 0;
	if (memchr(at, '/', len) != NULL)
		return strspn(at, "/") == len ? 0 : len;
	const char *dot = memrchr(at, '.', len);
	bool is_place = strchr(":(", at[len]) != NULL && at[len] != '\0' &&
	    isdigit((unsigned char)at[len + 1]);
	return dot != NULL && isalpha((unsigned char)dot[1]) && is_place ? len
									 : 0;
}

/* Digits of an id: letters and digits, at least seven, or behind "0x". */
static size_t
hex_here(const char *start, const char *at)
{
	static const char digits[] = "0123456789abcdefABCDEF-";
	if (at > start && is_word(at[-1]))
		return 0;
	if (strncmp(at, "0x", 2) == 0 && isxdigit((unsigned char)at[2]))
		return 2 + strspn(at + 2, digits);
	size_t len = strspn(at, digits);
	bool has_digit = false, has_letter = false;
	for (size_t i = 0; i < len; i++) {
		has_digit = has_digit || isdigit((unsigned char)at[i]);
		has_letter = has_letter || isalpha((unsigned char)at[i]);
	}
	return len >= 7 && has_digit && has_letter && !is_word(at[len]) ? len
									: 0;
}

/* "12", "1.25", "10,000". */
static size_t
number_here(const char *start, const char *at)
{
	static const char digits[] = "0123456789";
	size_t len = strspn(at, digits);
	(void)start;
	while (len > 0 && (at[len] == '.' || at[len] == ',')) {
		size_t more = strspn(at + len + 1, digits);
		if (more == 0 || (at[len] == ',' && more != 3))
			break;
		len += 1 + more;
	}
	return len;
}

static const struct {
	size_t (*here)(const char *start, const char *at);
	const char *sign;
} kinds[] = {
	{ quote_here, "'*'" },
	{ hex_here, "HEX" },
	{ path_here, "PATH" },
	{ number_here, "N" },
};

static size_t
replace_here(const char *start, const char *at, struct str *out)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		size_t len = kinds[i].here(start, at);
		if (len == 0)
			continue;
		str_add(out, kinds[i].sign);
		return len;
	}
	return 0;
}

static void
add_generic(struct str *out, const char *line, const struct strv *texts)
{
	for (const char *at = line; *at != '\0';) {
		size_t len = text_here(texts, line, at);
		if (len > 0)
			str_add(out, "ITEM");
		else
			len = replace_here(line, at, out);
		if (len == 0) {
			str_add_char(out, *at);
			len = 1;
		}
		at += len;
	}
}

char *
cause_signature(const struct failure *failure, const json_t *data)
{
	struct str out = { 0 };
	autostr struct str generic = { 0 };
	autostrv struct strv texts = { 0 };
	autofree char *line = failure->said == NULL ? cause_line(failure)
						    : mem_text(failure->said);
	add_texts(data, &texts);
	if (line != NULL)
		add_generic(&generic, line, &texts);
	str_format(&out, "%s::", failure_error_type_name(failure->cause));
	text_line(&out, str_text(&generic), generic.len, SIGNATURE_CHARACTERS);
	return str_take(&out);
}
