/* SPDX-License-Identifier: MIT */
/*
 * The numbers of a job are those of its journal, whether that is read whole or
 * from a snapshot on.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "plan/items.h"
#include "scratch.h"
#include "state/checkpoint.h"
#include "state/figures.h"

#define MANY (CHECKPOINT_INLINE + 500)
#define LONG_OUTPUT 16000 /* bytes: so that the journal is a long one */

struct fixture {
	char *dir;
	struct job job;
	struct journal journal;
	struct layout layout;
};

static void
record(struct fixture *fixture, json_t *object)
{
	autoerror struct error err = { 0 };
	struct journal_place place;
	autojson json_t *kept = json_incref(object);
	journal_add(&fixture->journal, object, &place);
	if (!job_apply(&fixture->job, kept, &place, &err) ||
	    !journal_flush(&fixture->journal, false, &err))
		BUG("%s", error_text(&err));
}

static void
record_item(struct fixture *fixture, const char *op, size_t index)
{
	autofree char *id = items_id(index);
	autofree char *output = mem_zalloc(LONG_OUTPUT + 1);
	json_t *object = json_pack("{s:s, s:s}", "op", op, "item", id);
	memset(output, 'x', LONG_OUTPUT);
	if (strcmp(op, "done") == 0)
		json_object_set_new(
		    object, "result", json_pack("{s:s}", "output", output));
	record(fixture, object);
}

static void
open_fixture(struct fixture *fixture, const char *job, size_t items)
{
	autoerror struct error err = { 0 };
	*fixture = (struct fixture){ .layout = { .home = scratch_path("home"),
					 .repo = mem_text("repo") } };
	fixture->dir = layout_job(&fixture->layout, job);
	autofree char *path = path_join(fixture->dir, JOURNAL_NAME);
	if (!path_make_dirs(fixture->dir, &err) ||
	    !journal_create(&fixture->journal, path,
		json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	record(fixture,
	    json_pack("{s:s, s:I}", "op", "items", "count", (json_int_t)items));
	record(fixture, json_pack("{s:s, s:s}", "op", "phase", "phase", "Map"));
}

static void
close_fixture(struct fixture *fixture)
{
	journal_close(&fixture->journal);
	job_release(&fixture->job);
	layout_release(&fixture->layout);
	free(fixture->dir);
}

static void
agree(struct fixture *fixture, const char *name)
{
	autoerror struct error err = { 0 };
	struct figures read;
	const struct figures live = figures_of_job(&fixture->job);
	tap_ok(figures_of_folder(fixture->dir, &read, &err), "%s: read: %s",
	    name, error_text(&err));
	tap_ok(read.phase == live.phase && read.total == live.total &&
		memcmp(read.items, live.items, sizeof(read.items)) == 0,
	    "%s: the numbers are those in memory", name);
}

static void
snapshot(struct fixture *fixture)
{
	autoerror struct error err = { 0 };
	uint64_t size;
	const struct checkpoint_source source = {
		.dir = fixture->dir,
		.job_id = path_name(fixture->dir),
		.job = &fixture->job,
		.journal = &fixture->journal,
	};
	if (!checkpoint_write(&source, "Interval", &size, &err))
		BUG("%s", error_text(&err));
}

/* Nothing can be read of the beginning any more. */
static void
spoil_beginning(const struct fixture *fixture)
{
	autofree char *path = path_join(fixture->dir, JOURNAL_NAME);
	autofd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, "?????", 5, 0) != 5)
		BUG("%s: %s", path, strerror(errno));
}

static void
test_long_journal(void)
{
	struct fixture fixture;
	open_fixture(&fixture, "long", MANY);
	for (size_t i = 0; i < 400; i++) {
		record_item(&fixture, "start", i);
		record_item(&fixture,
		    i % 7 == 0	     ? "fail"
			: i % 7 == 1 ? "ready"
				     : "done",
		    i);
	}
	for (size_t i = 400; i < 410; i++)
		record_item(&fixture, "start", i);
	agree(&fixture, "a long journal without a snapshot");
	snapshot(&fixture);
	agree(&fixture, "a snapshot at the end");
	record_item(&fixture, "merged", 1);
	record_item(&fixture, "fail", 8);
	record_item(&fixture, "done", 400);
	record_item(&fixture, "reset", 401);
	record_item(&fixture, "start", 401);
	record_item(&fixture, "start", 700);
	record(&fixture,
	    json_pack("{s:s, s:s}", "op", "phase", "phase", "Reduce"));
	agree(&fixture, "records behind a snapshot");
	spoil_beginning(&fixture);
	agree(&fixture, "the beginning is not read");
	close_fixture(&fixture);
}

static void
test_short_journal(void)
{
	struct fixture fixture;
	autoerror struct error err = { 0 };
	struct figures figures;
	open_fixture(&fixture, "short", 3);
	record_item(&fixture, "start", 0);
	record_item(&fixture, "start", 2);
	record_item(&fixture, "fail", 2);
	agree(&fixture, "a short journal");
	figures = figures_of_job(&fixture.job);
	autofree char *text = figures_text(&figures);
	tap_is_text(text, "0/3, 1 failed", "what failed is not done");
	spoil_beginning(&fixture);
	tap_ok(!figures_of_folder(fixture.dir, &figures, &err) &&
		err.kind == ERROR_STATE,
	    "a damaged journal has no numbers");
	error_release(&err);
	tap_ok(!figures_of_folder("/nowhere", &figures, &err) &&
		err.code == ENOENT,
	    "and so has none that is nowhere");
	close_fixture(&fixture);
}

static void
said_is(const char *document, const char *want, const char *name)
{
	autojson json_t *session = scratch_json(document);
	struct figures figures;
	autofree char *text =
	    figures_said(session, &figures) ? figures_text(&figures) : NULL;
	tap_is_text(text, want, "%s", name);
}

static void
test_sessions(void)
{
	struct fixture fixture;
	autoerror struct error err = { 0 };
	open_fixture(&fixture, "of-session", 5);
	record_item(&fixture, "start", 0);
	record_item(&fixture, "done", 0);
	record_item(&fixture, "start", 1);
	record_item(&fixture, "fail", 1);
	said_is("{\"mapreduce_data\":{\"total_items\":300,"
		"\"processed_items\":300,\"failed_items\":12}}",
	    "288/300, 12 failed", "an old session tells what is through");
	said_is("{\"workflow_data\":{}}", NULL, "a workflow has no items");
	autojson json_t *session = scratch_json(
	    "{\"job_id\":\"of-session\",\"repository_name\":\"repo\","
	    "\"mapreduce_data\":{\"total_items\":0,\"job_id\":\"x\"}}");
	free(fixture.layout.repo);
	fixture.layout.repo = mem_text("another");
	tap_ok(figures_update(&fixture.layout, session, &err),
	    "a session of another repository is brought up to date: %s",
	    error_text(&err));
	struct figures figures;
	autofree char *text =
	    figures_said(session, &figures) ? figures_text(&figures) : NULL;
	tap_is_text(text, "1/5, 1 failed", "to what its journal tells");
	tap_is_text(json_get_text(json_get(session, "mapreduce_data"), "phase"),
	    "Map", "with the phase");
	json_set_text(session, "repository_name", "../x");
	tap_ok(figures_update(&fixture.layout, session, &err),
	    "a name that is a path leads nowhere");
	close_fixture(&fixture);
}

int
main(void)
{
	json_init();
	test_short_journal();
	test_long_journal();
	test_sessions();
	scratch_done();
	return tap_done();
}
