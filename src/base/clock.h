/* SPDX-License-Identifier: MIT */
/*
 * Time. Durations and deadlines are int64_t milliseconds; deadlines count on
 * the monotonic clock, wall time is for display and records only.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"

#define CLOCK_RFC3339_SIZE 32
#define CLOCK_STAMP_SIZE 20

int64_t clock_now(void); /* monotonic ms */
/*
 * For tests only: clock_now() is what source returns, until NULL puts the
 * system's clock back. It must never go back. A loop calls a timer when
 * clock_now() has reached it, but waits for it in real time: a test advances
 * its clock by what the timer needs and turns the loop with a max_wait of 0.
 */
void clock_set_source(int64_t (*source)(void));
int64_t clock_wall(void); /* ms since the epoch */
/* "2026-01-31T12:00:00.123Z" into out; returns out. */
char *clock_rfc3339(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE]);
/* "20260131_120000", UTC; returns out. */
char *clock_stamp(int64_t wall_ms, char out[CLOCK_STAMP_SIZE]);
/* Local "2026-01-31 12:00:00" for people; returns out. */
char *clock_local(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE]);
/* Back from RFC 3339 (any fraction, Z or offset); false if it is not that. */
bool clock_parse_rfc3339(const char *text, int64_t *wall_ms);
/*
 * A duration such as 500ms, 30s, 1.5h, 1h30m, 2d, 1w or 5 minutes. A bare
 * number counts in bare_unit_ms (0: a unit is required). It stands here because
 * workflows and the command line spell durations alike.
 */
bool clock_parse_duration(const char *text, int64_t bare_unit_ms, int64_t *ms,
    struct error *err) MUST_USE;
/* "850ms", "12.3s", "2m 5s", "1h 2m"; allocated. */
char *clock_duration_text(int64_t ms) MUST_USE;

#endif
