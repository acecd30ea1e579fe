/* SPDX-License-Identifier: MIT */
/* Reading the event files of a job in time order. */
#ifndef STATE_EVENT_READ_H
#define STATE_EVENT_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

/*
 * Reads all event files of a folder in time order, streaming. Malformed lines
 * are skipped and counted; a torn last line is no malformed one. fn returns
 * false to stop.
 */
typedef bool event_read_fn(const json_t *event, void *arg);
bool event_read(const char *dir, event_read_fn *fn, void *arg,
    size_t *malformed, struct error *err) MUST_USE;
/* The event files of a folder, oldest first. */
bool event_files(
    const char *dir, struct strv *paths, struct error *err) MUST_USE;

#endif
