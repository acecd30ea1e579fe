/* SPDX-License-Identifier: MIT */
/* How much an item has changed: files, and lines of those that are text. */
#ifndef PLAN_CHANGES_H
#define PLAN_CHANGES_H

#include <jansson.h>
#include <stdint.h>

#include "base/defs.h"

struct changes {
	int64_t files;
	int64_t insertions;
	int64_t deletions;
};

void changes_add(struct changes *to, const struct changes *more);
/* Its members in records: files, insertions, deletions; none for no files. */
void changes_describe(const struct changes *changes, json_t *object);
/* An object of them; NULL for no files. */
json_t *changes_to_json(const struct changes *changes) MUST_USE;
void changes_from_json(const json_t *object, struct changes *changes);

#endif
