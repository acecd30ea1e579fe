/* SPDX-License-Identifier: MIT */
/*
 * A command line as people write it in a variable or a setting: words that are
 * separated by blanks, quoted as for a shell. Nothing is expanded and nothing
 * has a meaning but quotes and backslashes.
 */
#ifndef DATA_WORDS_H
#define DATA_WORDS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

/*
 * Appends the words of text. Between single quotes all is as it stands; between
 * double quotes a backslash takes the meaning from $ ` " \ and a newline, and
 * stays before anything else; outside it does so from any character. A quote
 * that is not closed and a backslash at the end are ERROR_INPUT.
 */
bool words_split(
    const char *text, struct strv *words, struct error *err) MUST_USE;

#endif
