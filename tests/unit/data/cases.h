/* SPDX-License-Identifier: MIT */
/*
 * Cases from a file of tests/cases: three lines each (a text in one of our
 * languages, the input, the result) and a blank line; lines that begin with
 * "# " are comments. The input "=" stands for that of the case before.
 */
#ifndef UNIT_DATA_CASES_H
#define UNIT_DATA_CASES_H

#include <jansson.h>

#include "base/error.h"
#include "base/str.h"

/*
 * Appends the result of one case to got, or sets err, which stands for the
 * result "error: " and its text.
 */
typedef void cases_fn(
    const char *text, const json_t *input, struct str *got, struct error *err);

/* Checks all cases of the file name. */
void cases_run(const char *name, cases_fn *fn);

#endif
