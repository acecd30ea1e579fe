/* SPDX-License-Identifier: MIT */
/*
 * Interpolation of ${reference}, ${reference:-default}, ${reference|filter}
 * and $name in the texts of a workflow (see prodigy-workflow(5)).
 * One pass; values are never scanned again; a reference that cannot be
 * resolved stays byte for byte as written.
 */
#ifndef DATA_TEMPLATE_H
#define DATA_TEMPLATE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/vars.h"

/* Names of variables that carry values into a script: PRODIGY_V1, ... */
#define TEMPLATE_ENV_PREFIX "PRODIGY_V"
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

/*
 * Expands a shell script. Values that are data travel in the environment: the
 * script gets a reference that suits the quoting context where it stands, and
 * env (NAME=VALUE entries are appended) the value. With raw, values are pasted
 * as text (the old behaviour).
 *
 * Fails with ERROR_INPUT when a value cannot be carried: NUL inside, a quoted
 * here-document whose delimiter the value contains as a line, text that is no
 * number inside arithmetic, or an entry over the limit of one argument
 * (128 KiB); the text names the reference.
 */
bool template_shell(const char *script, const struct vars *vars, bool raw,
    struct str *out, struct strv *env, struct template_report *report,
    struct error *err) MUST_USE;

/*
 * The references of a text in order, without resolving (for checks and for
 * dependency analysis): the reference part only, e.g. "item.path".
 */
void template_references(const char *text, struct strv *out);

#endif
