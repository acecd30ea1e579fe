/* SPDX-License-Identifier: MIT */
/* Interpolation of shell scripts (see data/template.h for references). */
#ifndef DATA_TEMPLATE_SHELL_H
#define DATA_TEMPLATE_SHELL_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/template.h"
#include "data/vars.h"

/* Names of variables that carry values into a script: PRODIGY_V1, ... */
#define TEMPLATE_ENV_PREFIX "PRODIGY_V"

/*
 * Expands a shell script. Values that are data travel in the environment: the
 * script gets a reference that suits the quoting context where it stands, and
 * env (NAME=VALUE entries are appended) the value, of whatever size: what the
 * system does not take is the caller's to carry otherwise. With raw, values are
 * pasted as text (the old behaviour).
 *
 * Fails with ERROR_INPUT when a value cannot be carried: NUL inside, a quoted
 * here-document whose delimiter the value contains as a line, or text that is
 * no number inside arithmetic; the text names the reference.
 */
bool template_shell(const char *script, const struct vars *vars, bool raw,
    struct str *out, struct strv *env, struct template_report *report,
    struct error *err) MUST_USE;

#endif
