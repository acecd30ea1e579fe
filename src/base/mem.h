/* SPDX-License-Identifier: MIT */
/*
 * Allocation that does not fail: out of memory ends the process with one line
 * on standard error and status 1. Records already written are safe, so the
 * effect is that of a crash. Free with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/defs.h"

/* A zeroed block of size bytes (size 0 gives a valid pointer). */
void *mem_zalloc(size_t size) MUST_USE;
/* A zeroed array of n elements; overflow is treated as out of memory. */
void *mem_array(size_t n, size_t size) MUST_USE;
/* Resizes to n elements; what is added is not initialised. */
void *mem_resize(void *block, size_t n, size_t size) MUST_USE;
/*
 * Room for at least n elements in a growing array: returns block or its
 * successor and raises *cap, doubling.
 */
void *mem_grow(void *block, size_t *cap, size_t n, size_t size) MUST_USE;
/* Copies of text. mem_text(NULL) is NULL. */
char *mem_text(const char *text) MUST_USE;
char *mem_text_n(const char *text, size_t len) MUST_USE;
char *mem_format(const char *fmt, ...) PRINTF_LIKE(1, 2) MUST_USE;

#endif
