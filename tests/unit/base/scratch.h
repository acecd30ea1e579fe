/* SPDX-License-Identifier: MIT */
/* A directory of its own for a test that touches files. */
#ifndef UNIT_BASE_SCRATCH_H
#define UNIT_BASE_SCRATCH_H

/* Makes a new directory and goes there; ends the test when it cannot. */
void scratch_enter(void);
/* Leaves it and removes it with all it holds. */
void scratch_leave(void);
/* Makes a file with this text. */
void scratch_write(const char *path, const char *text);
/* The number of entries in a directory, without "." and ".."; -1: none. */
int scratch_entries(const char *path);

#endif
