/* SPDX-License-Identifier: MIT */
/*
 * Sessions: one JSON file for each run, whatever its kind, rewritten when its
 * status or phase changes, and at most once a second meanwhile. Beside it the
 * mapping between session and job, and the metadata of its work tree.
 */
#ifndef STATE_SESSION_H
#define STATE_SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "state/layout.h"

enum session_status {
	SESSION_INITIALIZING,
	SESSION_RUNNING,
	SESSION_PAUSED,
	SESSION_COMPLETED,
	SESSION_FAILED,
	SESSION_CANCELLED,
	SESSION_STATUSES
};
const char *session_status_name(enum session_status status);
/* Completed and Cancelled are final; Failed may run again (resume). */
bool session_may_become(enum session_status from, enum session_status to);

/* The branch into which the run was merged. */
#define SESSION_MERGED_INTO "merged_into"

struct session {
	char *path;
	json_t *document;
	enum session_status status;
};

/* A new session of type "MapReduce" or "Workflow"; not saved yet. */
void session_new(struct session *session, const struct layout *layout,
    const char *id, const char *type);
/* One that was saved, to be gone on with. */
bool session_reopen(struct session *session, const struct layout *layout,
    const char *id, struct error *err) MUST_USE;
void session_set(struct session *session, const char *key, json_t *value);
void session_set_text(
    struct session *session, const char *key, const char *text);
/*
 * Sets status, updated_at and, for an end, completed_at; then saves. A status
 * that cannot follow is ERROR_STATE.
 */
bool session_save(struct session *session, enum session_status status,
    struct error *err) MUST_USE;
/*
 * Saves what has changed on the way, while the status stays: a reader sees the
 * old file or the new one, whole. The folder is not synced.
 */
bool session_refresh(struct session *session, struct error *err) MUST_USE;
void session_release(struct session *session);

/* The document of one session; NULL when it cannot be read. */
json_t *session_load(
    const struct layout *layout, const char *id, struct error *err) MUST_USE;
/*
 * All sessions, newest first; every_repository: of all, else of this one. What
 * could not be read, of whichever repository, is added to unread, one text for
 * each file.
 */
json_t *session_list(const struct layout *layout, bool every_repository,
    struct strv *unread, struct error *err) MUST_USE;
/* Whether a process holds the lock of a session now. */
bool session_is_alive(const struct layout *layout, const char *id);

/* The mapping between a session and its job, under both names. */
bool session_map(const struct layout *layout, const char *session,
    const char *job, const char *workflow, struct error *err) MUST_USE;

/* Writes a JSON document durably, making its folder. */
bool session_write(
    const char *path, const json_t *document, struct error *err) MUST_USE;

/* A file that cannot be read becomes {path}.damaged, and that is said. */
bool session_keep_damaged(const char *path, struct error *err) MUST_USE;

#endif
