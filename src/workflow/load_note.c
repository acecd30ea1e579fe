/* SPDX-License-Identifier: MIT */
/* Findings of the workflow reader: place, key path, order. */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "workflow/load_note.h"

#define MESSAGE_LIMIT 1000 /* bytes of a message, key path included */
#define PATH_KEY_LIMIT 64 /* bytes of a key in a key path */

static void
add_finding(struct load *load, const struct yaml_node *node, bool warning,
    enum error_kind kind, const char *separator, const char *message)
{
	size_t *count = warning ? &load->n_warnings : &load->n_errors;
	autostr struct str text = { 0 };
	autostr struct str full = { 0 };
	if (++*count > LOAD_FINDINGS_LIMIT)
		return;
	if (load->path.len > 0)
		str_format(&full, "%s%s", str_text(&load->path), separator);
	str_add(&full, message);
	if (full.len > MESSAGE_LIMIT) {
		str_cut(&full, text_cut(full.data, full.len, MESSAGE_LIMIT));
		str_add(&full, "...");
	}
	yaml_render(load->doc, node->place, str_text(&full), &text);
	load->findings = mem_grow(load->findings, &load->cap_findings,
	    load->n_findings + 1, sizeof(*load->findings));
	load->findings[load->n_findings] = (struct load_finding){
		.place = node->place,
		.rank = load->n_findings,
		.warning = warning,
		.kind = kind,
		.text = str_take(&text),
	};
	load->n_findings++;
}

void
load_error(
    struct load *load, const struct yaml_node *node, const char *fmt, ...)
{
	autostr struct str message = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&message, fmt, args);
	va_end(args);
	add_finding(load, node, false, ERROR_INPUT, ": ", str_text(&message));
}

void
load_take_error(
    struct load *load, const struct yaml_node *node, struct error *err)
{
	add_finding(load, node, false, err->kind, ": ", error_text(err));
	error_release(err);
}

void
load_take_text_error(
    struct load *load, const struct yaml_node *scalar, struct error *err)
{
	static const char column[] = "column ";
	const char *text = error_text(err);
	struct yaml_node at = *scalar;
	char *rest = NULL;
	if (!text_starts_with(text, column)) {
		load_take_error(load, scalar, err);
		return;
	}
	const unsigned long character =
	    strtoul(text + strlen(column), &rest, 10);
	if (text_starts_with(rest, ": ") && character <= scalar->len + 1 &&
	    yaml_place_within(
		load->doc, scalar, (unsigned)character, &at.place))
		text = rest + strlen(": ");
	add_finding(load, &at, false, err->kind, ": ", text);
	error_release(err);
}

void
load_note_unsupported(
    struct load *load, const struct yaml_node *node, const char *what)
{
	add_finding(load, node, false, ERROR_UNSUPPORTED, what,
	    " is not supported yet");
}

void
load_warn(struct load *load, const struct yaml_node *node, const char *fmt, ...)
{
	autostr struct str message = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&message, fmt, args);
	va_end(args);
	add_finding(load, node, true, ERROR_NONE, ": ", str_text(&message));
}

size_t
load_enter_key(struct load *load, const char *key)
{
	const size_t before = load->path.len;
	if (before > 0)
		str_add_char(&load->path, '.');
	if (strlen(key) <= PATH_KEY_LIMIT)
		str_add(&load->path, key);
	else
		str_format(&load->path, "%.*s...", PATH_KEY_LIMIT, key);
	return before;
}

size_t
load_enter_index(struct load *load, size_t index)
{
	const size_t before = load->path.len;
	str_format(&load->path, "[%zu]", index);
	return before;
}

void
load_leave(struct load *load, size_t before)
{
	str_cut(&load->path, before);
}

static int
compare_findings(const void *left, const void *right)
{
	const struct load_finding *a = left;
	const struct load_finding *b = right;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void
report_error(struct error_list *errors, enum error_kind kind, const char *text)
{
	struct error err = { 0 };
	error_set(&err, kind, "%s", text);
	error_list_add(errors, &err);
}

static void
report_rest(
    const struct load *load, struct error_list *errors, struct strv *warnings)
{
	if (load->n_errors > LOAD_FINDINGS_LIMIT) {
		autofree char *text = mem_format("%s: and %zu more errors",
		    load->doc->name, load->n_errors - LOAD_FINDINGS_LIMIT);
		report_error(errors, ERROR_INPUT, text);
	}
	if (load->n_warnings > LOAD_FINDINGS_LIMIT)
		strv_format(warnings, "%s: and %zu more warnings",
		    load->doc->name, load->n_warnings - LOAD_FINDINGS_LIMIT);
}

void
load_report(struct load *load, struct error_list *errors, struct strv *warnings)
{
	if (load->n_findings > 0)
		qsort(load->findings, load->n_findings, sizeof(*load->findings),
		    compare_findings);
	for (size_t i = 0; i < load->n_findings; i++) {
		const struct load_finding *finding = &load->findings[i];
		if (finding->warning)
			strv_add(warnings, finding->text);
		else
			report_error(errors, finding->kind, finding->text);
	}
	report_rest(load, errors, warnings);
}

void
load_release(struct load *load)
{
	for (size_t i = 0; i < load->n_findings; i++)
		free(load->findings[i].text);
	free(load->findings);
	str_release(&load->path);
	*load = (struct load){ 0 };
}
