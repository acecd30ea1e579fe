/* SPDX-License-Identifier: MIT */
/* JSON paths: parsed, and followed in a document. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "data/json.h"
#include "data/jsonpath.h"

/* A selector of a step, as RFC 9535 calls what stands in its brackets. */
enum jsonpath_kind {
	JSONPATH_NAME,
	JSONPATH_INDEX,
	JSONPATH_SLICE,
	JSONPATH_WILDCARD,
	JSONPATH_FILTER,
};

struct jsonpath_selector {
	enum jsonpath_kind kind;
	char *name;
	long start; /* of a slice; the index */
	long end;
	long step;
	bool has_start;
	bool has_end;
	struct expr *filter;
};

struct jsonpath_step {
	bool descend; /* ".." */
	struct jsonpath_selector *selectors; /* more than one: a union */
	size_t n;
	size_t cap;
};

struct jsonpath {
	struct jsonpath_step steps[JSONPATH_STEPS_LIMIT];
	size_t n;
};

/* --- parsing ---------------------------------------------------------- */

struct jsonpath_parser {
	const char *text;
	size_t at;
	struct error *err;
};

static bool
fail(const struct jsonpath_parser *p, const char *what)
{
	return error_set(p->err, ERROR_INPUT, "column %zu: %s",
	    text_count(p->text, p->at) + 1, what);
}

static void
skip_blanks(struct jsonpath_parser *p)
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
parse_name(struct jsonpath_parser *p, struct jsonpath_step *step)
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
read_quoted(struct jsonpath_parser *p, struct str *name)
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
parse_quoted(struct jsonpath_parser *p, struct jsonpath_step *step)
{
	autostr struct str name = { 0 };
	if (!read_quoted(p, &name))
		return false;
	add_selector(step, JSONPATH_NAME)->name = str_take(&name);
	return true;
}

static bool
parse_integer(struct jsonpath_parser *p, long *value)
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
at_integer(const struct jsonpath_parser *p)
{
	char c = p->text[p->at];
	return isdigit((unsigned char)c) || c == '-';
}

/* [a:b:c] with every part optional; the first may have been read. */
static bool
parse_slice(struct jsonpath_parser *p, struct jsonpath_selector *selector)
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
parse_index(struct jsonpath_parser *p, struct jsonpath_step *step)
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
parse_filter(struct jsonpath_parser *p, struct jsonpath_step *step)
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
parse_selector(struct jsonpath_parser *p, struct jsonpath_step *step)
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
parse_bracket(struct jsonpath_parser *p, struct jsonpath_step *step)
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
parse_step(struct jsonpath_parser *p, struct jsonpath *path, bool first)
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
parse(struct jsonpath_parser *p, struct jsonpath *path)
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
	struct jsonpath_parser p = { .text = text, .err = err };
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

/* --- selection -------------------------------------------------------- */

struct jsonpath_walk {
	const struct jsonpath *path;
	const json_t *root;
	json_t *results;
	size_t visits;
	struct error *err;
};

static bool visit(struct jsonpath_walk *walk, const json_t *node, size_t at);

static bool
visit_if(struct jsonpath_walk *walk, const json_t *node, size_t at)
{
	return node == NULL || visit(walk, node, at);
}

static bool
count_visit(struct jsonpath_walk *walk)
{
	if (++walk->visits <= JSONPATH_VISITS_LIMIT)
		return true;
	return error_set(walk->err, ERROR_INPUT,
	    "the path visits more than %d values", JSONPATH_VISITS_LIMIT);
}

static bool
select_child(struct jsonpath_walk *walk, const json_t *child, size_t at,
    const struct expr *filter)
{
	bool holds = true;
	if (filter != NULL &&
	    (!count_visit(walk) ||
		!expr_holds(filter, child, walk->root, &holds, walk->err)))
		return false;
	return !holds || visit(walk, child, at);
}

static bool
select_children(struct jsonpath_walk *walk, const json_t *node, size_t at,
    const struct expr *filter)
{
	const char *key;
	json_t *child;
	for (size_t i = 0; i < json_array_size(node); i++)
		if (!select_child(walk, json_array_get(node, i), at, filter))
			return false;
	json_object_foreach(json_mutable(node), key, child)
		if (!select_child(walk, child, at, filter))
			return false;
	return true;
}

static long
clamp(long value, long low, long high)
{
	return value < low ? low : value > high ? high : value;
}

/* Bounds of a slice as RFC 9535 2.3.4.2.2 has them. */
static bool
select_slice(struct jsonpath_walk *walk, const json_t *node, size_t at,
    const struct jsonpath_selector *s)
{
	long n = (long)json_array_size(node);
	long step = s->step;
	if (step == 0 || !json_is_array(node))
		return true;
	long start = s->has_start ? s->start : step > 0 ? 0 : n - 1;
	long end = s->has_end ? s->end : step > 0 ? n : -n - 1;
	start = start < 0 ? start + n : start;
	end = end < 0 ? end + n : end;
	start = step > 0 ? clamp(start, 0, n) : clamp(start, -1, n - 1);
	end = step > 0 ? clamp(end, 0, n) : clamp(end, -1, n - 1);
	for (long i = start; step > 0 ? i < end : i > end;) {
		if (!visit_if(walk, json_array_get(node, (size_t)i), at))
			return false;
		if (step > 0 ? step > end - i : step < end - i)
			break;
		i += step;
	}
	return true;
}

static bool
select_one(struct jsonpath_walk *walk, const json_t *node, size_t at,
    const struct jsonpath_selector *s)
{
	long index = s->start;
	switch (s->kind) {
	case JSONPATH_NAME:
		return visit_if(walk, json_object_get(node, s->name), at);
	case JSONPATH_INDEX:
		if (index < 0)
			index += (long)json_array_size(node);
		return index < 0 ||
		    visit_if(walk, json_array_get(node, (size_t)index), at);
	case JSONPATH_SLICE:
		return select_slice(walk, node, at, s);
	case JSONPATH_WILDCARD:
		return select_children(walk, node, at, NULL);
	case JSONPATH_FILTER:
		return select_children(walk, node, at, s->filter);
	}
	return true;
}

static bool
select_step(struct jsonpath_walk *walk, const json_t *node, size_t at)
{
	const struct jsonpath_step *step = &walk->path->steps[at];
	for (size_t i = 0; i < step->n; i++)
		if (!select_one(walk, node, at + 1, &step->selectors[i]))
			return false;
	return true;
}

/* The node's own members first, then those of its descendants. */
static bool
descend(struct jsonpath_walk *walk, const json_t *node, size_t at)
{
	const char *key;
	json_t *child;
	if (!count_visit(walk))
		return false;
	if (!select_step(walk, node, at))
		return false;
	for (size_t i = 0; i < json_array_size(node); i++)
		if (!descend(walk, json_array_get(node, i), at))
			return false;
	json_object_foreach(json_mutable(node), key, child)
		if (!descend(walk, child, at))
			return false;
	return true;
}

static bool
visit(struct jsonpath_walk *walk, const json_t *node, size_t at)
{
	if (!count_visit(walk))
		return false;
	if (at < walk->path->n)
		return walk->path->steps[at].descend
		    ? descend(walk, node, at)
		    : select_step(walk, node, at);
	if (json_array_size(walk->results) == JSONPATH_RESULTS_LIMIT)
		return error_set(walk->err, ERROR_INPUT,
		    "the path selects more than %d values",
		    JSONPATH_RESULTS_LIMIT);
	json_array_append(walk->results, json_mutable(node));
	return true;
}

json_t *
jsonpath_select(
    const struct jsonpath *path, const json_t *root, struct error *err)
{
	struct jsonpath_walk walk = {
		.path = path, .root = root, .results = json_array(), .err = err
	};
	if (visit(&walk, root, 0))
		return walk.results;
	json_decref(walk.results);
	return NULL;
}
