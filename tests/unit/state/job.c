/* SPDX-License-Identifier: MIT */
/*
 * The state of a job: random histories replayed from the journal give the
 * state that was reached live; records that do not fit are refused.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "plan/items.h"
#include "scratch.h"
#include "state/job.h"
#include "state/spool.h"

#define HISTORIES 60
#define STEPS 400

static uint32_t seed = 20250111;

static uint32_t
dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

static bool
replayed(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	return job_apply(arg, record, place, err);
}

/* Applies a record and journals it, as the supervisor does. */
static void
record(struct job *job, struct journal *journal, json_t *object)
{
	autoerror struct error err = { 0 };
	struct journal_place place;
	autojson json_t *kept = json_incref(object);
	journal_add(journal, object, &place);
	if (!job_apply(job, kept, &place, &err))
		BUG("%s", error_text(&err));
}

static json_t *
item_record(const char *op, size_t index)
{
	autofree char *id = items_id(index);
	return json_pack("{s:s, s:s}", "op", op, "item", id);
}

static json_t *
with_result(json_t *object, size_t index, unsigned tag)
{
	autofree char *id = items_id(index);
	json_object_set_new(object, "result",
	    json_pack("{s:s, s:i}", "item_id", id, "tag", (int)tag));
	return object;
}

/* One step that is possible for the item, by chance. */
static void
random_step(struct job *job, struct journal *journal, size_t i, unsigned tag)
{
	enum job_item_status status = job->items[i].status;
	if (status == JOB_ITEM_PENDING || status == JOB_ITEM_FAILED) {
		json_t *start = item_record("start", i);
		json_object_set_new(
		    start, "attempt", json_integer(job->items[i].attempts + 1));
		record(job, journal, start);
	} else if (status == JOB_ITEM_RUNNING) {
		const char *const ops[] = { "ready", "done", "fail", "reset" };
		const char *op = ops[dice(4)];
		json_t *next = item_record(op, i);
		record(job, journal,
		    strcmp(op, "reset") == 0 ? next
					     : with_result(next, i, tag));
	} else if (status == JOB_ITEM_READY) {
		const char *const ops[] = { "merged", "merged", "fail",
			"reset" };
		const char *op = ops[dice(4)];
		json_t *next = item_record(op, i);
		record(job, journal,
		    strcmp(op, "fail") == 0 ? with_result(next, i, tag) : next);
	}
}

static bool
same_job(const struct job *a, const struct job *b)
{
	if (a->phase != b->phase || a->total != b->total ||
	    a->version != b->version || a->reduce_steps != b->reduce_steps ||
	    a->setup_done != b->setup_done ||
	    memcmp(a->counts, b->counts, sizeof(a->counts)) != 0 ||
	    json_equal(a->setup_vars, b->setup_vars) != (a->setup_vars != NULL))
		return false;
	for (size_t i = 0; i < a->total; i++)
		if (a->items[i].status != b->items[i].status ||
		    a->items[i].attempts != b->items[i].attempts ||
		    a->items[i].result.offset != b->items[i].result.offset ||
		    a->items[i].result.len != b->items[i].result.len)
			return false;
	return true;
}

static bool
counts_add_up(const struct job *job)
{
	size_t counts[JOB_ITEM_STATUSES] = { 0 };
	for (size_t i = 0; i < job->total; i++)
		counts[job->items[i].status]++;
	return memcmp(counts, job->counts, sizeof(counts)) == 0;
}

static void
make_history(struct job *job, struct journal *journal)
{
	autoerror struct error err = { 0 };
	size_t n = dice(30);
	record(job, journal,
	    json_pack("{s:s, s:{s:s}}", "op", "setup_done", "vars",
		"setup.output", "x"));
	record(job, journal,
	    json_pack("{s:s, s:i}", "op", "items", "count", (int)n));
	record(job, journal,
	    json_pack("{s:s, s:s}", "op", "phase", "phase", "Map"));
	for (unsigned step = 0; step < STEPS && n > 0; step++) {
		random_step(job, journal, dice((uint32_t)n), step);
		if (dice(3) == 0 && !journal_flush(journal, false, &err))
			BUG("%s", error_text(&err));
	}
	if (dice(2) == 0) {
		record(job, journal,
		    json_pack("{s:s, s:s}", "op", "phase", "phase", "Reduce"));
		record(job, journal,
		    json_pack("{s:s, s:i}", "op", "reduce_step", "index", 0));
	}
	record(job, journal,
	    json_pack("{s:s, s:s}", "op", "later version", "what", "ignored"));
	if (!journal_flush(journal, true, &err))
		BUG("%s", error_text(&err));
}

/* map.results: in item order, of items that ended, each with its last one. */
static bool
results_fit(const struct job *job, const struct journal *journal)
{
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path("results.json");
	if (!job_write_results(job, journal, path, &err))
		return false;
	autojson json_t *results = json_load_path(path, 1u << 24, &err);
	size_t at = 0;
	for (size_t i = 0; i < job->total; i++) {
		autofree char *id = items_id(i);
		bool ended = job->items[i].status == JOB_ITEM_DONE ||
		    job->items[i].status == JOB_ITEM_FAILED;
		if (!ended)
			continue;
		const char *got =
		    json_get_text(json_array_get(results, at++), "item_id");
		if (got == NULL || strcmp(got, id) != 0)
			return false;
	}
	return json_is_array(results) && json_array_size(results) == at;
}

static void
test_histories(void)
{
	size_t wrong = 0;
	for (int h = 0; h < HISTORIES; h++) {
		autoerror struct error err = { 0 };
		autofree char *name = mem_format("history-%d.jsonl", h);
		autofree char *path = scratch_path(name);
		struct job live = { 0 }, again = { 0 };
		struct journal journal;
		struct journal_report report;
		if (!journal_create(&journal, path,
			json_pack("{s:s}", "op", "journal"), &err))
			BUG("%s", error_text(&err));
		make_history(&live, &journal);
		wrong += !journal_replay(path, replayed, &again, &report, &err);
		wrong += !same_job(&live, &again);
		wrong += !counts_add_up(&live) || !counts_add_up(&again);
		wrong += !results_fit(&again, &journal);
		journal_close(&journal);
		job_release(&live);
		job_release(&again);
	}
	tap_is_int((long long)wrong, 0,
	    "%d random histories are the same live and replayed", HISTORIES);
}

struct refusal {
	const char *what;
	const char *record;
};

/* On a job of two items: item_0 pending, item_1 done. */
static const struct refusal refusals[] = {
	{ "no op", "{}" },
	{ "items twice", "{\"op\":\"items\",\"count\":2}" },
	{ "unknown phase", "{\"op\":\"phase\",\"phase\":\"Later\"}" },
	{ "no item", "{\"op\":\"start\"}" },
	{ "item beyond the end", "{\"op\":\"start\",\"item\":\"item_2\"}" },
	{ "item with a zero", "{\"op\":\"start\",\"item\":\"item_00\"}" },
	{ "item with a sign", "{\"op\":\"start\",\"item\":\"item_-1\"}" },
	{ "item with more", "{\"op\":\"start\",\"item\":\"item_0x\"}" },
	{ "huge item",
	    "{\"op\":\"start\",\"item\":\"item_99999999999999999999\"}" },
	{ "path as item", "{\"op\":\"start\",\"item\":\"../item_0\"}" },
	{ "merged before ready", "{\"op\":\"merged\",\"item\":\"item_0\"}" },
	{ "done before start", "{\"op\":\"done\",\"item\":\"item_0\"}" },
	{ "start after done", "{\"op\":\"start\",\"item\":\"item_1\"}" },
	{ "fail after done", "{\"op\":\"fail\",\"item\":\"item_1\"}" },
	{ "done twice", "{\"op\":\"done\",\"item\":\"item_1\"}" },
};

static bool
apply_text(struct job *job, const char *text, struct error *err)
{
	const struct journal_place place = { 1, 1 };
	autojson json_t *object = scratch_json(text);
	return job_apply(job, object, &place, err);
}

static void
test_refusals(void)
{
	struct job job = { 0 };
	autoerror struct error err = { 0 };
	const char *const good[] = { "{\"op\":\"items\",\"count\":2}",
		"{\"op\":\"start\",\"item\":\"item_1\",\"attempt\":99999}",
		"{\"op\":\"done\",\"item\":\"item_1\",\"result\":{}}" };
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!apply_text(&job, good[i], &err))
			BUG("%s", error_text(&err));
	tap_is_int(job.items[1].attempts, UINT16_MAX,
	    "the number of attempts stops at its largest");
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		autoerror struct error why = { 0 };
		tap_ok(!apply_text(&job, refusals[i].record, &why) &&
			why.kind == ERROR_STATE && counts_add_up(&job),
		    "a record is refused that has: %s", refusals[i].what);
	}
	job_release(&job);
	const char *const bad_counts[] = { "{\"op\":\"items\",\"count\":-1}",
		"{\"op\":\"items\",\"count\":1000001}", "{\"op\":\"items\"}" };
	for (size_t i = 0; i < COUNT_OF(bad_counts); i++) {
		autoerror struct error why = { 0 };
		tap_ok(!apply_text(&job, bad_counts[i], &why),
		    "a count of items is refused: %s", bad_counts[i]);
	}
}

static void
test_spool(void)
{
	static const char lines[] = "{\"id\":\"item_0\",\"data\":{\"a\":1}}\n"
				    "{\"id\":\"item_1\",\"data\":\"text\"}\n";
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path(SPOOL_NAME);
	struct spool spool;
	char digest[65];
	scratch_write(path, lines, strlen(lines));
	tap_ok(
	    spool_open(&spool, path, NULL, &err), "a list of items is opened");
	tap_is_int((long long)spool.n, 2, "the items of a list are counted");
	autojson json_t *item = spool_item(&spool, 1, NULL, &err);
	tap_is_text(
	    json_string_value(item), "text", "an item is read by its number");
	memcpy(digest, spool.sha256, sizeof(digest));
	spool_close(&spool);
	tap_ok(spool_open(&spool, path, digest, &err),
	    "a list with the digest that is expected is opened");
	spool_close(&spool);
	digest[0] = digest[0] == '0' ? '1' : '0';
	tap_ok(
	    !spool_open(&spool, path, digest, &err) && err.kind == ERROR_STATE,
	    "a list with another digest is refused");
	error_release(&err);
	scratch_write(path, lines, strlen(lines) - 1);
	tap_ok(!spool_open(&spool, path, NULL, &err) && err.kind == ERROR_STATE,
	    "a list whose last line is cut is refused");
	error_release(&err);
	scratch_write(path, "", 0);
	tap_ok(spool_open(&spool, path, NULL, &err) && spool.n == 0,
	    "a list without items is opened");
	spool_close(&spool);
	scratch_write(path, "{}\n", 3);
	if (!spool_open(&spool, path, NULL, &err))
		BUG("%s", error_text(&err));
	tap_ok(spool_item(&spool, 0, NULL, &err) == NULL &&
		err.kind == ERROR_STATE,
	    "an item without data is refused");
	spool_close(&spool);
}

int
main(void)
{
	json_init();
	test_histories();
	test_refusals();
	test_spool();
	scratch_done();
	return tap_done();
}
