/* SPDX-License-Identifier: MIT */
/*
 * Equality and order of JSON values. Numbers count by value (5 equals 5.0); a
 * missing value (NULL) is null. json_key() gives the text to compare or hash
 * by where there are many values.
 */
#ifndef DATA_ORDER_H
#define DATA_ORDER_H

#include <jansson.h>
#include <stdbool.h>

/* Arrays and objects by their content. */
bool order_equal(const json_t *a, const json_t *b);
/*
 * A total order: null < bool < number < string < array < object; strings
 * bytewise, false before true, arrays and objects by size alone, so 0 is not
 * equality. Less than, equal to or greater than 0.
 */
int order_compare(const json_t *a, const json_t *b);
bool order_is_null(const json_t *value); /* missing or null */

#endif
