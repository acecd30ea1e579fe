/* SPDX-License-Identifier: MIT */
/*
 * Test Anything Protocol for C tests. A check prints its line and goes on, so
 * that one run shows every failure; tap_done() prints the plan and gives the
 * exit status. Each returns whether it held.
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdbool.h>

bool tap_ok(bool held, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
bool tap_is_text(const char *got, const char *want, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
bool tap_is_int(long long got, long long want, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
void tap_note(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void tap_skip(const char *why);
int tap_done(void);

#endif
