/* SPDX-License-Identifier: MIT */
/*
 * What an item is called, so that people tell one from another: its label. It
 * is made once, where the list of items is frozen, and stands beside the id,
 * which is what commands and records go by; two items may have the same.
 */
#ifndef PLAN_LABEL_H
#define PLAN_LABEL_H

#include <jansson.h>
#include <stddef.h>

#include "base/defs.h"
#include "data/vars.h"

#define LABEL_CHARACTERS 80

/*
 * The label of an item: one line of visible characters, never empty. With a
 * template (map.item_name), what that comes to with the item's values and those
 * of vars (may be NULL), if it finds them all. Otherwise the first of name,
 * title, path, file, id, key, ticket and url that the item has as a text or a
 * number; or its value; for a list or another map as compact JSON. An item
 * without any text is called by its id. Allocated.
 */
char *label_make(const char *template, const struct vars *vars,
    const json_t *data, size_t index) MUST_USE;

/* "item_6 (src/price.c)", or the id alone when the label says no more. */
char *label_beside(const char *id, const char *label) MUST_USE;

#endif
