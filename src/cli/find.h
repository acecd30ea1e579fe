/* SPDX-License-Identifier: MIT */
/* Where commands that look at saved state find it, and the ids they take. */
#ifndef CLI_FIND_H
#define CLI_FIND_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "cli/command.h"
#include "git/repo.h"
#include "state/layout.h"

/* The repository and the state a command looks at. */
struct find {
	struct repo repo;
	struct layout layout;
	struct strv folders; /* those that hold work trees of the repository */
};

/*
 * The job that an invocation means: its argument at position, or the value of
 * an option (NULL: not given). Two different ones are ERROR_USAGE, an id that
 * no job has is an error. *job gets the whole id, owned by the caller, or NULL
 * when none was named.
 */
bool find_job(const struct find *find, const struct invocation *invocation,
    size_t position, const char *option, char **job,
    struct error *err) MUST_USE;
/*
 * As find_job(), but without a name it is the newest job of the repository,
 * and an error when there is none. The caller owns the id.
 */
char *find_job_or_newest(const struct find *find,
    const struct invocation *invocation, size_t position, const char *option,
    struct error *err) MUST_USE;
/*
 * The newest job of the repository, owned by the caller. NULL without an error
 * when there is none.
 */
char *find_newest_job(const struct find *find, struct error *err) MUST_USE;

/*
 * The newest run of the repository, by the name that its events have: the job,
 * or the session of a standard workflow. As find_newest_job() otherwise.
 */
char *find_newest_run(const struct find *find, struct error *err) MUST_USE;

#define FIND_INTERRUPTED "interrupted"

/*
 * The status of a session to be shown: FIND_INTERRUPTED for one that says it
 * runs while no process holds its lock, "" when it has none.
 */
const char *find_session_status(const struct find *find, const json_t *session);

/*
 * For commands that read a folder, once what could be read is printed: false,
 * with an error that has a line for each of the others, when there are any.
 */
bool find_unread(const struct strv *unread, struct error *err) MUST_USE;

/*
 * Calls fn with the repository at dir (the value of --path; NULL: the working
 * folder) and the place of its state. Creates nothing.
 *
 * The job or session that the invocation names (its first argument, or the
 * option --job-id) may be of another repository of the home: find then is about
 * that one. So it may be outside of any repository, also where --all is given;
 * find->repo is empty then if the repository is gone, or none was named.
 */
typedef bool find_fn(const struct find *find,
    const struct invocation *invocation, struct error *err);
bool find_with(const struct invocation *invocation, const char *dir,
    find_fn *fn, struct error *err) MUST_USE;
/* Whether the repository is there; what is wrong if it is not. */
bool find_repository(const struct find *find, struct error *err) MUST_USE;

#endif
