/* SPDX-License-Identifier: MIT */
/* What the tests of proc share. */
#ifndef UNIT_PROC_SUPPORT_H
#define UNIT_PROC_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/strv.h"
#include "proc/child.h"
#include "proc/loop.h"

/* Longer than anything here takes on a slow machine. */
#define PATIENCE_MS 30000

/* A child's output and end, filled by the callbacks below. */
struct seen {
	struct str out;
	struct str err;
	struct child_end end;
	unsigned done; /* calls of on_done */
};

void seen_out(const void *bytes, size_t len, void *arg);
void seen_err(const void *bytes, size_t len, void *arg);
void seen_done(const struct child_end *end, void *arg);
void seen_release(struct seen *seen);

/* Turns the loop until test(arg) or PATIENCE_MS; whether the test held. */
bool turn_until(struct loop *loop, bool (*test)(const void *), const void *arg);
bool is_done(const void *seen);
bool says_ready(const void *seen);

/* Starts argv with both outputs into seen, in its own group; dies if not. */
struct child *start(
    struct loop *loop, const char *const *argv, struct seen *seen);
/* The same for "sh -c script" and for a kind of the zoo. */
struct child *start_shell(
    struct loop *loop, const char *script, struct seen *seen);
struct child *start_zoo(struct loop *loop, const char *kind,
    const char *argument, struct seen *seen);

const char *zoo_path(void);
/* Where the zoo announces itself; emptied. */
const char *zoo_pidfile(void);
/* Processes in the pidfile: all, and those that live (zombies do not). */
size_t zoo_announced(void);
size_t zoo_survivors(void);
/* Waits for the last one's death, which takes a moment; how many are left. */
size_t zoo_wait_gone(void);
/* SIGKILL to those that live. */
void zoo_clean(void);

size_t open_descriptors(void);
size_t resident_kib(void);

#endif
