/* SPDX-License-Identifier: MIT */
/* Modifiers and filters of references. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/filters.h"
#include "data/json.h"

#define BLANKS " \t\r\n"

/* Steps of a glob match before it is given up as no match. */
#define GLOB_STEPS 100000

static json_t *
text_of(const json_t *value)
{
	autostr struct str text = { 0 };
	json_text_of(value, &text);
	return json_string_lossy(str_text(&text), text.len);
}

static bool
is_nothing(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

static void
replace(struct filters_result *result, json_t *value)
{
	json_decref(result->value);
	result->value = value;
}

/* The parts of a text between any of the separators; empty ones are dropped. */
static json_t *
split(const json_t *value, const char *separators)
{
	json_t *list = json_array();
	autostr struct str text = { 0 };
	json_text_of(value, &text);
	const char *at = str_text(&text);
	for (;;) {
		at += strspn(at, separators);
		size_t len = strcspn(at, separators);
		if (len == 0)
			return list;
		json_array_append_new(list, json_string_lossy(at, len));
		at += len;
	}
}

static json_t *
join(const json_t *value, const char *separator)
{
	if (!json_is_array(value))
		return text_of(value);
	autostr struct str text = { 0 };
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i > 0)
			str_add(&text, separator);
		json_text_of(json_array_get(value, i), &text);
	}
	return json_string_lossy(str_text(&text), text.len);
}

/* Code points of UTF-8, elements, or members. */
static json_t *
length(const json_t *value)
{
	if (json_is_array(value))
		return json_integer((json_int_t)json_array_size(value));
	if (json_is_object(value))
		return json_integer((json_int_t)json_object_size(value));
	autostr struct str text = { 0 };
	json_text_of(value, &text);
	return json_integer((json_int_t)text_count(text.data, text.len));
}

static json_t *
compact(const json_t *value)
{
	autostr struct str text = { 0 };
	json_compact(value, &text, true);
	return json_string_lossy(str_text(&text), text.len);
}

static json_t *
trim(const json_t *value)
{
	autostr struct str text = { 0 };
	json_text_of(value, &text);
	size_t from = 0;
	size_t to = text.len;
	while (from < to && strchr(BLANKS, text.data[from]) != NULL)
		from++;
	while (to > from && strchr(BLANKS, text.data[to - 1]) != NULL)
		to--;
	return json_string_lossy(str_text(&text) + from, to - from);
}

/* ASCII letters only, so that it means the same in every locale. */
static json_t *
change_case(const json_t *value, char from, char to)
{
	autostr struct str text = { 0 };
	json_text_of(value, &text);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (c >= from && c < from + 26)
			text.data[i] = (char)(c - from + to);
	}
	return json_string_lossy(str_text(&text), text.len);
}

static json_t *
lower(const json_t *value)
{
	return change_case(value, 'A', 'a');
}

static json_t *
upper(const json_t *value)
{
	return change_case(value, 'a', 'A');
}

/* The element at the front or the end; of a text, its line. */
static json_t *
element(const json_t *value, bool last)
{
	json_t *lines = json_is_array(value) ? json_incref(json_mutable(value))
					     : split(value, "\r\n");
	size_t n = json_array_size(lines);
	json_t *found = json_array_get(lines, last && n > 0 ? n - 1 : 0);
	if (found == NULL)
		found = json_null();
	json_incref(found);
	json_decref(lines);
	return found;
}

static json_t *
first(const json_t *value)
{
	return element(value, false);
}

static json_t *
last(const json_t *value)
{
	return element(value, true);
}

static const struct {
	const char *name;
	json_t *(*apply)(const json_t *value);
} simple_filters[] = {
	{ "length", length },
	{ "json", compact },
	{ "trim", trim },
	{ "lower", lower },
	{ "upper", upper },
	{ "first", first },
	{ "last", last },
};

static const struct {
	const char *name;
	enum filters_form form;
} forms[] = {
	{ "sh", FILTERS_SHELL },
	{ "words", FILTERS_WORDS },
	{ "raw", FILTERS_RAW },
};

/* The argument of join: \n and \t stand for themselves. */
static char *
separator_text(const char *arg)
{
	struct str text = { 0 };
	for (; *arg != '\0'; arg++) {
		if (arg[0] == '\\' && (arg[1] == 'n' || arg[1] == 't'))
			str_add_char(&text, *++arg == 'n' ? '\n' : '\t');
		else
			str_add_char(&text, *arg);
	}
	return str_take(&text);
}

static void
apply_default(struct filters_result *result, const char *text)
{
	if (!is_nothing(result->value))
		return;
	replace(result, json_text(text));
	result->defaulted = true;
}

/* One "name" or "name:arg"; arg NULL when there is none. */
static bool
apply_filter(struct filters_result *result, const char *name, const char *arg)
{
	if (strcmp(name, "default") == 0) {
		apply_default(result, arg == NULL ? "" : arg);
		return true;
	}
	if (strcmp(name, "join") == 0) {
		autofree char *separator =
		    separator_text(arg == NULL ? "" : arg);
		if (result->value != NULL)
			replace(result, join(result->value, separator));
		return true;
	}
	if (arg != NULL)
		return false;
	for (size_t i = 0; i < COUNT_OF(simple_filters); i++) {
		if (strcmp(name, simple_filters[i].name) != 0)
			continue;
		if (result->value != NULL)
			replace(result, simple_filters[i].apply(result->value));
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (strcmp(name, forms[i].name) != 0)
			continue;
		result->form = forms[i].form;
		return true;
	}
	return false;
}

/* A pattern, and not an operator of the shell such as ":=" or ":0:3". */
static bool
is_glob(const char *name)
{
	return name[0] != '\0' && strchr("-=?+ ", name[0]) == NULL &&
	    strpbrk(name, "*?./") != NULL;
}

static json_t *
select_paths(const json_t *value, const char *patterns)
{
	json_t *list = json_is_array(value) ? json_incref(json_mutable(value))
					    : split(value, BLANKS);
	json_t *chosen = json_array();
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *path = json_array_get(list, i);
		const char *text = json_string_value(path);
		if (text != NULL && filters_glob(patterns, text))
			json_array_append(chosen, path);
	}
	json_decref(list);
	return chosen;
}

/* One ":name". list tells that texts of arrays are separated by blanks. */
static bool
apply_modifier(struct filters_result *result, const char *name, bool *list)
{
	const json_t *value = result->value;
	bool glob = false;
	const char *separator = NULL;
	if (strcmp(name, "lines") == 0)
		separator = "\n";
	else if (strcmp(name, "csv") == 0)
		separator = ",";
	else if (is_glob(name))
		glob = true;
	else if (strcmp(name, "json") != 0)
		return false;
	if (value == NULL)
		return true;
	json_t *words = NULL;
	if (!json_is_array(value) && (*list || separator != NULL))
		words = split(value, BLANKS);
	const json_t *from = words == NULL ? value : words;
	json_t *next = glob	? select_paths(value, name)
	    : separator != NULL ? join(from, separator)
				: compact(from);
	json_decref(words);
	replace(result, next);
	*list = glob;
	return true;
}

/* Applies the piece at *at and moves it behind; list see apply_modifier. */
static bool
apply_piece(const char **at, struct filters_result *result, bool *list)
{
	const char *start = *at + strspn(*at, " \t");
	char kind = *start;
	if (kind == ':' && start == *at && start[1] == '-') {
		apply_default(result, start + 2);
		*at = start + strlen(start);
		return true;
	}
	if (kind != '|' && (kind != ':' || start != *at))
		return false;
	start++;
	size_t len = strcspn(start, kind == '|' ? "|" : "|:");
	*at = start + len;
	autofree char *piece = mem_text_n(start, len);
	if (kind == ':')
		return apply_modifier(result, piece, list);
	char *arg = strchr(piece, ':');
	if (arg != NULL)
		*arg++ = '\0';
	return apply_filter(result, text_trim(piece), arg);
}

/* A form acts on the final value: words are an array from here on. */
static void
finish(struct filters_result *result, bool list)
{
	if (result->value == NULL)
		return;
	if (result->form == FILTERS_WORDS && !json_is_array(result->value))
		replace(result, split(result->value, BLANKS));
	else if (result->form == FILTERS_PLAIN && list &&
	    json_is_array(result->value))
		replace(result, join(result->value, " "));
}

bool
filters_apply(
    const char *spec, size_t len, bool list_like, struct filters_result *result)
{
	autofree char *copy = mem_text_n(spec, len);
	const char *at = copy;
	bool list = list_like;
	result->form = FILTERS_PLAIN;
	result->defaulted = false;
	while (*at != '\0')
		if (!apply_piece(&at, result, &list))
			return false;
	finish(result, list);
	return true;
}

void
filters_text(const json_t *value, enum filters_form form, struct str *out)
{
	if ((form != FILTERS_SHELL && form != FILTERS_WORDS) ||
	    (form == FILTERS_WORDS && !json_is_array(value))) {
		json_text_of(value, out);
		return;
	}
	bool array = json_is_array(value);
	size_t n = array ? json_array_size(value) : 1;
	for (size_t i = 0; i < n; i++) {
		const json_t *one = array ? json_array_get(value, i) : value;
		if (i > 0)
			str_add_char(out, ' ');
		if (form == FILTERS_WORDS) {
			json_text_of(one, out);
			continue;
		}
		autostr struct str text = { 0 };
		json_text_of(one, &text);
		text_shell_quote(out, str_text(&text));
	}
}

/* Whether pattern (up to end) fits text; steps bounds the backtracking. */
static bool
glob_match(
    const char *pattern, const char *end, const char *text, unsigned *steps)
{
	for (; pattern < end; pattern++, text++) {
		if (++*steps > GLOB_STEPS)
			return false;
		if (*pattern == '*') {
			bool deep = pattern + 1 < end && pattern[1] == '*';
			const char *rest = pattern + (deep ? 2 : 1);
			if (deep && rest < end && *rest == '/' &&
			    glob_match(rest + 1, end, text, steps))
				return true;
			for (;; text++) {
				if (glob_match(rest, end, text, steps))
					return true;
				if (*text == '\0' || (*text == '/' && !deep))
					return false;
			}
		}
		if (*text == '\0' || (*pattern == '?' && *text == '/') ||
		    (*pattern != '?' && *pattern != *text))
			return false;
	}
	return *text == '\0';
}

bool
filters_glob(const char *patterns, const char *path)
{
	const char *name = strrchr(path, '/');
	name = name == NULL ? path : name + 1;
	while (*patterns != '\0') {
		patterns += strspn(patterns, ", ");
		const char *end = patterns + strcspn(patterns, ",");
		unsigned steps = 0;
		bool deep =
		    memchr(patterns, '/', (size_t)(end - patterns)) != NULL;
		if (end > patterns &&
		    glob_match(patterns, end, deep ? path : name, &steps))
			return true;
		patterns = end;
	}
	return false;
}
