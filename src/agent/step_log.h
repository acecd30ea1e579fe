/* SPDX-License-Identifier: MIT */
/*
 * The log of one step: what its command printed, appended as it arrives so
 * that it can be followed and survives a crash. The file is made with its
 * first byte; a silent step leaves none. Beyond a limit nothing more is
 * written but one line that says so.
 */
#ifndef AGENT_STEP_LOG_H
#define AGENT_STEP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STEP_LOG_LIMIT (256u * 1024 * 1024)

struct step_log {
	char *path; /* owned */
	int fd; /* valid while is_open */
	bool is_open;
	bool is_written; /* the file exists */
	uint64_t len;
	uint64_t limit;
	struct error err; /* why it could not be written; logging ended */
};

/* The log owns path from here on. No file is made yet. */
void step_log_begin(struct step_log *log, char *path);
void step_log_add(struct step_log *log, const void *bytes, size_t len);
/* Closes the file. Gives its path when there is one, else NULL. */
char *step_log_end(struct step_log *log);

#endif
