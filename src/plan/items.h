/* SPDX-License-Identifier: MIT */
/*
 * Which items a map works on: a pure function of the input document and the
 * map's settings (see prodigy-workflow(5)):
 *
 *	json_path -> filter -> sort_by -> distinct -> offset -> max_items
 */
#ifndef PLAN_ITEMS_H
#define PLAN_ITEMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
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

struct items_counts {
	size_t selected; /* by the path */
	size_t filtered; /* that passed the filter */
	size_t distinct; /* left after distinct */
	size_t planned; /* left after offset and max_items */
	bool spread; /* a path to one array stood for its elements */
};

/* The settings of a map; borrows its texts. */
struct items_config items_config_of(const struct map_block *map);

/*
 * The items, as a new array that shares the document's values; NULL on
 * failure: ERROR_INPUT that names the setting ("filter: column 9: ...").
 */
json_t *items_plan(const json_t *document, const struct items_config *config,
    struct items_counts *counts, struct error *err) MUST_USE;
/* Checks the texts of a configuration without items, with the same errors. */
bool items_check(const struct items_config *config, struct error *err) MUST_USE;

#endif
