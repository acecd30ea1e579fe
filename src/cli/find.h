/* SPDX-License-Identifier: MIT */
/* What commands that look at saved state share: repository, state, ids. */
#ifndef CLI_FIND_H
#define CLI_FIND_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "cli/command.h"
#include "git/repo.h"
#include "state/layout.h"

/* Where a command looks; creates nothing. */
struct find {
	struct repo repo;
	struct layout layout;
};

/* dir: --path, NULL: here. */
bool find_open(const char *dir, struct find *find, struct error *err) MUST_USE;
void find_close(struct find *find);

/*
 * The job an invocation means: its argument at position, or the option (NULL:
 * not given); both and different is ERROR_USAGE. *job stays NULL when none was
 * named. The id is resolved: an unknown one is an error.
 */
bool find_job(const struct find *find, const struct invocation *invocation,
    size_t position, const char *option, char **job,
    struct error *err) MUST_USE;
/* The same; when none was named, the newest of the repository, or an error. */
char *find_job_or_newest(const struct find *find,
    const struct invocation *invocation, size_t position, const char *option,
    struct error *err) MUST_USE;
/* The newest job of the repository; NULL when there is none. */
char *find_newest_job(const struct find *find, struct error *err) MUST_USE;

/* Looks (find_open), calls fn, and closes. */
typedef bool find_fn(const struct find *find,
    const struct invocation *invocation, struct error *err);
bool find_with(const struct invocation *invocation, const char *dir,
    find_fn *fn, struct error *err) MUST_USE;

#endif
