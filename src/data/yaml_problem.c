/* SPDX-License-Identifier: MIT */
/* What libyaml found wrong, in words that help. */
#include "config.h"

#include <string.h>
#include <yaml.h>

#include "data/yaml.h"
#include "data/yaml_parts.h"

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

bool
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
