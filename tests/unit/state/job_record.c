/* SPDX-License-Identifier: MIT */
/*
 * Records of the journal: each kind is written with the members that
 * docs/FORMATS.md names, and what was written is read.
 */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "scratch.h"
#include "state/job_record.h"

static const struct record_case {
	enum job_op op;
	const char *text;
} cases[] = {
	{ JOB_OP_SETUP_DONE, "{\"op\":\"setup_done\",\"vars\":{\"v\":1}}" },
	{ JOB_OP_ITEMS,
	    "{\"op\":\"items\",\"count\":3,\"items_sha256\":\"sha\"}" },
	{ JOB_OP_PHASE, "{\"op\":\"phase\",\"phase\":\"Map\"}" },
	{ JOB_OP_START,
	    "{\"op\":\"start\",\"item\":\"item_0\",\"attempt\":2,"
	    "\"agent\":\"agent\",\"worktree\":\"tree\","
	    "\"branch\":\"branch\",\"base\":\"base\"}" },
	{ JOB_OP_READY,
	    "{\"op\":\"ready\",\"item\":\"item_0\",\"tip\":\"tip\","
	    "\"base\":\"base\",\"result\":{\"r\":1},\"spent\":{\"s\":1}}" },
	{ JOB_OP_MERGED,
	    "{\"op\":\"merged\",\"item\":\"item_0\","
	    "\"merge_commit\":\"commit\",\"changes\":{\"c\":1},"
	    "\"spent\":{\"s\":1}}" },
	{ JOB_OP_DONE,
	    "{\"op\":\"done\",\"item\":\"item_0\",\"result\":{\"r\":1},"
	    "\"spent\":{\"s\":1}}" },
	{ JOB_OP_FAIL,
	    "{\"op\":\"fail\",\"item\":\"item_0\",\"error\":\"error\","
	    "\"error_type\":{\"e\":1},\"result\":{\"r\":1},"
	    "\"spent\":{\"s\":1}}" },
	{ JOB_OP_RESET,
	    "{\"op\":\"reset\",\"item\":\"item_0\",\"spent\":{\"s\":1}}" },
	{ JOB_OP_CLAUDE,
	    "{\"op\":\"claude\",\"item\":\"item_0\",\"phase\":\"Map\","
	    "\"attempt\":2,\"claude_session_id\":\"id\","
	    "\"json_log_location\":\"log\"}" },
	{ JOB_OP_SPENT,
	    "{\"op\":\"spent\",\"item\":\"item_0\",\"phase\":\"Map\","
	    "\"spent\":{\"s\":1}}" },
	{ JOB_OP_REDUCE_STEP, "{\"op\":\"reduce_step\",\"index\":4}" },
	{ JOB_OP_INTERRUPT, "{\"op\":\"interrupt\",\"signal\":15}" },
};

/* A full record is written with the members of its kind and no others. */
static void
test_members(void)
{
	autojson json_t *vars = scratch_json("{\"v\":1}");
	autojson json_t *type = scratch_json("{\"e\":1}");
	autojson json_t *result = scratch_json("{\"r\":1}");
	autojson json_t *spent = scratch_json("{\"s\":1}");
	autojson json_t *changes = scratch_json("{\"c\":1}");
	struct job_record full = { .item = "item_0",
		.attempt = 2,
		.agent = "agent",
		.worktree = "tree",
		.branch = "branch",
		.base = "base",
		.tip = "tip",
		.merge_commit = "commit",
		.error = "error",
		.phase = "Map",
		.items_sha256 = "sha",
		.count = 3,
		.index = 4,
		.signal = 15,
		.vars = vars,
		.error_type = type,
		.result = result,
		.spent = spent,
		.changes = changes,
		.claude_session_id = "id",
		.json_log_location = "log" };
	tap_is_int(COUNT_OF(cases), JOB_OPS, "each kind has its case");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *name = job_op_name(cases[i].op);
		autojson json_t *wanted = scratch_json(cases[i].text);
		full.op = cases[i].op;
		autojson json_t *written = job_record_write(&full);
		tap_ok(json_equal(written, wanted),
		    "'%s' is written as the format says", name);
		struct job_record back;
		job_record_read(written, &back);
		autojson json_t *again = job_record_write(&back);
		tap_ok(back.op == cases[i].op && json_equal(again, wanted),
		    "'%s' is read as it was written", name);
	}
}

static void
test_missing(void)
{
	autojson json_t *written = job_record_write(
	    &(struct job_record){ .op = JOB_OP_SPENT, .phase = "setup" });
	autojson json_t *wanted =
	    scratch_json("{\"op\":\"spent\",\"phase\":\"setup\"}");
	tap_ok(json_equal(written, wanted), "what may be missing is left out");
	struct job_record back;
	autojson json_t *bare = scratch_json("{\"op\":\"start\",\"item\":1}");
	autojson json_t *other = scratch_json("{\"op\":\"later\"}");
	job_record_read(bare, &back);
	tap_ok(back.op == JOB_OP_START && back.item == NULL &&
		back.attempt == -1 && back.result == NULL,
	    "a member that is missing or no text is not there");
	job_record_read(other, &back);
	tap_ok(back.op == JOB_OPS, "a kind of a later version is not known");
}

int
main(void)
{
	json_init();
	test_members();
	test_missing();
	scratch_done();
	return tap_done();
}
