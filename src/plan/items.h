/* SPDX-License-Identifier: MIT */
/*
 * Which items a map works on: a pure function of the input document and the
 * map's settings (see prodigy-workflow(5)):
 *
 *	json_path -> filter -> sort_by -> distinct -> offset -> max_items
 *
 * and how the list that comes of it is written down.
 */
#ifndef PLAN_ITEMS_H
#define PLAN_ITEMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/record.h"
#include "workflow/workflow.h"

#define ITEMS_LIMIT 1000000 /* items of one job */

struct items_config {
	const char *json_path; /* NULL or "": the whole document */
	const char *filter; /* NULL or "": none, as for the others */
	const struct strv *sort_by;
	const char *distinct;
	size_t offset;
	size_t max_items;
	bool has_max_items;
};

/* What an input turned out to be. */
enum items_form {
	ITEMS_JSON,
	ITEMS_JSON_LINES,
	ITEMS_TEXT_LINES,
	ITEMS_FORMS
};

/* How the list came about; it travels with the result of the plan. */
struct items_counts {
	enum items_form form;
	size_t input; /* elements of the document, or lines */
	size_t selected; /* by the path */
	size_t filtered; /* that passed the filter */
	size_t distinct; /* left after distinct */
	size_t planned; /* left after offset and max_items */
	bool spread; /* a path to one array stood for its elements */
};

extern const struct record_table items_counts_table;

/* "JSON", "JSON lines" or "lines of text". */
const char *items_form_name(enum items_form form);
/*
 * Appends what each stage that is set left over: "input 250, json_path 12,
 * filter 0". What nobody asked for is not named.
 */
void items_counts_tell(const struct items_counts *counts,
    const struct items_config *config, struct str *out);

/* The settings of a map; borrows its texts. */
struct items_config items_config_of(const struct map_block *map);

/*
 * The items, as a new array that shares the document's values; NULL on
 * failure: ERROR_INPUT that names the setting ("filter: column 9: ..."). Fills
 * all of counts but the form, which items_parse() knows.
 */
json_t *items_plan(const json_t *document, const struct items_config *config,
    struct items_counts *counts, struct error *err) MUST_USE;

/*
 * "item_7", the id of an item by its place in the list, from 0, and back:
 * false for any other text, a leading zero and numbers beyond ITEMS_LIMIT.
 */
char *items_id(size_t index) MUST_USE;
bool items_index(const char *id, size_t *index);

/*
 * The frozen list of a job is a file with a line for each item:
 *
 *	{"id":"item_7","label":"...","data":...}
 *
 * Encoding appends the line of an item with its newline. Decoding gives the
 * data (a new reference) of the line of this item, or NULL; name is that of the
 * file, for the error. *label (NULL: not wanted) gets its label, allocated, and
 * NULL when the line has none.
 */
void items_line_encode(
    size_t index, const char *label, const json_t *data, struct str *out);
json_t *items_line_decode(const char *line, size_t len, const char *name,
    size_t index, char **label, struct error *err) MUST_USE;

/* --- the input -------------------------------------------------------- */

/* The bytes of an input as a document (see prodigy-workflow(5)). */
#define ITEMS_LINE_LIMIT ((size_t)1024 * 1024) /* bytes of a line */

/*
 * The document that an input is: all of it as JSON, or else an array of its
 * lines that are not blank. A line is JSON if it reads as such, otherwise the
 * JSON string of its bytes (repaired to UTF-8); so is a real that would not
 * print as it was written, such as the version 1.10.
 *
 * What begins like JSON but is broken is an error, not text, and so is a file
 * without content under a name that ends in ".json". NULL on failure:
 * ERROR_INPUT "NAME:LINE:COL: why". form may be NULL.
 */
json_t *items_parse(const void *bytes, size_t len, const char *name,
    enum items_form *form, struct error *err) MUST_USE;

#endif
