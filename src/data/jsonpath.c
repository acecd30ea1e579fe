/* SPDX-License-Identifier: MIT */
/* JSON paths: parser. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/jsonpath.h"
#include "data/jsonpath_tree.h"

struct parser {
	const char *text;
	size_t at;
	struct error *err;
};

static bool
fail(const struct parser *p, const char *what)
{
	size_t column = 1;
	for (size_t i = 0; i < p->at; i++)
		column += ((unsigned char)p->text[i] & 0xc0) != 0x80;
	return error_set(p->err, ERROR_INPUT, "column %zu: %s", column, what);
}

static void
skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)p->text[p->at]))
		p->at++;
}

static struct jsonpath_selector *
add_selector(struct jsonpath_step *step, enum jsonpath_kind kind)
{
	step->selectors = mem_grow(
	    step->selectors, &step->cap, step->n + 1, sizeof(*step->selectors));
	struct jsonpath_selector *selector = &step->selectors[step->n++];
	*selector = (struct jsonpath_selector){ .kind = kind };
	return selector;
}

/* A name without quotes ends where something else may begin. */
static bool
parse_name(struct parser *p, struct jsonpath_step *step)
{
	size_t start = p->at;
	while (p->text[p->at] != '\0' &&
	    strchr(".[] \t\n", p->text[p->at]) == NULL)
		p->at++;
	if (p->at == start)
		return fail(p, "a name expected");
	if (p->at - start == 1 && p->text[start] == '*')
		add_selector(step, JSONPATH_WILDCARD);
	else
		add_selector(step, JSONPATH_NAME)->name =
		    mem_text_n(p->text + start, p->at - start);
	return true;
}

/* The character that \c stands for in a string; NUL when it is no escape. */
static char
escaped(char c)
{
	static const char letters[] = "bfnrt/\\'\"";
	static const char meanings[] = "\b\f\n\r\t/\\'\"";
	const char *at = c == '\0' ? NULL : strchr(letters, c);
	return at == NULL ? '\0' : meanings[at - letters];
}

static bool
read_quoted(struct parser *p, struct str *name)
{
	char quote = p->text[p->at++];
	for (; p->text[p->at] != quote; p->at++) {
		char c = p->text[p->at];
		if (c == '\0')
			return fail(p, "a string without end");
		if (c == '\\') {
			c = escaped(p->text[p->at + 1]);
			if (c == '\0')
				return fail(p, "an unknown escape");
			p->at++;
		}
		str_add_char(name, c);
	}
	p->at++;
	return true;
}

static bool
parse_quoted(struct parser *p, struct jsonpath_step *step)
{
	autostr struct str name = { 0 };
	if (!read_quoted(p, &name))
		return false;
	add_selector(step, JSONPATH_NAME)->name = str_take(&name);
	return true;
}

static bool
parse_integer(struct parser *p, long *value)
{
	char *end;
	errno = 0;
	*value = strtol(p->text + p->at, &end, 10);
	if (errno != 0 || end == p->text + p->at)
		return fail(p, "a number expected");
	p->at = (size_t)(end - p->text);
	return true;
}

static bool
at_integer(const struct parser *p)
{
	char c = p->text[p->at];
	return isdigit((unsigned char)c) || c == '-';
}

/* [a:b:c] with every part optional; the first may have been read. */
static bool
parse_slice(struct parser *p, struct jsonpath_selector *selector)
{
	selector->kind = JSONPATH_SLICE;
	selector->step = 1;
	p->at++;
	skip_blanks(p);
	if (at_integer(p)) {
		selector->has_end = true;
		if (!parse_integer(p, &selector->end))
			return false;
		skip_blanks(p);
	}
	if (p->text[p->at] != ':')
		return true;
	p->at++;
	skip_blanks(p);
	return !at_integer(p) || parse_integer(p, &selector->step);
}

static bool
parse_index(struct parser *p, struct jsonpath_step *step)
{
	struct jsonpath_selector *selector = add_selector(step, JSONPATH_INDEX);
	if (at_integer(p)) {
		selector->has_start = true;
		if (!parse_integer(p, &selector->start))
			return false;
		skip_blanks(p);
	}
	return p->text[p->at] != ':' || parse_slice(p, selector);
}

static bool
parse_filter(struct parser *p, struct jsonpath_step *step)
{
	p->at++;
	struct expr *filter =
	    expr_parse_part(p->text, &p->at, EXPR_PATH, p->err);
	if (filter == NULL)
		return false;
	add_selector(step, JSONPATH_FILTER)->filter = filter;
	return true;
}

static bool
parse_selector(struct parser *p, struct jsonpath_step *step)
{
	char c = p->text[p->at];
	if (c == '*') {
		p->at++;
		add_selector(step, JSONPATH_WILDCARD);
		return true;
	}
	if (c == '\'' || c == '"')
		return parse_quoted(p, step);
	if (c == '?')
		return parse_filter(p, step);
	if (at_integer(p) || c == ':')
		return parse_index(p, step);
	return fail(p, "an index, a name in quotes, '*' or a filter expected");
}

static bool
parse_bracket(struct parser *p, struct jsonpath_step *step)
{
	do {
		p->at++;
		skip_blanks(p);
		if (!parse_selector(p, step))
			return false;
		skip_blanks(p);
	} while (p->text[p->at] == ',');
	if (p->text[p->at] != ']')
		return fail(p, "']' expected");
	p->at++;
	return true;
}

static bool
parse_step(struct parser *p, struct jsonpath *path, bool first)
{
	struct jsonpath_step *step = &path->steps[path->n];
	if (path->n == JSONPATH_STEPS_LIMIT)
		return fail(p, "too many steps");
	path->n++;
	if (p->text[p->at] == '[')
		return parse_bracket(p, step);
	if (p->text[p->at] != '.')
		return first ? parse_name(p, step)
			     : fail(p, "'.' or '[' expected");
	p->at++;
	if (p->text[p->at] == '.') {
		step->descend = true;
		p->at++;
	}
	return p->text[p->at] == '[' && step->descend ? parse_bracket(p, step)
						      : parse_name(p, step);
}

static bool
parse(struct parser *p, struct jsonpath *path)
{
	bool first = true;
	skip_blanks(p);
	if (p->text[p->at] == '$') {
		p->at++;
		first = false;
	}
	for (skip_blanks(p); p->text[p->at] != '\0'; skip_blanks(p)) {
		if (!parse_step(p, path, first))
			return false;
		first = false;
	}
	return true;
}

struct jsonpath *
jsonpath_parse(const char *text, struct error *err)
{
	struct parser p = { .text = text, .err = err };
	if (strlen(text) > JSONPATH_LENGTH_LIMIT) {
		error_set(err, ERROR_INPUT, "a path of more than %d bytes",
		    JSONPATH_LENGTH_LIMIT);
		return NULL;
	}
	struct jsonpath *path = mem_zalloc(sizeof(*path));
	if (parse(&p, path))
		return path;
	jsonpath_free(path);
	return NULL;
}

void
jsonpath_free(struct jsonpath *path)
{
	for (size_t i = 0; path != NULL && i < path->n; i++) {
		struct jsonpath_step *step = &path->steps[i];
		for (size_t k = 0; k < step->n; k++) {
			free(step->selectors[k].name);
			expr_free(step->selectors[k].filter);
		}
		free(step->selectors);
	}
	free(path);
}

bool
jsonpath_is_singular(const struct jsonpath *path)
{
	for (size_t i = 0; i < path->n; i++) {
		const struct jsonpath_step *step = &path->steps[i];
		if (step->descend || step->n != 1 ||
		    (step->selectors[0].kind != JSONPATH_NAME &&
			step->selectors[0].kind != JSONPATH_INDEX))
			return false;
	}
	return true;
}
