/* SPDX-License-Identifier: MIT */
/*
 * JSON on Jansson: loading with places, text that is always UTF-8, numbers as
 * people expect them, and one serialiser with sorted members.
 *
 * Numbers: integers of int64 are exact; an integer beyond is an input error;
 * a real is printed as the shortest text that reads back the same (Jansson
 * itself prints 0.1 with 17 digits). LC_NUMERIC must be "C", as at the start
 * of a program.
 */
#ifndef DATA_JSON_H
#define DATA_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"

#define JSON_FILE_LIMIT (256u * 1024 * 1024)
#define JSON_DEPTH_LIMIT 128 /* arrays and objects within each other */

#define autojson __attribute__((__cleanup__(json_cleanup)))
void json_cleanup(json_t *const *json);

/* Gives Jansson the allocator that does not fail. Once, at the start. */
void json_init(void);

/*
 * Parses one document from outside; duplicate members, integers beyond int64
 * and nesting beyond the limit are refused. On failure NULL and ERROR_INPUT:
 * "NAME:LINE:COL: why".
 */
json_t *json_load_text(const void *bytes, size_t len, const char *name,
    struct error *err) MUST_USE;
/*
 * Loads one line of a text as json_load_text() does; line is its number in the
 * text, for the error.
 */
json_t *json_load_line(const void *bytes, size_t len, const char *name,
    size_t line, struct error *err) MUST_USE;
/*
 * Loads what prodigy wrote itself. A value from outside, as deep as that may
 * be, lies in there with a record around it, so that more depth is allowed.
 */
json_t *json_load_record(const void *bytes, size_t len, const char *name,
    struct error *err) MUST_USE;
/* A record that is a whole file of at most limit bytes. */
json_t *json_load_path(
    const char *path, size_t limit, struct error *err) MUST_USE;

/*
 * A JSON string of any bytes, NUL too: invalid UTF-8 becomes U+FFFD. Never
 * NULL.
 */
json_t *json_string_lossy(const void *bytes, size_t len) MUST_USE;
json_t *json_text(const char *text) MUST_USE; /* NULL gives JSON null */
/*
 * An array of names of files, which may have any bytes: one that is not UTF-8
 * is shown, with \xNN for each byte that is none.
 */
json_t *json_names(const struct strv *names) MUST_USE;

/* Jansson takes json_t * to read as well: the one place for the cast. */
json_t *json_mutable(const json_t *json);

/* Appends compact JSON; with sorted, members bytewise at every level. */
void json_compact(const json_t *json, struct str *out, bool sorted);
/* Appends JSON for people: two blanks a level, members sorted. */
void json_pretty(const json_t *json, struct str *out);
/*
 * Appends a text that is the same for two values when order_equal() holds for
 * them, and only then: compact and sorted, 5.0 as 5. NULL is as null.
 */
void json_key(const json_t *json, struct str *out);
/* Appends the text of a number (see above). */
void json_number_text(const json_t *number, struct str *out);
/*
 * Appends a value as text enters a template: a string as it is, numbers,
 * true/false, null as nothing, an array of strings joined with ", ", other
 * values as compact sorted JSON.
 */
void json_text_of(const json_t *value, struct str *out);

/* Members of an object (or NULL): borrowed text, NULL if absent or no string.
 */
const char *json_get_text(const json_t *object, const char *key);
json_int_t json_get_int(
    const json_t *object, const char *key, json_int_t otherwise);
bool json_get_bool(const json_t *object, const char *key, bool otherwise);
const json_t *json_get(const json_t *object, const char *key);
/* Sets a member to text; NULL sets JSON null. */
void json_set_text(json_t *object, const char *key, const char *text);
/* {"secs":S,"nanos":N} of milliseconds. */
json_t *json_duration(int64_t ms) MUST_USE;

#endif
