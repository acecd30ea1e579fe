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

struct span {
	const char *text;
	size_t len;
};

static struct span
trim(const struct str *text)
{
	struct span span = { str_text(text), text->len };
	while (span.len > 0 && text_is_blank(span.text[0])) {
		span.text++;
		span.len--;
	}
	while (span.len > 0 && text_is_blank(span.text[span.len - 1]))
		span.len--;
	return span;
}

/* Text without the newlines at its end, as a shell's $(...) gives it. */
static json_t *
plain(const struct str *text)
{
	size_t len = text->len;
	while (len > 0 && text->data[len - 1] == '\n')
		len--;
	return json_stringn(str_text(text), len);
}

static json_t *
to_json(const struct str *text, struct error *err)
{
	struct span span = trim(text);
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
	struct span span = trim(text);
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
	struct span span = trim(text);
	autofree char *word = mem_text_n(span.text, span.len);
	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		if (strcasecmp(word, yes[i]) == 0)
			return json_true();
		if (strcasecmp(word, no[i]) == 0)
			return json_false();
	}
	return json_boolean(ok);
}

json_t *
capture_convert(enum capture_format format, const struct str *text, bool ok,
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

enum vars_class
captures_class(enum step_kind kind)
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
	enum vars_class class = captures_class(step->kind);
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
	enum vars_class class = captures_class(step->kind);
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
	enum vars_class class = captures_class(step->kind);
	autostr struct str text = { 0 };
	struct error why = { 0 };
	bool ok = true;
	captured_text(capture, outcome, &text);
	json_t *value = capture_convert(
	    capture->format, &text, outcome_is_ok(outcome), &why);
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
