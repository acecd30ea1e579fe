/* SPDX-License-Identifier: MIT */
/* A temporary folder for a test, and short ways to files in it. */
#ifndef UNIT_STATE_SCRATCH_H
#define UNIT_STATE_SCRATCH_H

#include <jansson.h>
#include <stddef.h>

#include "base/str.h"

/* Makes the folder (canonical path); removed by scratch_done(). */
const char *scratch_dir(void);
/* A path in it, allocated. */
char *scratch_path(const char *name);
void scratch_write(const char *path, const void *bytes, size_t len);
void scratch_read(const char *path, struct str *out);
/* Entries of a folder, without "." and "..". */
size_t scratch_count(const char *dir);
/* JSON of a literal; aborts when it is none. */
json_t *scratch_json(const char *text);
void scratch_done(void);

#endif
