/* SPDX-License-Identifier: MIT */
/* Folders outside of the home that hold work trees. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "state/session.h"
#include "state/workspaces.h"

#define FILE_LIMIT (1024u * 1024)
#define LOCK_LIMIT_MS 10000
#define HOME_DIGITS 8 /* several homes may share a root */

char *
workspaces_folder(const struct layout *layout, const char *root)
{
	char digest[DIGEST_SHA256_HEX];
	digest_sha256(layout->home, strlen(layout->home), digest);
	return mem_format(
	    "%s/prodigy-%.*s/%s", root, HOME_DIGITS, digest, layout->repo);
}

/* The folders of the record; an empty list when there is none yet. */
static json_t *
read_record(const char *path, struct error *err)
{
	if (!path_exists(path))
		return json_array();
	autojson json_t *record = json_load_path(path, FILE_LIMIT, err);
	if (record == NULL)
		return NULL;
	json_t *folders = json_object_get(record, "folders");
	if (json_is_array(folders))
		return json_incref(folders);
	error_set(err, ERROR_STATE, "%s: no list of folders", path);
	return NULL;
}

static bool
has(const json_t *folders, const char *folder)
{
	for (size_t i = 0; i < json_array_size(folders); i++) {
		const char *one = json_string_value(json_array_get(folders, i));
		if (one != NULL && strcmp(one, folder) == 0)
			return true;
	}
	return false;
}

bool
workspaces_add(
    const struct layout *layout, const char *folder, struct error *err)
{
	autofree char *path = layout_workspaces(layout);
	autofree char *state = path_parent(path);
	if (!path_make_dirs(state, err))
		return false;
	autofd int lock = lock_wait(state, clock_now() + LOCK_LIMIT_MS, err);
	if (lock < 0)
		return false;
	autojson json_t *folders = read_record(path, err);
	if (folders == NULL)
		return false;
	if (has(folders, folder))
		return true;
	json_array_append_new(folders, json_text(folder));
	autojson json_t *record = json_pack("{s:O}", "folders", folders);
	return session_write(path, record, err);
}

bool
workspaces_list(
    const struct layout *layout, struct strv *folders, struct error *err)
{
	autofree char *path = layout_workspaces(layout);
	autofree char *home = layout_worktrees(layout);
	strv_add(folders, home);
	autojson json_t *others = read_record(path, err);
	for (size_t i = 0; i < json_array_size(others); i++) {
		const char *one = json_string_value(json_array_get(others, i));
		if (one != NULL && one[0] == '/')
			strv_add(folders, one);
	}
	return others != NULL;
}
