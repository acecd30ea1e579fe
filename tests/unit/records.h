/* SPDX-License-Identifier: MIT */
/* Checks for structs that are described by tables (data/record.h). */
#ifndef UNIT_RECORDS_H
#define UNIT_RECORDS_H

#include <stdbool.h>
#include <string.h>

#include "data/record.h"

/* How deep structs are filled that lie in lists or behind owned pointers. */
#define RECORDS_DEPTH 3

/*
 * Gives every member of record, which is all zero, a value from rand() that
 * is not zero; when sparse, half of the members stay zero.
 */
void records_fill(const struct record_table *table, void *record, bool sparse);
/*
 * NULL when two records are equal, otherwise the path of the first member that
 * differs, to be freed.
 */
char *records_difference(
    const struct record_table *table, const void *a, const void *b);
/*
 * A TAP check that records of this type come back from JSON as they were, one
 * with all members and many with some.
 */
void records_check_journey(
    const char *what, const struct record_table *table, size_t rounds);

/*
 * A TAP check that each byte of a struct but padding belongs to a row of its
 * table: a member that was forgotten there would be lost in silence. Only a
 * compiler can tell padding from members; without its help it is skipped.
 */
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define RECORDS_CLEAR_PADDING(whole) __builtin_clear_padding(whole)
#endif
#endif
#ifdef RECORDS_CLEAR_PADDING
#define RECORDS_CHECK_ROWS(owner, table)                                       \
	do {                                                                   \
		owner whole;                                                   \
		memset(&whole, 0xff, sizeof(whole));                           \
		RECORDS_CLEAR_PADDING(&whole);                                 \
		records_check_rows(#owner, table, &whole);                     \
	} while (0)
#else
#define RECORDS_CHECK_ROWS(owner, table) records_check_rows(#owner, table, NULL)
#endif
void records_check_rows(
    const char *what, const struct record_table *table, void *bytes);

#endif
