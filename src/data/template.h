/* SPDX-License-Identifier: MIT */
/*
 * Interpolation of ${reference}, ${reference:-default}, ${reference|filter}
 * and $name in the texts of a workflow (see prodigy-workflow(5)).
 * One pass; values are never scanned again; a reference that cannot be
 * resolved stays byte for byte as written.
 */
#ifndef DATA_TEMPLATE_H
#define DATA_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/filters.h"
#include "data/vars.h"

#define TEMPLATE_LIMIT (16u * 1024 * 1024) /* bytes of one expansion */

struct template_report {
	/* References with a known first component that lead nowhere. */
	struct strv unresolved;
};
void template_report_release(struct template_report *report);

/*
 * Expands text for a prompt or a file: values are inserted as text. Appends
 * to out. report may be NULL.
 */
bool template_text(const char *text, const struct vars *vars, struct str *out,
    struct template_report *report, struct error *err) MUST_USE;

/* --- one reference ---------------------------------------------------- */

struct template_ref {
	size_t at; /* offset of the dollar sign, or of a backslash before it */
	size_t end; /* behind the reference */
	const char *name; /* within the text */
	size_t name_len;
	const char *spec; /* modifiers and filters */
	size_t spec_len;
	bool braced;
	bool escaped; /* a backslash stands before it */
};

/*
 * Finds the next reference at or behind *at and moves *at behind it. In shell
 * text "$$" is always the process id, elsewhere the second of the dollar
 * signs may begin "${name}".
 */
bool template_ref_next(const char *text, size_t len, size_t *at, bool shell,
    struct template_ref *ref) MUST_USE;

struct template_value {
	json_t *value; /* owned; NULL: stays as written */
	enum vars_class class;
	enum filters_form form;
};

/* Resolves a reference; one that cannot be goes into the report. */
bool template_resolve(const struct template_ref *ref, const struct vars *vars,
    bool shell, struct template_value *found, struct template_report *report,
    struct error *err) MUST_USE;

#endif
