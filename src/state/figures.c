/* SPDX-License-Identifier: MIT */
/* The numbers of a job. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/json.h"
#include "state/checkpoint.h"
#include "state/figures.h"
#include "state/journal.h"

/* Shorter journals are read from their beginning, without a snapshot. */
#define SHORT_JOURNAL (4 * 1024 * 1024)

size_t
figures_ended(const struct figures *figures)
{
	return figures->items[JOB_ITEM_DONE] + figures->items[JOB_ITEM_FAILED];
}

char *
figures_text(const struct figures *figures)
{
	struct str text = { 0 };
	size_t failed = figures->items[JOB_ITEM_FAILED];
	str_format(
	    &text, "%zu/%zu", figures->items[JOB_ITEM_DONE], figures->total);
	if (failed > 0)
		str_format(&text, ", %zu failed", failed);
	return str_take(&text);
}

static void
set_count(json_t *object, const char *name, size_t count)
{
	json_object_set_new(object, name, json_integer((json_int_t)count));
}

void
figures_describe(const struct figures *figures, json_t *object)
{
	set_count(object, "total_items", figures->total);
	set_count(object, "processed_items", figures_ended(figures));
	set_count(object, "successful_items", figures->items[JOB_ITEM_DONE]);
	set_count(object, "failed_items", figures->items[JOB_ITEM_FAILED]);
	json_set_text(object, "phase", job_phase_name(figures->phase));
	changes_describe(&figures->changes, object);
}

struct figures
figures_of_job(const struct job *job)
{
	struct figures figures = { .phase = job->phase,
		.total = job->total,
		.spent = job->spent,
		.changes = job->changes };
	for (int i = 0; i < JOB_ITEM_STATUSES; i++)
		figures.items[i] = job->counts[i];
	return figures;
}

/* --- from the journal ------------------------------------------------- */

static bool
apply(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	return job_apply(arg, record, place, err);
}

/* Behind the newest snapshot; false when that does not help. */
static bool
read_end(const char *dir, const char *path, uint64_t size, struct job *job)
{
	autoerror struct error ignored = { 0 };
	autostrv struct strv warnings = { 0 };
	struct journal_report report;
	autojson json_t *snapshot =
	    checkpoint_load(dir, -1, &warnings, &ignored);
	int64_t from = json_get_int(json_get(snapshot, "journal"), "bytes", 0);
	return from > 0 && (uint64_t)from <= size &&
	    checkpoint_restore(snapshot, job, &ignored) &&
	    journal_replay_from(
		path, (uint64_t)from, apply, job, &report, &ignored);
}

static bool
read_all(const char *path, struct job *job, struct error *err)
{
	struct journal_report report;
	return journal_replay(path, apply, job, &report, err);
}

bool
figures_of_folder(const char *dir, struct figures *figures, struct error *err)
{
	struct job job = { 0 };
	struct stat st;
	autofree char *path = path_join(dir, JOURNAL_NAME);
	if (stat(path, &st) != 0)
		return error_system(err, "reading %s", path);
	bool ok = st.st_size > SHORT_JOURNAL &&
	    read_end(dir, path, (uint64_t)st.st_size, &job);
	if (!ok) {
		job_release(&job);
		ok = read_all(path, &job, err);
	}
	*figures = figures_of_job(&job);
	job_release(&job);
	return ok;
}

/* --- of a session ----------------------------------------------------- */

static size_t
get_count(const json_t *object, const char *name, size_t otherwise)
{
	json_int_t count = json_get_int(object, name, -1);
	return count < 0 ? otherwise : (size_t)count;
}

/* Sessions of old say only how many are through. */
bool
figures_said(const json_t *session, struct figures *figures)
{
	const json_t *map = json_get(session, "mapreduce_data");
	size_t ended = get_count(map, "processed_items", 0);
	size_t failed = get_count(map, "failed_items", 0);
	*figures = (struct figures){ 0 };
	if (!json_is_object(map))
		return false;
	figures->total = get_count(map, "total_items", 0);
	figures->items[JOB_ITEM_FAILED] = failed;
	figures->items[JOB_ITEM_DONE] = get_count(
	    map, "successful_items", ended > failed ? ended - failed : 0);
	ended = figures_ended(figures);
	figures->items[JOB_ITEM_PENDING] =
	    figures->total > ended ? figures->total - ended : 0;
	return true;
}

bool
figures_update(const struct layout *layout, json_t *session, struct error *err)
{
	const char *job = json_get_text(session, "job_id");
	const char *name = json_get_text(session, "repository_name");
	autofree char *repo = mem_text(name == NULL ? layout->repo : name);
	struct layout owner = *layout;
	struct figures figures;
	struct spent spent;
	autoerror struct error why = { 0 };
	if (job == NULL || repo == NULL || strchr(repo, '/') != NULL)
		return true;
	owner.repo = repo;
	autofree char *dir = layout_job(&owner, job);
	if (!figures_of_folder(dir, &figures, &why)) {
		if (why.code == ENOENT)
			return true;
		error_move(err, &why);
		return false;
	}
	json_t *map = json_object_get(session, "mapreduce_data");
	if (!json_is_object(map)) {
		map = json_object();
		json_object_set_new(session, "mapreduce_data", map);
	}
	figures_describe(&figures, map);
	spent_from_json(session, &spent);
	spent_join(&spent, &figures.spent);
	spent_describe(&spent, session);
	return true;
}
