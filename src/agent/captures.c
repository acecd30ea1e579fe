/* SPDX-License-Identifier: MIT */
/* Turns what a step printed into variables. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/captures.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/jsonpath.h"
#include "data/regex.h"

/* --- output as values ------------------------------------------------- */

struct captures_span {
	const char *text;
	size_t len;
};

static struct captures_span
trim(const struct str *text)
{
	struct captures_span span = { str_text(text), text->len };
	while (span.len > 0 && text_is_blank(span.text[0])) {
		span.text++;
		span.len--;
	}
	while (span.len > 0 && text_is_blank(span.text[span.len - 1]))
		span.len--;
	return span;
}

/* Its length without the newlines at its end, as a shell's $(...) has it. */
static size_t
plain_len(const struct str *text)
{
	size_t len = text->len;
	while (len > 0 && text->data[len - 1] == '\n')
		len--;
	return len;
}

static json_t *
plain(const struct str *text)
{
	return json_stringn(str_text(text), plain_len(text));
}

static json_t *
to_json(const struct str *text, struct error *err)
{
	struct captures_span span = trim(text);
	return json_load_text(span.text, span.len, "output", err);
}

static json_t *
to_lines(const struct str *text)
{
	json_t *lines = json_array();
	const char *at = str_text(text);
	const char *end = at + text->len;
	while (at < end) {
		size_t rest = (size_t)(end - at);
		const char *newline = memchr(at, '\n', rest);
		size_t len = newline == NULL ? rest : (size_t)(newline - at);
		size_t kept = len > 0 && at[len - 1] == '\r' ? len - 1 : len;
		json_array_append_new(lines, json_stringn(at, kept));
		at += len + (newline == NULL ? 0 : 1);
	}
	return lines;
}

static json_t *
to_number(const struct str *text, struct error *err)
{
	struct captures_span span = trim(text);
	autofree char *digits = mem_text_n(span.text, span.len);
	char *end = digits;
	/* No hexadecimal, no "inf", no "nan". */
	if (span.len == 0 || strspn(digits, "+-.0123456789eE") != span.len) {
		error_set(err, ERROR_INPUT, "it is not a number");
		return NULL;
	}
	errno = 0;
	long long whole = strtoll(digits, &end, 10);
	if (*end == '\0' && end != digits) {
		if (errno == 0)
			return json_integer(whole);
		error_set(err, ERROR_INPUT, "the number is too large");
		return NULL;
	}
	errno = 0;
	double real = strtod(digits, &end);
	if (*end != '\0' || end == digits || !isfinite(real)) {
		error_set(err, ERROR_INPUT, "it is not a number");
		return NULL;
	}
	return json_real(real);
}

static json_t *
to_boolean(const struct str *text, bool ok)
{
	static const char *const yes[] = { "true", "1", "yes", "on" };
	static const char *const no[] = { "false", "0", "no", "off" };
	struct captures_span span = trim(text);
	autofree char *word = mem_text_n(span.text, span.len);
	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		if (strcasecmp(word, yes[i]) == 0)
			return json_true();
		if (strcasecmp(word, no[i]) == 0)
			return json_false();
	}
	return json_boolean(ok);
}

/*
 * Output as a value of the format asked for. NULL with ERROR_INPUT when it is
 * no number or no JSON. ok says whether the command succeeded: the truth of
 * an output that is no boolean.
 */
static json_t *
convert(enum capture_format format, const struct str *text, bool ok,
    struct error *err)
{
	switch (format) {
	case CAPTURE_STRING:
		return plain(text);
	case CAPTURE_JSON:
		return to_json(text, err);
	case CAPTURE_LINES:
		return to_lines(text);
	case CAPTURE_NUMBER:
		return to_number(text, err);
	case CAPTURE_BOOLEAN:
		return to_boolean(text, ok);
	case CAPTURE_FORMATS:
		break;
	}
	BUG("capture format %d", (int)format);
}

/* --- of a step -------------------------------------------------------- */

/* How the output of a kind of step may enter a script. */
static enum vars_class
class_of(enum step_kind kind)
{
	return kind == STEP_CLAUDE ? VARS_DATA : VARS_CAPTURE;
}

static void
set_member(struct vars *vars, const char *name, const char *member,
    json_t *value, enum vars_class class)
{
	autofree char *full = mem_format("%s.%s", name, member);
	vars_set_new(vars, full, value, class);
}

static json_t *
seconds(const struct outcome *outcome)
{
	return json_real((double)outcome->ms / 1000);
}

static void
set_defaults(
    const struct step *step, const struct outcome *outcome, struct vars *recent)
{
	const char *kind = step_kind_name(step->kind);
	enum vars_class class = class_of(step->kind);
	json_t *out = plain(&outcome->out);
	vars_set(recent, "last.output", out, VARS_CAPTURE);
	set_member(recent, kind, "output", out, class);
	set_member(recent, kind, "stderr", plain(&outcome->err), class);
	set_member(recent, kind, "exit_code",
	    json_integer(outcome->failure.exit_code), VARS_TRUSTED);
	vars_set_new(recent, "last.exit_code",
	    json_integer(outcome->failure.exit_code), VARS_TRUSTED);
}

static void
set_id(
    const struct step *step, const struct outcome *outcome, struct vars *kept)
{
	enum vars_class class = class_of(step->kind);
	set_member(kept, step->id, "output", plain(&outcome->out), class);
	set_member(kept, step->id, "stderr", plain(&outcome->err), class);
	set_member(kept, step->id, "exit_code",
	    json_integer(outcome->failure.exit_code), VARS_TRUSTED);
	set_member(kept, step->id, "success",
	    json_boolean(outcome_is_ok(outcome)), VARS_TRUSTED);
	set_member(kept, step->id, "duration", seconds(outcome), VARS_TRUSTED);
}

/* What stands beside a captured value; a member of the value itself wins. */
static void
set_beside(const struct capture *capture, const json_t *value,
    const char *member, bool wanted, json_t *fact, enum vars_class class,
    struct vars *kept)
{
	autofree char *full = mem_format("%s.%s", capture->name, member);
	vars_unset(kept, full);
	if (wanted && json_object_get(value, member) == NULL)
		vars_set(kept, full, fact, class);
	json_decref(fact);
}

static void
captured_text(const struct capture *capture, const struct outcome *outcome,
    struct str *text)
{
	if (capture->out)
		str_add_str(text, &outcome->out);
	if (!capture->err)
		return;
	if (text->len > 0 && text->data[text->len - 1] != '\n' &&
	    outcome->err.len > 0)
		str_add_char(text, '\n');
	str_add_str(text, &outcome->err);
}

static bool
set_capture(const struct step *step, const struct outcome *outcome,
    struct vars *kept, struct error *err)
{
	const struct capture *capture = &step->capture;
	enum vars_class class = class_of(step->kind);
	autostr struct str text = { 0 };
	struct error why = { 0 };
	bool ok = true;
	captured_text(capture, outcome, &text);
	json_t *value =
	    convert(capture->format, &text, outcome_is_ok(outcome), &why);
	if (value == NULL) {
		value = plain(&text);
		ok = !outcome_is_ok(outcome);
	}
	vars_set(kept, capture->name, value, class);
	vars_set_new(kept, "CAPTURED_OUTPUT", plain(&text), class);
	set_beside(capture, value, "exit_code", capture->exit_code,
	    json_integer(outcome->failure.exit_code), VARS_TRUSTED, kept);
	set_beside(capture, value, "success", capture->success,
	    json_boolean(outcome_is_ok(outcome)), VARS_TRUSTED, kept);
	set_beside(capture, value, "duration", capture->duration,
	    seconds(outcome), VARS_TRUSTED, kept);
	set_beside(capture, value, "stderr", capture->err, plain(&outcome->err),
	    class, kept);
	json_decref(value);
	if (!ok) {
		autofree char *label = step_label(step);
		error_move(err, &why);
		return error_wrap(err, "failed to parse output of %s as %s%s",
		    label, capture->format == CAPTURE_JSON ? "json" : "number",
		    outcome->cut ? " (it was too long and is cut)" : "");
	}
	error_release(&why);
	return true;
}

bool
captures_publish(const struct step *step, const struct outcome *outcome,
    struct vars *recent, struct vars *kept, struct error *err)
{
	set_defaults(step, outcome, recent);
	if (step->id != NULL)
		set_id(step, outcome, kept);
	if (step->capture.name == NULL)
		return true;
	return set_capture(step, outcome, kept, err);
}

/* --- of a phase ------------------------------------------------------- */

static bool
is_wanted(const struct phase_captures *captures, size_t index)
{
	for (size_t i = 0; i < captures->wanted->n; i++)
		if (captures->wanted->items[i].command_index == index)
			return true;
	return false;
}

void
phase_captures_add(struct phase_captures *captures, size_t index,
    const struct outcome *outcome)
{
	if (outcome->skipped || !is_wanted(captures, index))
		return;
	captures->items = mem_grow(captures->items, &captures->cap,
	    captures->n + 1, sizeof(*captures->items));
	struct captured_step *one = &captures->items[captures->n++];
	*one = (struct captured_step){ .index = index };
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
		return;
	case OUTPUT_STDERR:
		str_add_str(text, err_text);
		return;
	case OUTPUT_BOTH:
		str_add_str(text, out);
		str_add_char(text, '\n');
		str_add_str(text, err_text);
		return;
	case OUTPUT_SOURCES:
		break;
	}
	BUG("output source %d", (int)capture->source);
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
whole(const struct str *text)
{
	return json_string_lossy(str_text(text), text->len);
}

/* The line at a place, an empty text when there is none. */
static json_t *
line_at(json_t *lines, size_t place)
{
	json_t *line = json_incref(json_array_get(lines, place));
	return line != NULL ? line : json_string("");
}

static json_t *
apply_multiline(enum output_lines multiline, struct str *text)
{
	autojson json_t *lines = to_lines(text);
	size_t n = json_array_size(lines);
	switch (multiline) {
	case OUTPUT_PRESERVE:
		return whole(text);
	case OUTPUT_JOIN:
		for (size_t i = 0; i < text->len; i++)
			if (text->data[i] == '\n')
				text->data[i] = ' ';
		return whole(text);
	case OUTPUT_FIRST_LINE:
		return line_at(lines, 0);
	case OUTPUT_LAST_LINE:
		return line_at(lines, n > 0 ? n - 1 : 0);
	case OUTPUT_ARRAY:
		return json_incref(lines);
	case OUTPUT_LINES:
		break;
	}
	BUG("choice of lines %d", (int)multiline);
}

/* The one value that a path selects, or an array of several. */
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

static json_t *
extract(const struct output_capture *capture, const struct str *out,
    const struct str *err_text, struct error *err)
{
	autostr struct str text = { 0 };
	choose_source(capture, out, err_text, &text);
	if (capture->max_size > 0)
		str_cut(&text,
		    text_cut(str_text(&text), text.len, capture->max_size));
	/* A pattern, or a choice of lines, needs the path's value as text. */
	if (capture->json_path != NULL) {
		json_t *value = apply_path(capture->json_path, &text, err);
		if (value == NULL)
			return NULL;
		bool is_last = capture->pattern == NULL &&
		    (capture->multiline == OUTPUT_PRESERVE ||
			!json_is_string(value));
		if (is_last)
			return value;
		str_clear(&text);
		json_text_of(value, &text);
		json_decref(value);
	}
	if (capture->pattern != NULL &&
	    !apply_pattern(capture->pattern, &text, err))
		return NULL;
	str_cut(&text, plain_len(&text));
	return apply_multiline(capture->multiline, &text);
}

static const struct captured_step *
find(const struct phase_captures *captures, size_t index)
{
	for (size_t i = 0; i < captures->n; i++)
		if (captures->items[i].index == index)
			return &captures->items[i];
	return NULL;
}

static void
publish(const struct phase_captures *captures,
    const struct output_capture *capture, struct chain *chain)
{
	autoerror struct error err = { 0 };
	const struct steps *steps = &chain->spec->steps;
	const struct captured_step *from =
	    find(captures, capture->command_index);
	enum vars_class class = capture->command_index < steps->n
	    ? class_of(steps->items[capture->command_index].kind)
	    : VARS_CAPTURE;
	json_t *value = NULL;
	if (from == NULL)
		error_set(&err, ERROR_INPUT, "command %u did not run",
		    capture->command_index);
	else
		value = extract(capture, &from->out, &from->err, &err);
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
phase_captures_publish(
    const struct phase_captures *captures, struct chain *chain)
{
	for (size_t i = 0; i < captures->wanted->n; i++)
		publish(captures, &captures->wanted->items[i], chain);
}

void
phase_captures_release(struct phase_captures *captures)
{
	for (size_t i = 0; i < captures->n; i++) {
		str_release(&captures->items[i].out);
		str_release(&captures->items[i].err);
	}
	free(captures->items);
	*captures = (struct phase_captures){ 0 };
}
