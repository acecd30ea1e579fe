/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics for the person who runs or debugs the program, on standard
 * error. Lower case, no full stop. Text from outside is made harmless
 * (text_visible) before it is printed, so callers may pass it with %s.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

enum log_level {
	LOG_QUIET = -1, /* errors only */
	LOG_NORMAL = 0, /* and warnings, notes */
	LOG_VERBOSE = 1,
	LOG_DEBUG = 2,
	LOG_TRACE = 3,
};

void log_set_level(enum log_level level);
/*
 * Lines, newline included, are given to fn instead of being written: to a
 * display that has to get out of the way, for one. A detail is what is said at
 * VERBOSE and above. NULL to remove.
 */
typedef void log_writer_fn(
    const char *line, size_t len, bool is_detail, void *arg);
void log_set_writer(log_writer_fn *fn, void *arg);
/*
 * Warnings and notes go to fn, as they are, instead of standard error: for a
 * process whose standard error nobody reads while it runs. NULL to remove.
 */
void log_set_sink(void (*fn)(const char *text, void *arg), void *arg);

/*
 * Each message is one write(2). A newline inside it stays one, with blanks
 * behind it, so that text from outside cannot pass for a message of ours.
 * errno is kept.
 */
void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2); /* "prodigy: " */
/* "prodigy: warning: " in front, NORMAL. */
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_note(const char *fmt, ...) PRINTF_LIKE(1, 2); /* plain line, NORMAL */
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2); /* VERBOSE */
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2); /* DEBUG */

#endif
