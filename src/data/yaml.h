/* SPDX-License-Identifier: MIT */
/*
 * YAML 1.2 (JSON included) as a checked tree of nodes that know their place.
 *
 * One pass over libyaml's events builds the tree, and every limit below is
 * tested while it grows, so that a hostile file costs no more than a good one
 * of its size. What a caller sees has no surprises left: keys are text and
 * unique, merge keys ("<<") are resolved, aliases share their node but never
 * lead in a circle, and following all of them takes at most YAML_VISITS_LIMIT
 * steps and YAML_DEPTH_LIMIT levels.
 *
 * Names of functions here must not be names that libyaml exports for itself
 * (yaml_free, yaml_malloc, yaml_strdup ...).
 */
#ifndef DATA_YAML_H
#define DATA_YAML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

#define YAML_BYTES_LIMIT (1024u * 1024)
#define YAML_DEPTH_LIMIT 64
#define YAML_NODES_LIMIT 200000
#define YAML_ANCHORS_LIMIT 1000
#define YAML_ALIASES_LIMIT 1000
#define YAML_VISITS_LIMIT 1000000 /* nodes with all aliases expanded */
#define YAML_BLANKS_LIMIT 4096 /* blanks and line breaks in a row */
#define YAML_DIRECTIVES_LIMIT 16 /* lines that begin with '%' */
#define YAML_DIRECTIVE_BYTES 1024 /* length of such a line */

enum yaml_kind {
	YAML_KIND_SCALAR,
	YAML_KIND_LIST,
	YAML_KIND_MAP,
};

/* What a scalar is by the YAML 1.2 core schema. */
enum yaml_type {
	YAML_TYPE_NULL,
	YAML_TYPE_BOOL,
	YAML_TYPE_INT,
	YAML_TYPE_REAL,
	YAML_TYPE_TEXT,
};

struct yaml_place {
	unsigned line; /* from 1 */
	unsigned column; /* in characters, from 1 */
};

struct yaml_node {
	enum yaml_kind kind;
	struct yaml_place place;
	bool plain; /* a scalar without quotes: its type counts */
	char *text; /* of a scalar, as written after unquoting; no NUL inside */
	size_t len; /* of text */
	struct yaml_node **items; /* of a list */
	struct yaml_entry
	    *entries; /* of a map, in file order, merged ones last */
	size_t n; /* items or entries */

	/* Of the reader. */
	size_t cap;
	size_t visits; /* nodes below, aliases expanded, and itself */
	unsigned height; /* levels of collections, itself included */
	bool open; /* its end has not been read */
};

struct yaml_entry {
	struct yaml_node *key; /* a scalar */
	struct yaml_node *value;
};

struct yaml_doc {
	char *name; /* of the file, for messages */
	char *bytes; /* the source, without byte order mark */
	size_t len;
	uint32_t *lines; /* offset of each line's first byte */
	size_t n_lines;
	size_t cap_lines;
	struct yaml_node **nodes; /* all of them, owned */
	size_t n_nodes;
	size_t cap_nodes;
	const struct yaml_node *root; /* NULL: the file has no content */
};

/*
 * Reads a document of len bytes; name stands for the file in messages. On
 * failure doc is left empty and err says where: see yaml_render(). Refused:
 * more than one document, duplicate keys, keys that are no text, circular
 * aliases, tags other than the core schema's and !name (read as {name:
 * value}), UTF-16, invalid UTF-8, NUL and other control characters, and what
 * exceeds a limit.
 */
bool yaml_load(const char *name, const void *bytes, size_t len,
    struct yaml_doc *doc, struct error *err) MUST_USE;
void yaml_doc_release(struct yaml_doc *doc);

/* The value of a key, or NULL. */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);
enum yaml_type yaml_type(const struct yaml_node *scalar);
/* The type that text has when it is written without quotes. */
enum yaml_type yaml_type_of(const char *text);
bool yaml_is_null(const struct yaml_node *node);
/* Reads text of type YAML_TYPE_INT; false when it does not fit. */
bool yaml_int(const char *text, int64_t *value) MUST_USE;
/* "a list", "a map", "text", "a number" ...: for "expected X, found Y". */
const char *yaml_describe(const struct yaml_node *node);
/*
 * The node as a JSON value (new reference). Fails on what JSON does not hold:
 * integers beyond 64 bits, infinity, not-a-number.
 */
json_t *yaml_to_json(const struct yaml_doc *doc, const struct yaml_node *node,
    struct error *err) MUST_USE;

/*
 * Appends "FILE:LINE:COL: message", the source line and a caret under the
 * column. Message and line are made fit for a terminal; a long line is cut
 * around the place. No newline at the end.
 */
void yaml_render(const struct yaml_doc *doc, struct yaml_place place,
    const char *message, struct str *out);
/*
 * The place of a character (from 1) of a scalar's text; false where the source
 * does not show the text as it is.
 */
bool yaml_place_within(const struct yaml_doc *doc,
    const struct yaml_node *scalar, unsigned character,
    struct yaml_place *place) MUST_USE;
/* Sets err to that text. Returns false. */
bool yaml_error(const struct yaml_doc *doc, struct yaml_place place,
    struct error *err, enum error_kind kind, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* --- writing ---------------------------------------------------------- */

/*
 * Appends value as a YAML document that reads back the same, in block style
 * and without a leading "---". Nesting is limited by the caller's JSON reader.
 */
bool yaml_emit(
    const json_t *value, struct str *out, struct error *err) MUST_USE;

#endif
