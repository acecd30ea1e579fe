/* SPDX-License-Identifier: MIT */
/* Ids of sessions and jobs. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "state/ids.h"
#include "state/session.h"

#define CLAIM_TRIES 10000
#define RUN_DIGITS 8
#define CANDIDATES 10 /* named in a message */
#define MAPPING_LIMIT 65536

/*
 * An id is free when no session of the home has it, whatever its repository:
 * the lock file of the session is made, which nobody removes.
 */
static bool
claim(
    const struct layout *layout, const char *id, bool *taken, struct error *err)
{
	autofree char *session = ids_session_of_job(id);
	autofree char *lock = layout_lock(layout, session);
	autofree char *document = layout_session(layout, session);
	autofree char *dir = layout_job(layout, id);
	*taken = true;
	if (path_exists(document))
		return true;
	autofd int fd =
	    open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ||
		    error_system(err, "creating %s", lock);
	if (mkdir(dir, 0700) != 0)
		return errno == EEXIST || error_system(err, "creating %s", dir);
	*taken = false;
	return true;
}

char *
ids_claim_job(const struct layout *layout, int64_t wall_ms, struct error *err)
{
	char stamp[CLOCK_STAMP_SIZE];
	autofree char *jobs = layout_jobs(layout);
	autofree char *locks = path_join(layout->home, "locks");
	clock_stamp(wall_ms, stamp);
	if (!path_make_dirs(jobs, err) || !path_make_dirs(locks, err))
		return NULL;
	for (int i = 1; i < CLAIM_TRIES; i++) {
		autofree char *id = i == 1
		    ? mem_format("mapreduce-%s", stamp)
		    : mem_format("mapreduce-%s-%d", stamp, i);
		bool taken;
		if (!claim(layout, id, &taken, err))
			return NULL;
		if (!taken)
			return mem_text(id);
	}
	error_set(err, ERROR_STATE, "no free job id at %s", stamp);
	return NULL;
}

char *
ids_name_run(const char *job)
{
	char digits[RUN_DIGITS + 1];
	return mem_format("%s-%s", job, id_hex(digits, RUN_DIGITS));
}

char *
ids_session_of_job(const char *job)
{
	return mem_format("session-%s", job);
}

char *
ids_new_session(void)
{
	char uuid[ID_UUID_SIZE];
	return mem_format("session-%s", id_uuid(uuid));
}

/* Jobs of one second sort by their number, not its text. */
static int
compare_ids(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

bool
ids_jobs(const struct layout *layout, struct strv *jobs, struct error *err)
{
	autofree char *dir = layout_jobs(layout);
	if (!path_list(dir, jobs, err))
		return false;
	if (jobs->n > 0)
		qsort(jobs->items, jobs->n, sizeof(*jobs->items), compare_ids);
	return true;
}

static char
fold(char c)
{
	return c == '-' ? '_' : c;
}

static bool
has_prefix(const char *id, const char *text)
{
	while (*text != '\0' && fold(*id) == fold(*text)) {
		id++;
		text++;
	}
	return *text == '\0';
}

static bool
is_same(const char *id, const char *text)
{
	return strlen(id) == strlen(text) && has_prefix(id, text);
}

bool
ids_pick(const struct strv *ids, const char *text, const char **found,
    struct error *err)
{
	size_t matches = 0;
	*found = NULL;
	if (*text == '\0')
		return error_set(err, ERROR_STATE, "an empty id");
	for (size_t i = 0; i < ids->n; i++) {
		if (is_same(ids->items[i], text)) {
			*found = ids->items[i];
			return true;
		}
		if (has_prefix(ids->items[i], text)) {
			*found = ids->items[i];
			matches++;
		}
	}
	if (matches <= 1)
		return true;
	autostr struct str list = { 0 };
	size_t named = 0;
	for (size_t i = ids->n; i > 0 && named < CANDIDATES; i--)
		if (has_prefix(ids->items[i - 1], text)) {
			str_format(&list, " %s", ids->items[i - 1]);
			named++;
		}
	if (matches > named)
		str_format(&list, " and %zu more", matches - named);
	*found = NULL;
	return error_set(
	    err, ERROR_STATE, "'%s' is ambiguous:%s", text, str_text(&list));
}

/* The other id of the pair, from the mapping. */
static char *
mapped(const struct layout *layout, const char *text, const char *key)
{
	autoerror struct error ignored = { 0 };
	autofree char *path = layout_mapping(layout, text);
	if (!path_exists(path))
		return NULL;
	autojson json_t *mapping =
	    json_load_path(path, MAPPING_LIMIT, &ignored);
	return mem_text(json_get_text(mapping, key));
}

char *
ids_find_job(const struct layout *layout, const char *text, struct error *err)
{
	autostrv struct strv jobs = { 0 };
	const char *found = NULL;
	if (!ids_jobs(layout, &jobs, err) ||
	    !ids_pick(&jobs, text, &found, err))
		return NULL;
	if (found != NULL)
		return mem_text(found);
	char *other = mapped(layout, text, "job_id");
	if (other == NULL && text_starts_with(text, "session-"))
		return ids_find_job(layout, text + strlen("session-"), err);
	if (other == NULL)
		error_set(err, ERROR_STATE, "no job '%s' in %s%s%s", text,
		    layout->root, jobs.n > 0 ? "; the newest is " : "",
		    jobs.n > 0 ? jobs.items[jobs.n - 1] : "");
	return other;
}

/* By the text itself, then as the session of a job of that name. */
static bool
find_among(const struct layout *layout, bool every_repository, const char *text,
    char **id, struct strv *unread, struct error *err)
{
	autostrv struct strv ids = { 0 };
	const char *found = NULL;
	autojson json_t *list =
	    session_list(layout, every_repository, unread, err);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		strv_add(&ids, json_get_text(json_array_get(list, i), "id"));
	if (!ids_pick(&ids, text, &found, err))
		return false;
	if (found == NULL && !text_starts_with(text, "session")) {
		autofree char *of_job = ids_session_of_job(text);
		if (!ids_pick(&ids, of_job, &found, err))
			return false;
	}
	*id = mem_text(found);
	return true;
}

/* The sessions of this repository first: a prefix means one of them. */
char *
ids_find_session(
    const struct layout *layout, const char *text, struct error *err)
{
	autostrv struct strv unread = { 0 };
	char *id = NULL;
	if (!find_among(layout, false, text, &id, &unread, err))
		return NULL;
	strv_clear(&unread);
	if (id == NULL && !find_among(layout, true, text, &id, &unread, err))
		return NULL;
	if (id == NULL)
		id = mapped(layout, text, "session_id");
	if (id == NULL)
		error_set(err, ERROR_STATE, "no session '%s'%s%s", text,
		    unread.n > 0 ? " that can be read: " : "",
		    unread.n > 0 ? unread.items[0] : "");
	return id;
}

/* --- in the whole home ------------------------------------------------ */

/* A thing of the home, and the folder that it is in. */
struct places {
	struct strv ids;
	struct strv folders;
};

/* Of all jobs, and of all sessions that say where they belong. */
static bool
list_places(const struct layout *layout, struct places *places,
    struct strv *unread, struct error *err)
{
	autostrv struct strv folders = { 0 };
	autofree char *state = path_join(layout->home, "state");
	if (!path_list(state, &folders, err))
		return false;
	for (size_t i = 0; i < folders.n; i++) {
		autostrv struct strv jobs = { 0 };
		struct layout folder = {
			.home = layout->home,
			.repo = folders.items[i],
		};
		if (!ids_jobs(&folder, &jobs, err))
			return false;
		strv_copy(&places->ids, &jobs);
		for (size_t k = 0; k < jobs.n; k++)
			strv_add(&places->folders, folders.items[i]);
	}
	autojson json_t *sessions = session_list(layout, true, unread, err);
	for (size_t i = 0; i < json_array_size(sessions); i++) {
		const json_t *session = json_array_get(sessions, i);
		const char *name = json_get_text(session, "repository_name");
		if (name == NULL)
			continue;
		strv_add(&places->ids, json_get_text(session, "id"));
		strv_add(&places->folders, name);
	}
	return sessions != NULL;
}

/* Whether the folder has what text means, or several such things. */
static bool
is_here(const struct layout *layout, const char *text)
{
	autoerror struct error ignored = { 0 };
	autoerror struct error several = { 0 };
	autostrv struct strv unread = { 0 };
	char *session = NULL;
	if (layout->repo == NULL)
		return false;
	autofree char *job = ids_find_job(layout, text, &ignored);
	if (job != NULL)
		return true;
	bool here =
	    !find_among(layout, false, text, &session, &unread, &several) ||
	    session != NULL;
	free(session);
	return here;
}

static bool
go_to(struct layout *layout, const struct places *places, const char *text,
    const struct strv *unread, struct error *err)
{
	const char *found = NULL;
	if (!ids_pick(&places->ids, text, &found, err))
		return false;
	if (found == NULL && layout->repo == NULL)
		return error_set(err, ERROR_STATE,
		    "no job or session '%s' in %s%s%s", text, layout->home,
		    unread->n > 0 ? " that can be read: " : "",
		    unread->n > 0 ? unread->items[0] : "");
	for (size_t i = 0; found != NULL && i < places->ids.n; i++)
		if (places->ids.items[i] == found)
			layout_use(layout, places->folders.items[i]);
	return true;
}

bool
ids_go_to(struct layout *layout, const char *text, struct error *err)
{
	autostrv struct strv unread = { 0 };
	struct places places = { 0 };
	if (is_here(layout, text))
		return true;
	bool ok = list_places(layout, &places, &unread, err) &&
	    go_to(layout, &places, text, &unread, err);
	strv_release(&places.ids);
	strv_release(&places.folders);
	return ok;
}
