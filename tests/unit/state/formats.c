/* SPDX-License-Identifier: MIT */
/*
 * Jobs that the first version wrote, in tests/fixtures/jobs: whatever is added
 * to the records, these are read. ENDED has items that were merged, that
 * failed, and one whose agent was killed; its dead letters are in "letters".
 * STOPPED was ended by a signal.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "scratch.h"
#include "state/checkpoint.h"
#include "state/dlq.h"
#include "state/job.h"
#include "state/spool.h"

#define ENDED "mapreduce-20261201_121415"
#define STOPPED "mapreduce-20261201_121430"

static char *
fixture(const char *name)
{
	return mem_format(
	    "%s/tests/fixtures/jobs/%s", getenv("top_srcdir"), name);
}

struct reading {
	struct job job;
	struct spool spool;
	char *sha256; /* of the items, as the journal has it */
};

static bool
take(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	struct reading *reading = arg;
	const char *sha256 = json_get_text(record, "items_sha256");
	if (sha256 != NULL)
		reading->sha256 = mem_text(sha256);
	return job_apply(&reading->job, record, place, err);
}

static void
read_job(struct reading *reading, const char *name)
{
	autoerror struct error err = { 0 };
	autofree char *dir = fixture(name);
	autofree char *path = path_join(dir, JOURNAL_NAME);
	autofree char *items = path_join(dir, SPOOL_NAME);
	struct journal_report report;
	*reading = (struct reading){ .spool = { .fd = -1 } };
	tap_ok(journal_replay(path, take, reading, &report, &err) &&
		report.torn_bytes == 0,
	    "the journal '%s' is read: %s", name, error_text(&err));
	tap_ok(spool_open(&reading->spool, items, reading->sha256, &err),
	    "its items are read: %s", error_text(&err));
}

static void
release(struct reading *reading)
{
	spool_close(&reading->spool);
	job_release(&reading->job);
	free(reading->sha256);
}

static void
counts_are(const struct job *job, size_t pending, size_t done, size_t failed)
{
	tap_is_int((long long)job->counts[JOB_ITEM_PENDING], (long long)pending,
	    "so many items are pending");
	tap_is_int((long long)job->counts[JOB_ITEM_DONE], (long long)done,
	    "so many items are done");
	tap_is_int((long long)job->counts[JOB_ITEM_FAILED], (long long)failed,
	    "so many items failed");
}

static void
results_are_whole(const struct job *job, const char *name)
{
	autoerror struct error err = { 0 };
	autofree char *dir = fixture(name);
	autofree char *path = path_join(dir, JOURNAL_NAME);
	autofree char *out = scratch_path("results.json");
	struct journal journal = { 0 };
	struct journal_report report;
	struct reading again = { .spool = { .fd = -1 } };
	autostr struct str bytes = { 0 };
	/* A journal that is opened again may be cut: only a copy of it is. */
	autofree char *copy = scratch_path("copy.jsonl");
	scratch_read(path, &bytes);
	scratch_write(copy, bytes.data, bytes.len);
	bool ok = journal_replay(copy, take, &again, &report, &err) &&
	    journal_reopen(&journal, copy, &report, &err) &&
	    job_write_results(job, &journal, out, &err);
	autojson json_t *results =
	    ok ? json_load_path(out, 1 << 20, &err) : NULL;
	tap_is_int((long long)json_array_size(results), 6,
	    "every item has its result: %s", error_text(&err));
	tap_is_text(json_get_text(json_array_get(results, 3), "item_id"),
	    "item_3", "in its place");
	journal_close(&journal);
	release(&again);
}

static void
snapshot_is_valid(const char *name, int64_t version)
{
	autoerror struct error err = { 0 };
	autostrv struct strv warnings = { 0 };
	autofree char *dir = fixture(name);
	autojson json_t *snapshot =
	    checkpoint_load(dir, version, &warnings, &err);
	tap_ok(snapshot != NULL && warnings.n == 0,
	    "the snapshot of '%s' is read: %s", name, error_text(&err));
}

static void
test_ended(void)
{
	struct reading reading;
	autoerror struct error err = { 0 };
	read_job(&reading, ENDED);
	tap_is_int((long long)reading.job.phase, JOB_COMPLETE, "it was done");
	counts_are(&reading.job, 0, 3, 3);
	tap_is_int(reading.job.items[3].attempts, 2,
	    "the item whose agent was killed was tried twice");
	autofree char *label = NULL;
	autojson json_t *item = spool_item(&reading.spool, 4, &label, &err);
	tap_is_text(
	    json_get_text(item, "title"), "a look", "an item has its data");
	tap_is_text(label, "a look", "and a label, which was not kept then");
	results_are_whole(&reading.job, ENDED);
	snapshot_is_valid(ENDED, 7);
	release(&reading);
}

static void
test_stopped(void)
{
	struct reading reading;
	read_job(&reading, STOPPED);
	tap_is_int((long long)reading.job.phase, JOB_MAP, "it was on its way");
	counts_are(&reading.job, 5, 1, 0);
	snapshot_is_valid(STOPPED, 1);
	release(&reading);
}

/* From their files, and from the journal when these are gone. */
static void
test_letters(void)
{
	static const char *const names[] = { "letters", "none" };
	autofree char *job_dir = fixture(ENDED);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		autoerror struct error err = { 0 };
		autostrv struct strv unread = { 0 };
		autofree char *dir = fixture(names[i]);
		autojson json_t *letters =
		    dlq_load(dir, job_dir, &unread, &err);
		tap_is_int((long long)json_array_size(letters), 3,
		    "three letters from '%s': %s", names[i], error_text(&err));
		tap_is_int((long long)unread.n, 0, "all of them are read");
		const json_t *last = json_array_get(
		    json_get(json_array_get(letters, 0), "failure_history"), 0);
		tap_ok(strstr(json_get_text(last, "error_message"),
			   "'rate' undeclared") != NULL,
		    "a letter says what was wrong");
	}
}

/* What a later version wrote may mean what this one does not know. */
static void
test_later_format(void)
{
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path("later.jsonl");
	struct journal journal;
	struct journal_report report;
	struct reading reading = { .spool = { .fd = -1 } };
	tap_ok(journal_create(&journal, path,
		   scratch_json("{\"op\":\"journal\",\"format\":2}"), &err),
	    "a journal of format 2 is made");
	journal_close(&journal);
	tap_ok(!journal_replay(path, take, &reading, &report, &err) &&
		strstr(error_text(&err), "format 2") != NULL,
	    "and refused: %s", error_text(&err));
	release(&reading);
}

int
main(void)
{
	json_init();
	test_ended();
	test_stopped();
	test_letters();
	test_later_format();
	scratch_done();
	return tap_done();
}
