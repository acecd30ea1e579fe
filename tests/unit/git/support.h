/* SPDX-License-Identifier: MIT */
/* Repositories to test with, made by the real git. */
#ifndef UNIT_GIT_SUPPORT_H
#define UNIT_GIT_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "git/git.h"
#include "git/repo.h"
#include "proc/loop.h"

/*
 * An empty directory (canonical path) with a blank in its name; HOME lies
 * there and the identity of the tests is set. Removed by sandbox_end().
 */
const char *sandbox_begin(void);
void sandbox_end(void);
/* A path in the sandbox; owned by the caller. */
char *in_sandbox(const char *name);

/* tap_ok() that notes the error afterwards, if there is one. */
bool held(const struct error *err, bool held, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Runs a shell script in dir and fails the test if it fails. */
void sh(const char *dir, const char *script);
/* What it printed, without the last newline; owned by the caller. */
char *sh_out(const char *dir, const char *script);
/* The object id a revision stands for; owned by the caller. */
char *rev(const char *dir, const char *name);

/* A repository NAME with files a, b (20 lines) and d/c and one commit. */
char *make_repository(const char *name);
/* Finds the repository at path; empty on failure, which fails the test. */
void open_repository(const char *path, struct repo *repo);

/* Turns the loop until *done, for a minute at most. */
bool turn_until(struct loop *loop, const bool *done);

#endif
