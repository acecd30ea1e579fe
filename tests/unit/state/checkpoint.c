/* SPDX-License-Identifier: MIT */
/* Snapshots: what they hold, that damage is seen, and what is kept. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "plan/items.h"
#include "scratch.h"
#include "state/checkpoint.h"

#define JOB_ID "mapreduce-20250111_120000"
#define MANY 5000

struct fixture {
	char *dir;
	struct job job;
	struct journal journal;
	struct spool spool;
	json_t *fixed;
	struct checkpoint_source source;
};

static void
apply(struct fixture *f, json_t *record)
{
	autoerror struct error err = { 0 };
	struct journal_place place;
	autojson json_t *kept = json_incref(record);
	journal_add(&f->journal, record, &place);
	if (!job_apply(&f->job, kept, &place, &err))
		BUG("%s", error_text(&err));
}

static void
start(struct fixture *f, size_t i, int attempt)
{
	autofree char *id = items_id(i);
	apply(f,
	    json_pack("{s:s, s:s, s:i}", "op", "start", "item", id, "attempt",
		attempt));
}

static void
complete(struct fixture *f, size_t i)
{
	autofree char *id = items_id(i);
	start(f, i, 1);
	apply(f,
	    json_pack("{s:s, s:s, s:{s:s, s:s}}", "op", "done", "item", id,
		"result", "item_id", id, "status", "Success"));
}

static void
fail(struct fixture *f, size_t i, int attempt)
{
	autofree char *id = items_id(i);
	start(f, i, attempt);
	apply(f,
	    json_pack("{s:s, s:s, s:s}", "op", "fail", "item", id, "error",
		"it broke"));
}

static void
open_fixture(struct fixture *f, const char *job, size_t items)
{
	autoerror struct error err = { 0 };
	autostr struct str lines = { 0 };
	*f = (struct fixture){ .dir = scratch_path(job) };
	mkdir(f->dir, 0700);
	autofree char *spool = path_join(f->dir, SPOOL_NAME);
	autofree char *journal = path_join(f->dir, "journal-v0.jsonl");
	for (size_t i = 0; i < items; i++)
		str_format(&lines,
		    "{\"id\":\"item_%zu\",\"data\":{\"n\":%zu}}\n", i, i);
	scratch_write(spool, str_text(&lines), lines.len);
	if (!spool_open(&f->spool, spool, NULL, &err) ||
	    !journal_create(&f->journal, journal,
		json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	apply(f,
	    json_pack("{s:s, s:I}", "op", "items", "count", (json_int_t)items));
	apply(f, json_pack("{s:s, s:s}", "op", "phase", "phase", "Map"));
	f->fixed = json_pack(
	    "{s:{s:i, s:f}}", "config", "max_parallel", 4, "ratio", 1.5);
	f->source = (struct checkpoint_source){ .dir = f->dir,
		.job_id = job,
		.job = &f->job,
		.journal = &f->journal,
		.spool = &f->spool,
		.fixed = f->fixed };
}

static void
close_fixture(struct fixture *f)
{
	job_release(&f->job);
	journal_close(&f->journal);
	spool_close(&f->spool);
	json_decref(f->fixed);
	free(f->dir);
}

static uint64_t
snapshot(struct fixture *f, const char *reason)
{
	autoerror struct error err = { 0 };
	uint64_t size = 0;
	tap_ok(checkpoint_write(&f->source, reason, &size, &err),
	    "a snapshot can be written: %s", error_text(&err));
	return size;
}

static size_t
count_of(const json_t *document, const char *part, const char *list)
{
	const json_t *value = json_get(json_get(document, part), list);
	return json_is_object(value) ? json_object_size(value)
				     : json_array_size(value);
}

static void
check_lists(const json_t *document)
{
	tap_is_int(
	    (long long)count_of(document, "work_item_state", "pending_items"),
	    3, "items that are under way count as pending");
	tap_is_int((long long)count_of(
		       document, "work_item_state", "in_progress_items"),
	    0, "no item is in progress in a snapshot");
	tap_is_int(
	    (long long)count_of(document, "work_item_state", "completed_items"),
	    2, "items that are done are listed as completed");
	tap_is_int(
	    (long long)count_of(document, "work_item_state", "failed_items"), 1,
	    "items that failed are listed as failed");
	tap_is_int(
	    (long long)count_of(document, "agent_state", "agent_results"), 2,
	    "results are listed by item");
	tap_is_int((long long)count_of(document, "error_state", "dlq_items"), 1,
	    "what failed is also listed in short");
	const json_t *failed = json_array_get(
	    json_get(json_get(document, "work_item_state"), "failed_items"), 0);
	tap_is_text(json_get_text(failed, "error"), "it broke",
	    "an item that failed has its error, though it has no result");
	tap_is_int(json_get_int(failed, "retry_count", 0), 2,
	    "an item that failed has the number of its attempts");
	tap_is_int(
	    json_get_int(json_get(document, "item_retry_counts"), "item_5", 0),
	    2, "attempts are counted by item");
}

static void
test_small(void)
{
	struct fixture f;
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	open_fixture(&f, JOB_ID, 6);
	complete(&f, 0);
	complete(&f, 3);
	fail(&f, 5, 2);
	start(&f, 1, 1);
	snapshot(&f, "Interval");
	autojson json_t *document = checkpoint_load(f.dir, -1, &warnings, &err);
	tap_ok(document != NULL && warnings.n == 0,
	    "what was written is loaded without a warning: %s",
	    error_text(&err));
	check_lists(document);
	const json_t *metadata = json_get(document, "metadata");
	tap_is_int(json_get_int(metadata, "version", -1), 3,
	    "the version of a snapshot counts outcomes");
	tap_is_text(json_get_text(metadata, "checkpoint_reason"), "Interval",
	    "a snapshot has the reason for which it was taken");
	tap_is_int(json_get_int(json_get(document, "resource_state"),
		       "total_agents_allowed", 0),
	    4, "the number of agents comes from the configuration");
	autofree char *latest = path_join(f.dir, "latest.json");
	char target[64] = "";
	tap_ok(readlink(latest, target, sizeof(target) - 1) > 0,
	    "latest.json is a link");
	tap_is_text(target, "checkpoint-v3.json",
	    "the link names the snapshot without its folder");
	autofree char *meta = path_join(f.dir, "metadata.json");
	autojson json_t *described = json_load_path(meta, 1u << 20, &err);
	tap_is_text(json_get_text(described, "path"), "checkpoint-v3.json",
	    "metadata.json names the newest snapshot");
	tap_is_int(json_get_int(described, "successful", -1), 2,
	    "metadata.json counts what succeeded");
	close_fixture(&f);
}

static void
test_retention(void)
{
	struct fixture f;
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	open_fixture(&f, "retention", 10);
	for (size_t i = 0; i < 6; i++) {
		complete(&f, i);
		snapshot(&f, "Interval");
	}
	autofree char *odd = path_join(f.dir, "checkpoint-v-7.json");
	autofree char *odd2 = path_join(f.dir, "checkpoint-v9.json.tmp");
	scratch_write(odd, "{}", 2);
	scratch_write(odd2, "{}", 2);
	autojson json_t *list = checkpoint_list(f.dir, &err);
	tap_is_int((long long)json_array_size(list), CHECKPOINT_KEEP,
	    "the three newest snapshots are kept");
	tap_is_int(json_get_int(json_array_get(list, 0), "version", 0), 6,
	    "the newest snapshot is listed first");
	/* The newest damaged: the one before it is taken. */
	autofree char *newest = path_join(f.dir, "checkpoint-v6.json");
	scratch_write(newest, "{\"metadata\":{", 13);
	autojson json_t *older = checkpoint_load(f.dir, -1, &warnings, &err);
	tap_is_int(json_get_int(json_get(older, "metadata"), "version", 0), 5,
	    "a damaged snapshot is passed over");
	tap_is_int((long long)warnings.n, 1,
	    "a snapshot that is passed over is reported");
	autojson json_t *asked = checkpoint_load(f.dir, 4, &warnings, &err);
	tap_is_int(json_get_int(json_get(asked, "metadata"), "version", 0), 4,
	    "a snapshot is found by its version");
	tap_ok(checkpoint_load(f.dir, 1, &warnings, &err) == NULL,
	    "a snapshot that was removed is not found: %s", error_text(&err));
	error_release(&err);
	tap_ok(checkpoint_load(f.dir, 6, &warnings, &err) == NULL,
	    "a damaged snapshot that is asked for is refused");
	close_fixture(&f);
}

/* Each byte changed: the snapshot is refused, or says the same. */
static void
test_flips(void)
{
	struct fixture f;
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	autostr struct str text = { 0 };
	size_t wrong = 0;
	open_fixture(&f, "flips", 2);
	complete(&f, 0);
	snapshot(&f, "Interval");
	autofree char *path = path_join(f.dir, "checkpoint-v1.json");
	autojson json_t *good = checkpoint_load(f.dir, 1, &warnings, &err);
	scratch_read(path, &text);
	for (size_t i = 0; i < text.len; i++) {
		autoerror struct error why = { 0 };
		char flip = (char)(1u << (i % 7));
		text.data[i] ^= flip;
		scratch_write(path, text.data, text.len);
		text.data[i] ^= flip;
		autojson json_t *loaded =
		    checkpoint_load(f.dir, 1, &warnings, &why);
		wrong += loaded != NULL && !json_equal(loaded, good);
		wrong += loaded == NULL && why.kind == ERROR_NONE;
	}
	tap_is_int((long long)wrong, 0,
	    "a bit that is flipped in any of %zu bytes is noticed", text.len);
	close_fixture(&f);
}

static void
test_other_job(void)
{
	struct fixture f;
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	open_fixture(&f, "mine", 1);
	f.source.job_id = "another";
	snapshot(&f, "Interval");
	tap_ok(checkpoint_load(f.dir, 0, &warnings, &err) == NULL &&
		err.kind == ERROR_STATE,
	    "a snapshot of another job is refused");
	close_fixture(&f);
}

static void
test_large(void)
{
	struct fixture f;
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	open_fixture(&f, "large", MANY);
	uint64_t first = snapshot(&f, "PhaseTransition");
	for (size_t i = 0; i < MANY - 10; i++)
		complete(&f, i);
	fail(&f, MANY - 1, 1);
	uint64_t last = snapshot(&f, "Interval");
	tap_ok(last < first + 500 && last < 3000,
	    "a snapshot of %d items stays small (%llu, then %llu bytes)", MANY,
	    (unsigned long long)first, (unsigned long long)last);
	autojson json_t *document = checkpoint_load(f.dir, -1, &warnings, &err);
	tap_ok(document != NULL, "a snapshot of many items is valid: %s",
	    error_text(&err));
	const json_t *range = json_array_get(
	    json_get(json_get(document, "work_item_state"), "completed_ranges"),
	    0);
	tap_is_int(json_integer_value(json_array_get(range, 1)), MANY - 11,
	    "completed items that follow one another are one range");
	close_fixture(&f);
}

#define VERSIONS 5000

static void
test_many_versions(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("versions");
	mkdir(dir, 0700);
	for (int i = 1; i <= VERSIONS; i++) {
		autofree char *path =
		    mem_format("%s/checkpoint-v%d.json", dir, i);
		scratch_write(path, "{}", 2);
	}
	autojson json_t *list = checkpoint_list(dir, &err);
	tap_is_int((long long)json_array_size(list), VERSIONS,
	    "all of %d versions in a folder are listed", VERSIONS);
	tap_is_int(json_get_int(json_array_get(list, 0), "version", 0),
	    VERSIONS, "the newest of them stands first");
}

static void
test_none(void)
{
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	autofree char *empty = scratch_path("empty");
	autofree char *missing = scratch_path("missing");
	mkdir(empty, 0700);
	tap_ok(checkpoint_load(empty, -1, &warnings, &err) == NULL &&
		err.kind == ERROR_STATE,
	    "a folder without snapshots is an error of the state: %s",
	    error_text(&err));
	error_release(&err);
	tap_ok(checkpoint_load(missing, -1, &warnings, &err) == NULL &&
		err.kind == ERROR_SYSTEM,
	    "a folder that is missing is an error of the system: %s",
	    error_text(&err));
}

int
main(void)
{
	json_init();
	test_small();
	test_retention();
	test_flips();
	test_other_job();
	test_large();
	test_many_versions();
	test_none();
	scratch_done();
	return tap_done();
}
