/* SPDX-License-Identifier: MIT */
/*
 * Attributes, scope clean-up and assertions that every module may use.
 */
#ifndef BASE_DEFS_H
#define BASE_DEFS_H

#include <stddef.h>

#define PRINTF_LIKE(fmt, args) __attribute__((__format__(printf, fmt, args)))
#define MUST_USE __attribute__((__warn_unused_result__))
#define NORETURN __attribute__((__noreturn__))
#define MAYBE_UNUSED __attribute__((__unused__))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Clean-up at the end of a scope. A variable so marked is released when its
 * scope is left, by whatever path. Types have their own macro beside their
 * definition (autostr, autostrv, autojson, ...). A lock's descriptor, or text
 * that is given back at once, is used by nothing but its clean-up: clang wants
 * to be told.
 */
#define autofree __attribute__((__cleanup__(cleanup_free), __unused__))
#define autofd __attribute__((__cleanup__(cleanup_fd), __unused__))

void cleanup_free(void *pointer_to_pointer);
void cleanup_fd(const int *fd);

/*
 * What cannot happen, whatever the input or the system does: print one line
 * with the place and abort. Never for bad input or failed calls.
 */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *fmt, ...)
    PRINTF_LIKE(3, 4) NORETURN;

#endif
