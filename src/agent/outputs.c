/* SPDX-License-Identifier: MIT */
/* Values that a phase takes from the output of its steps. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/captures.h"
#include "agent/outputs.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/jsonpath.h"
#include "data/regex.h"

void
outputs_want(struct outputs *outputs, const struct output_captures *wanted)
{
	outputs->wanted = wanted;
}

static bool
is_wanted(const struct outputs *outputs, size_t index)
{
	for (size_t i = 0; i < outputs->wanted->n; i++)
		if (outputs->wanted->items[i].command_index == index)
			return true;
	return false;
}

void
outputs_add(
    struct outputs *outputs, size_t index, const struct outcome *outcome)
{
	if (outcome->skipped || !is_wanted(outputs, index))
		return;
	outputs->items = mem_grow(outputs->items, &outputs->cap, outputs->n + 1,
	    sizeof(*outputs->items));
	struct outputs_of_step *one = &outputs->items[outputs->n++];
	*one = (struct outputs_of_step){ .index = index };
	str_add_str(&one->out, &outcome->out);
	str_add_str(&one->err, &outcome->err);
}

static void
choose_source(const struct output_capture *capture, const struct str *out,
    const struct str *err_text, struct str *text)
{
	switch (capture->source) {
	case OUTPUT_STDOUT:
		str_add_str(text, out);
		break;
	case OUTPUT_STDERR:
		str_add_str(text, err_text);
		break;
	case OUTPUT_BOTH:
		str_add_str(text, out);
		str_add_char(text, '\n');
		str_add_str(text, err_text);
		break;
	case OUTPUT_SOURCES:
		break;
	}
}

static void
cut(struct str *text, size_t limit)
{
	if (limit > 0)
		str_cut(text, text_cut(str_text(text), text->len, limit));
}

static void
drop_newlines(struct str *text)
{
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		str_cut(text, text->len - 1);
}

/* The part that the pattern's first group matched, or all of the match. */
static bool
apply_pattern(const char *pattern, struct str *text, struct error *err)
{
	bool found = false;
	size_t start = 0;
	size_t end = 0;
	struct regex *regex = regex_new(pattern, err);
	if (regex == NULL)
		return false;
	bool ok = regex_find(
	    regex, str_text(text), text->len, &found, &start, &end, err);
	regex_free(regex);
	if (!ok)
		return false;
	if (!found)
		return error_set(
		    err, ERROR_INPUT, "pattern %s does not match", pattern);
	str_cut(text, end);
	str_drop(text, start);
	return true;
}

static json_t *
apply_multiline(enum output_lines multiline, struct str *text)
{
	autoerror struct error err = { 0 };
	json_t *lines = capture_convert(CAPTURE_LINES, text, true, &err);
	size_t n = json_array_size(lines);
	json_t *value = NULL;
	switch (multiline) {
	case OUTPUT_ARRAY:
		return lines;
	case OUTPUT_FIRST_LINE:
		value = json_incref(json_array_get(lines, 0));
		break;
	case OUTPUT_LAST_LINE:
		if (n > 0)
			value = json_incref(json_array_get(lines, n - 1));
		break;
	case OUTPUT_JOIN:
		for (size_t i = 0; i < text->len; i++)
			if (text->data[i] == '\n')
				text->data[i] = ' ';
		value = json_string_lossy(str_text(text), text->len);
		break;
	case OUTPUT_PRESERVE:
	case OUTPUT_LINES:
		value = json_string_lossy(str_text(text), text->len);
		break;
	}
	json_decref(lines);
	return value != NULL ? value : json_string("");
}

/*
 * What a path selects: itself when that is the end of it, as text when
 * something is still to be done with it.
 */
static json_t *
apply_path(const char *path, const struct str *text, struct error *err)
{
	autojson json_t *document =
	    json_load_text(str_text(text), text->len, "output", err);
	if (document == NULL)
		return NULL;
	struct jsonpath *compiled = jsonpath_parse(path, err);
	if (compiled == NULL)
		return NULL;
	autojson json_t *nodes = jsonpath_select(compiled, document, err);
	jsonpath_free(compiled);
	if (nodes == NULL)
		return NULL;
	if (json_array_size(nodes) == 0) {
		error_set(
		    err, ERROR_INPUT, "json_path %s selects nothing", path);
		return NULL;
	}
	return json_array_size(nodes) == 1
	    ? json_incref(json_array_get(nodes, 0))
	    : json_incref(nodes);
}

json_t *
outputs_extract(const struct output_capture *capture, const struct str *out,
    const struct str *err_text, struct error *err)
{
	autostr struct str text = { 0 };
	choose_source(capture, out, err_text, &text);
	cut(&text, capture->max_size);
	if (capture->json_path != NULL) {
		json_t *value = apply_path(capture->json_path, &text, err);
		bool is_end = capture->pattern == NULL &&
		    (capture->multiline == OUTPUT_PRESERVE ||
			!json_is_string(value));
		if (value == NULL || is_end)
			return value;
		str_clear(&text);
		json_text_of(value, &text);
		json_decref(value);
	}
	if (capture->pattern != NULL &&
	    !apply_pattern(capture->pattern, &text, err))
		return NULL;
	drop_newlines(&text);
	return apply_multiline(capture->multiline, &text);
}

static const struct outputs_of_step *
find(const struct outputs *outputs, size_t index)
{
	for (size_t i = 0; i < outputs->n; i++)
		if (outputs->items[i].index == index)
			return &outputs->items[i];
	return NULL;
}

static void
publish(const struct outputs *outputs, const struct output_capture *capture,
    struct chain *chain)
{
	autoerror struct error err = { 0 };
	const struct steps *steps = &chain->spec->steps;
	const struct outputs_of_step *from =
	    find(outputs, capture->command_index);
	enum vars_class class = capture->command_index < steps->n
	    ? captures_class(steps->items[capture->command_index].kind)
	    : VARS_CAPTURE;
	json_t *value = NULL;
	if (from == NULL)
		error_set(&err, ERROR_INPUT, "command %u did not run",
		    capture->command_index);
	else
		value = outputs_extract(capture, &from->out, &from->err, &err);
	if (value == NULL && capture->fallback != NULL)
		value = json_text(capture->fallback);
	if (value == NULL) {
		chain_note(chain, "capture_outputs: %s is not set: %s",
		    capture->name, error_text(&err));
		return;
	}
	vars_set_new(chain->kept, capture->name, value, class);
}

void
outputs_publish(const struct outputs *outputs, struct chain *chain)
{
	for (size_t i = 0; i < outputs->wanted->n; i++)
		publish(outputs, &outputs->wanted->items[i], chain);
}

void
outputs_release(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->n; i++) {
		str_release(&outputs->items[i].out);
		str_release(&outputs->items[i].err);
	}
	free(outputs->items);
	*outputs = (struct outputs){ 0 };
}
