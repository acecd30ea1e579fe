/* SPDX-License-Identifier: MIT */
/* Finding, checking and loading snapshots. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/items.h"
#include "state/checkpoint.h"
#include "state/checkpoint_hash.h"

#define SNAPSHOT_LIMIT ((size_t)1024 * 1024 * 1024)

static void
hash_of(const json_t *document, char *hash, size_t size)
{
	char digest[DIGEST_SHA256_HEX];
	autostr struct str text = { 0 };
	json_compact(document, &text, true);
	snprintf(hash, size, "sha256:%s",
	    digest_sha256(text.data, text.len, digest));
}

void
checkpoint_seal(json_t *document, struct str *text)
{
	char hash[80];
	json_t *metadata = json_object_get(document, "metadata");
	json_set_text(metadata, "integrity_hash", "");
	hash_of(document, hash, sizeof(hash));
	json_set_text(metadata, "integrity_hash", hash);
	json_compact(document, text, true);
	str_add_char(text, '\n');
}

bool
checkpoint_is_sealed(json_t *document)
{
	char hash[80];
	json_t *metadata = json_object_get(document, "metadata");
	const char *said = json_get_text(metadata, "integrity_hash");
	if (said == NULL)
		return false;
	autofree char *kept = mem_text(said);
	json_set_text(metadata, "integrity_hash", "");
	hash_of(document, hash, sizeof(hash));
	json_set_text(metadata, "integrity_hash", kept);
	return strcmp(kept, hash) == 0;
}

static int
compare_versions(const void *a, const void *b)
{
	int64_t x = json_get_int(*(json_t *const *)a, "version", 0);
	int64_t y = json_get_int(*(json_t *const *)b, "version", 0);
	return x > y ? -1 : x < y;
}

static json_t *
entry_of(const char *dir, const char *name, unsigned long long version)
{
	struct stat st;
	char when[CLOCK_RFC3339_SIZE] = "";
	autofree char *path = path_join(dir, name);
	if (stat(path, &st) != 0)
		return NULL;
	clock_rfc3339(
	    (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
	    when);
	return json_pack("{s:s, s:I, s:I, s:s}", "path", name, "version",
	    (json_int_t)version, "size_bytes", (json_int_t)st.st_size,
	    "created_at", when);
}

/* Of "checkpoint-v{N}.json". */
static bool
version_of(const char *name, unsigned long long *version)
{
	static const char start[] = "checkpoint-v";
	char *end;
	const char *digits = name + strlen(start);
	if (!text_starts_with(name, start) || *digits < '0' || *digits > '9')
		return false;
	*version = strtoull(digits, &end, 10);
	return strcmp(end, ".json") == 0 && *version <= INT64_MAX;
}

json_t *
checkpoint_list(const char *dir, struct error *err)
{
	json_t *found[4096];
	size_t n = 0;
	DIR *d = opendir(dir);
	const struct dirent *entry;
	if (d == NULL) {
		error_system(err, "reading %s", dir);
		return NULL;
	}
	while ((entry = readdir(d)) != NULL && n < COUNT_OF(found)) {
		unsigned long long version;
		if (!version_of(entry->d_name, &version))
			continue;
		found[n] = entry_of(dir, entry->d_name, version);
		if (found[n] != NULL)
			n++;
	}
	closedir(d);
	if (n > 0)
		qsort(found, n, sizeof(found[0]), compare_versions);
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, found[i]);
	return list;
}

/* How many items [[first,last], ...] hold; -1 when it is no such list. */
static int64_t
count_ranges(const json_t *ranges)
{
	int64_t count = 0;
	for (size_t i = 0; i < json_array_size(ranges); i++) {
		const json_t *range = json_array_get(ranges, i);
		int64_t first = json_integer_value(json_array_get(range, 0));
		int64_t last = json_integer_value(json_array_get(range, 1));
		if (json_array_size(range) != 2 || first < 0 || last < first ||
		    last >= ITEMS_LIMIT)
			return -1;
		count += last - first + 1;
	}
	return json_is_array(ranges) ? count : -1;
}

/* What the item lists of a snapshot must add up to. */
static bool
counts_fit(const json_t *document)
{
	const json_t *state = json_get(document, "work_item_state");
	int64_t total = json_get_int(
	    json_get(document, "metadata"), "total_work_items", -1);
	if (json_get(state, "items_file") != NULL)
		return total ==
		    count_ranges(json_get(state, "pending_ranges")) +
		    count_ranges(json_get(state, "completed_ranges")) +
		    count_ranges(json_get(state, "failed_ranges"));
	return total ==
	    (int64_t)(json_array_size(json_get(state, "pending_items")) +
		json_array_size(json_get(state, "completed_items")) +
		json_array_size(json_get(state, "failed_items")));
}

static bool
is_of_job(const json_t *document, const char *dir)
{
	const char *id =
	    json_get_text(json_get(document, "metadata"), "job_id");
	if (id == NULL)
		return false;
	autofree char *name = path_encode_name(id);
	return strcmp(name, path_name(dir)) == 0;
}

static json_t *
load_one(const char *dir, const char *name, struct error *err)
{
	autofree char *path = path_join(dir, name);
	json_t *document = json_load_path(path, SNAPSHOT_LIMIT, err);
	if (document == NULL)
		return NULL;
	if (!checkpoint_is_sealed(document))
		error_set(err, ERROR_STATE,
		    "%s does not fit its integrity hash", path);
	else if (!counts_fit(document))
		error_set(err, ERROR_STATE,
		    "%s: its items do not add up to their number", path);
	else if (!is_of_job(document, dir))
		error_set(err, ERROR_STATE, "%s belongs to another job", path);
	else
		return document;
	json_decref(document);
	return NULL;
}

json_t *
checkpoint_load(
    const char *dir, int64_t version, struct strv *warnings, struct error *err)
{
	autojson json_t *list = checkpoint_list(dir, err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *name = json_get_text(entry, "path");
		if (version >= 0 &&
		    json_get_int(entry, "version", -1) != version)
			continue;
		if (version >= 0)
			return load_one(dir, name, err);
		autoerror struct error why = { 0 };
		json_t *document = load_one(dir, name, &why);
		if (document != NULL)
			return document;
		strv_add(warnings, error_text(&why));
	}
	if (list != NULL)
		error_set(err, ERROR_STATE, "Checkpoint not found in %s", dir);
	return NULL;
}
