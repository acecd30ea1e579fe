/* SPDX-License-Identifier: MIT */
/*
 * A pseudo terminal within a test: what is typed waits in the kernel until the
 * program reads it, so that nothing here depends on time.
 */
#ifndef UNIT_CLI_PTY_H
#define UNIT_CLI_PTY_H

#include <stdbool.h>

#include "base/str.h"

struct pty {
	int master; /* the side of the person */
	int slave; /* the side of the program */
};

/* False when the system has no pseudo terminals. */
bool pty_open(struct pty *pty, unsigned short columns);
void pty_close(struct pty *pty);
void pty_type(const struct pty *pty, const char *keys);
/* Takes what was printed so far, as the program wrote it. */
void pty_take(const struct pty *pty, struct str *out);

#endif
