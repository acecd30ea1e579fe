/* SPDX-License-Identifier: MIT */
/* Sessions: one JSON file for each run. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "state/session.h"

#define DOCUMENT_LIMIT ((size_t)64 * 1024 * 1024)

static const char *const status_names[SESSION_STATUSES] = {
	[SESSION_INITIALIZING] = "Initializing",
	[SESSION_RUNNING] = "Running",
	[SESSION_PAUSED] = "Paused",
	[SESSION_COMPLETED] = "Completed",
	[SESSION_FAILED] = "Failed",
	[SESSION_CANCELLED] = "Cancelled",
};

const char *
session_status_name(enum session_status status)
{
	return status_names[status];
}

bool
session_write(const char *path, const json_t *document, struct error *err)
{
	autostr struct str text = { 0 };
	autofree char *dir = path_parent(path);
	json_pretty(document, &text);
	str_add_char(&text, '\n');
	return path_make_dirs(dir, err) &&
	    file_replace(path, text.data, text.len, err);
}

bool
session_keep_damaged(const char *path, struct error *err)
{
	autofree char *aside = mem_format("%s.damaged", path);
	if (rename(path, aside) == 0) {
		log_warn("%s was damaged: kept as %s", path, aside);
		return true;
	}
	return errno == ENOENT || error_system(err, "putting %s aside", path);
}

bool
session_may_become(enum session_status from, enum session_status to)
{
	static const unsigned next[SESSION_STATUSES] = {
		[SESSION_INITIALIZING] = 1u << SESSION_RUNNING |
		    1u << SESSION_PAUSED | 1u << SESSION_COMPLETED |
		    1u << SESSION_FAILED,
		[SESSION_RUNNING] = 1u << SESSION_PAUSED |
		    1u << SESSION_COMPLETED | 1u << SESSION_FAILED |
		    1u << SESSION_CANCELLED,
		[SESSION_PAUSED] = 1u << SESSION_RUNNING |
		    1u << SESSION_COMPLETED | 1u << SESSION_FAILED |
		    1u << SESSION_CANCELLED,
		[SESSION_FAILED] = 1u << SESSION_RUNNING,
	};
	return from == to || (next[from] & 1u << to) != 0;
}

void
session_new(struct session *session, const struct layout *layout,
    const char *id, const char *type)
{
	char now[CLOCK_RFC3339_SIZE];
	*session = (struct session){ .path = layout_session(layout, id),
		.document = json_object() };
	clock_rfc3339(clock_wall(), now);
	session_set_text(session, "id", id);
	session_set_text(session, "session_type", type);
	session_set_text(session, "started_at", now);
	session_set_text(session, "completed_at", NULL);
	session_set_text(session, "error", NULL);
	session_set_text(session, "repository", layout->root);
	session_set_text(session, "repository_name", layout->repo);
	session_set(session, "checkpoints", json_array());
	session_set(session, "timings", json_object());
	session_set(session, "metadata",
	    json_pack("{s:s, s:s}", "execution_start_time", now,
		"workflow_type",
		strcmp(type, "MapReduce") == 0 ? "mapreduce" : "standard"));
	session_set(session, "workflow_data", json_null());
	session_set(session, "mapreduce_data", json_null());
}

void
session_set(struct session *session, const char *key, json_t *value)
{
	json_object_set_new(session->document, key, value);
}

void
session_set_text(struct session *session, const char *key, const char *text)
{
	json_set_text(session->document, key, text);
}

bool
session_save(
    struct session *session, enum session_status status, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	bool ends = status == SESSION_COMPLETED || status == SESSION_FAILED ||
	    status == SESSION_CANCELLED;
	if (!session_may_become(session->status, status))
		return error_set(err, ERROR_STATE,
		    "a session that is %s cannot become %s",
		    status_names[session->status], status_names[status]);
	clock_rfc3339(clock_wall(), now);
	session->status = status;
	session_set_text(session, "status", status_names[status]);
	session_set_text(session, "updated_at", now);
	session_set_text(session, "completed_at", ends ? now : NULL);
	return session_write(session->path, session->document, err);
}

bool
session_refresh(struct session *session, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	session_set_text(
	    session, "updated_at", clock_rfc3339(clock_wall(), now));
	json_pretty(session->document, &text);
	str_add_char(&text, '\n');
	return file_replace_whole(session->path, text.data, text.len, err);
}

void
session_release(struct session *session)
{
	free(session->path);
	json_decref(session->document);
	*session = (struct session){ 0 };
}

json_t *
session_load(const struct layout *layout, const char *id, struct error *err)
{
	autofree char *path = layout_session(layout, id);
	return json_load_path(path, DOCUMENT_LIMIT, err);
}

bool
session_reopen(struct session *session, const struct layout *layout,
    const char *id, struct error *err)
{
	autojson json_t *document = session_load(layout, id, err);
	const char *status = json_get_text(document, "status");
	if (document == NULL)
		return false;
	for (int i = 0; status != NULL && i < SESSION_STATUSES; i++) {
		if (strcmp(status_names[i], status) != 0)
			continue;
		*session = (struct session){
			.path = layout_session(layout, id),
			.document = json_incref(document),
			.status = (enum session_status)i,
		};
		return true;
	}
	return error_set(err, ERROR_STATE, "%s has no status", id);
}

static int
compare_started(const void *a, const void *b)
{
	const char *s = json_get_text(*(json_t *const *)a, "started_at");
	const char *t = json_get_text(*(json_t *const *)b, "started_at");
	return strcmp(t == NULL ? "" : t, s == NULL ? "" : s);
}

static void
sort_sessions(json_t *array)
{
	size_t n = json_array_size(array);
	json_t **items = mem_array(n, sizeof(*items));
	for (size_t i = 0; i < n; i++)
		items[i] = json_incref(json_array_get(array, i));
	if (n > 0)
		qsort(items, n, sizeof(*items), compare_started);
	json_array_clear(array);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, items[i]);
	free(items);
}

static bool
belongs(const json_t *document, const struct layout *layout, bool every)
{
	const char *name = json_get_text(document, "repository_name");
	const char *path = json_get_text(document, "repository");
	if (document == NULL || every)
		return document != NULL;
	/* The path is where the repository was then. */
	if (name != NULL)
		return strcmp(name, layout->repo) == 0;
	return path != NULL && layout->root != NULL &&
	    strcmp(path, layout->root) == 0;
}

/* NULL when it is gone, or no session: then the reason is in unread. */
static json_t *
load_listed(const char *path, struct strv *unread)
{
	autoerror struct error err = { 0 };
	autojson json_t *document = json_load_path(path, DOCUMENT_LIMIT, &err);
	if (json_get_text(document, "id") != NULL)
		return json_incref(document);
	if (document != NULL)
		error_set(&err, ERROR_STATE, "%s is no session", path);
	if (err.code != ENOENT)
		strv_add(unread, error_text(&err));
	return NULL;
}

json_t *
session_list(const struct layout *layout, bool every_repository,
    struct strv *unread, struct error *err)
{
	autofree char *dir = layout_sessions(layout);
	autostrv struct strv names = { 0 };
	if (!path_list(dir, &names, err))
		return NULL;
	json_t *array = json_array();
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = path_join(dir, names.items[i]);
		if (!text_ends_with(path, ".json"))
			continue;
		autojson json_t *document = load_listed(path, unread);
		if (belongs(document, layout, every_repository))
			json_array_append(array, document);
	}
	sort_sessions(array);
	return array;
}

bool
session_is_alive(const struct layout *layout, const char *id)
{
	autofree char *path = layout_lock(layout, id);
	return lock_is_held(path);
}

/* Neither file is synced: the session names its job. */
bool
session_map(const struct layout *layout, const char *session, const char *job,
    const char *workflow, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autofree char *by_session = layout_mapping(layout, session);
	autofree char *by_job = layout_mapping(layout, job);
	autofree char *dir = path_parent(by_job);
	autojson json_t *mapping = json_object();
	json_set_text(mapping, "session_id", session);
	json_set_text(mapping, "job_id", job);
	json_set_text(mapping, "workflow_name", workflow);
	json_set_text(mapping, "created_at", clock_rfc3339(clock_wall(), now));
	json_pretty(mapping, &text);
	str_add_char(&text, '\n');
	return path_make_dirs(dir, err) &&
	    file_replace_derived(by_session, text.data, text.len, err) &&
	    file_replace_derived(by_job, text.data, text.len, err);
}
