/* SPDX-License-Identifier: MIT */
/*
 * Bytes that came from outside, made fit for JSON, for a terminal or for a
 * shell.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

/* UTF-8 as in RFC 3629: shortest forms, no surrogates. */
bool text_is_utf8(const void *bytes, size_t len);
/*
 * For what must keep its bytes and can only be UTF-8: names, paths, items. An
 * error names what, the first byte that is wrong, and shows the text.
 */
bool text_check(const char *what, const void *bytes, size_t len,
    struct error *err) MUST_USE;
/*
 * The longest prefix of at most limit bytes that does not end within a UTF-8
 * character: its length, len itself when all fits. Bytes that are not UTF-8 are
 * cut at the limit.
 */
size_t text_cut(const char *bytes, size_t len, size_t limit);
/*
 * The longest suffix of at most limit bytes that does not begin within a UTF-8
 * character: its offset, 0 when all fits. Bytes that are not UTF-8 are cut at
 * the limit.
 */
size_t text_tail(const char *bytes, size_t len, size_t limit);
/*
 * Of the front of a longer text: how many of its bytes are whole characters,
 * so that the rest, a few bytes at most, belongs to one that goes on.
 */
size_t text_whole(const char *bytes, size_t len);
/*
 * Of the end of a longer text: how many bytes at its front, a few at most,
 * belong to a character that began before.
 */
size_t text_rest(const char *bytes, size_t len);
/* How many characters UTF-8 text has. */
size_t text_count(const char *bytes, size_t len);
/* Appends bytes with each invalid sequence replaced by U+FFFD. */
void text_repair(struct str *out, const void *bytes, size_t len);
/*
 * Appends text fit for a terminal: C0 but newline and tab, DEL, C1, invalid
 * UTF-8 and the bidirectional controls U+202A-202E, U+2066-2069,
 * U+200E-200F, U+061C as visible escapes (\e, \x07, \u202e). With one_line,
 * newline and tab too.
 */
void text_visible(
    struct str *out, const void *bytes, size_t len, bool one_line);
/*
 * Appends text as a title: one line, each run of blanks as one space and none
 * at the ends, the rest as text_visible() has it, at most so many characters,
 * the last of which is an ellipsis when more was there.
 */
void text_line(
    struct str *out, const char *bytes, size_t len, size_t characters);
/*
 * Appends JSON text in which what is left of those characters (DEL, C1 and the
 * bidirectional controls) is escaped as JSON has it: the values stay the same.
 */
void text_visible_json(struct str *out, const char *json, size_t len);
/* Display columns of UTF-8 text (wcwidth; 1 where unknown). */
size_t text_width(const char *text);
/* Appends text cut to columns, ending in an ellipsis when cut. */
void text_fit(struct str *out, const char *text, size_t columns, bool ascii);
/* Appends text as one single-quoted shell word. */
void text_shell_quote(struct str *out, const char *text);
/*
 * Edit distance for "did you mean": the candidate (NULL-terminated array) that
 * is nearest to word and near enough to suggest, or NULL.
 */
const char *text_nearest(const char *word, const char *const *candidates);
bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
/* Space, tab, newline and carriage return, in every locale. */
bool text_is_blank(char c);
/* A letter, a digit or '_', in ASCII and in every locale. */
bool text_is_name_char(char c);
/* A name as a shell has them: name characters, at least one, no digit first. */
bool text_is_name(const char *bytes, size_t len);
/* Trims ASCII white space at both ends in place; returns the new start. */
char *text_trim(char *text);

#endif
