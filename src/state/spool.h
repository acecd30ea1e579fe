/* SPDX-License-Identifier: MIT */
/*
 * The frozen list of work items: work-items.jsonl in the job's folder, one
 * {"id","label","data"} a line, written once before the map phase and never
 * changed. In memory an item is the offset of its line.
 */
#ifndef STATE_SPOOL_H
#define STATE_SPOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"

#define SPOOL_NAME "work-items.jsonl"

struct spool {
	int fd; /* -1: not open */
	char *path;
	uint64_t *offsets; /* n + 1 of them */
	size_t n;
	size_t cap;
	char sha256[65]; /* of the file's bytes */
};

/* Opens and indexes it; a digest that differs from expected is ERROR_STATE. */
bool spool_open(struct spool *spool, const char *path, const char *expected,
    struct error *err) MUST_USE;
/*
 * The data of item i; new reference, NULL on failure. *label (NULL: not wanted)
 * gets its label, allocated; a list of an older version has labels, too.
 */
json_t *spool_item(const struct spool *spool, size_t i, char **label,
    struct error *err) MUST_USE;
void spool_close(struct spool *spool);

#endif
