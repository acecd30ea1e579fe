/* SPDX-License-Identifier: MIT */
/*
 * Sorting of JSON values by keys such as "priority DESC NULLS FIRST, name".
 * Stable; nulls last unless said, whatever the direction.
 */
#ifndef DATA_SORT_H
#define DATA_SORT_H

#include <jansson.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

struct sort;

/*
 * All texts together are the keys, in order; each holds one or more of them:
 *
 *	path [ASC|ASCENDING|DESC|DESCENDING] [NULLS FIRST|LAST] {, ...}
 *
 * NULL on failure: ERROR_INPUT "column N: why".
 */
struct sort *sort_parse(const struct strv *texts, struct error *err) MUST_USE;
void sort_free(struct sort *sort);
/* Reorders the array in place. */
void sort_array(const struct sort *sort, json_t *array);

#endif
