/* SPDX-License-Identifier: MIT */
/*
 * What may follow the name in ${name...}: modifiers (":-text", ":json",
 * ":lines", ":csv", ":*.c,*.h") and filters ("|default:text", "|length",
 * "|json", "|trim", "|lower", "|upper", "|first", "|last", "|join:SEP", "|sh",
 * "|words", "|raw"), prodigy-workflow(5).
 */
#ifndef DATA_FILTERS_H
#define DATA_FILTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

/* How the result wants to enter a text. */
enum filters_form {
	FILTERS_PLAIN,
	FILTERS_SHELL, /* |sh: quoted for a shell */
	FILTERS_WORDS, /* |words: an array, each element a word */
	FILTERS_RAW, /* |raw: pasted into shell text as it is */
};

struct filters_result {
	json_t *value; /* owned by the caller; NULL: nothing was found */
	enum filters_form form;
	bool defaulted; /* the text of a default took its place */
};

/*
 * Applies spec (len bytes) to result->value, which the caller sets (NULL when
 * the name leads nowhere) and which is replaced. list_like: a text stands for
 * the words in it, as for ${step.files_changed}. False when spec is not
 * written in this language; result->value is then still valid.
 */
bool filters_apply(const char *spec, size_t len, bool list_like,
    struct filters_result *result) MUST_USE;

/*
 * Appends the result as text for a place that is no shell script: a
 * FILTERS_SHELL value quoted, FILTERS_WORDS joined by blanks.
 */
void filters_text(const json_t *value, enum filters_form form, struct str *out);

/*
 * Whether path fits one of the patterns, which are separated by commas: "*" and
 * "?" stay within a component, "**" does not. A pattern without a slash is
 * held against the last component.
 */
bool filters_glob(const char *patterns, const char *path);

#endif
