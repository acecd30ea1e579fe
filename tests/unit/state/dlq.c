/* SPDX-License-Identifier: MIT */
/* Dead letters: history is kept, causes are told apart, order is by number. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "data/json.h"
#include "scratch.h"
#include "state/dlq.h"

static char usual_message[] = "cargo test failed with exit 101 in /tmp/x";
static char usual_step[] = "shell: cargo test";

static const struct failure usual_failure = {
	.cause = CAUSE_COMMAND,
	.exit_code = 101,
	.message = usual_message,
	.step = usual_step,
};

static const struct dlq_attempt usual = {
	.failure = &usual_failure,
	.label = "a.rs",
	.agent = "job_agent_7",
	.duration_ms = 45000,
};

static bool
add(const char *dir, const char *item, const struct dlq_attempt *attempt,
    int64_t *count)
{
	autoerror struct error err = { 0 };
	autojson json_t *data = scratch_json("{\"file\":\"a.rs\"}");
	return dlq_add(dir, item, data, attempt, count, &err);
}

static void
test_history(void)
{
	autoerror struct error err = { 0 };
	autostrv struct strv unread = { 0 };
	autofree char *dir = scratch_path("history");
	struct failure failure = { 0 };
	struct dlq_attempt again = usual;
	int64_t count = 0;
	failure_set(&failure, CAUSE_TIMEOUT, 124, "no end after 5m \xff");
	strv_add(&failure.context, "agent job_agent_7");
	again.failure = &failure;
	again.branch = "prodigy-x";
	tap_ok(add(dir, "item_7", &usual, &count) && count == 1,
	    "the first failure of an item is counted as one");
	tap_ok(add(dir, "item_7", &again, &count) && count == 2,
	    "the next failure of the item is counted as two");
	autojson json_t *all = dlq_load(dir, NULL, &unread, &err);
	const json_t *record = json_array_get(all, 0);
	const json_t *history = json_get(record, "failure_history");
	tap_is_int((long long)json_array_size(history), 2,
	    "both failures are in the history");
	tap_is_int(json_get_int(record, "failure_count", 0), 2,
	    "the record says how many failures there were");
	const json_t *first = json_array_get(history, 0);
	const json_t *second = json_array_get(history, 1);
	tap_is_int(json_get_int(
		       json_get(json_get(first, "error_type"), "CommandFailed"),
		       "exit_code", 0),
	    101, "a failed command has its type and its exit code");
	tap_is_text(json_get_text(second, "error_type"), "Timeout",
	    "a timeout has its type");
	tap_is_int(json_get_int(second, "attempt_number", 0), 2,
	    "a failure has its number");
	tap_is_text(json_get_text(second, "error_message"),
	    "no end after 5m \xef\xbf\xbd",
	    "bytes that are not UTF-8 are repaired in a message");
	tap_is_text(json_get_text(record, "first_attempt"),
	    json_get_text(first, "timestamp"),
	    "the time of the first attempt stays");
	tap_is_text(json_get_text(
			json_get(record, "worktree_artifacts"), "branch_name"),
	    "prodigy-x", "the record names the branch that is left");
	tap_is_text(json_get_text(json_get(record, "item_data"), "file"),
	    "a.rs", "the record has the item's data");
	tap_is_text(
	    json_get_text(record, "item_label"), "a.rs", "and its label");
	tap_is_text(json_get_text(first, "cause"), "exit 101",
	    "a failure has its cause in one line");
	failure_release(&failure);
}

/* A record that cannot be read is no reason to lose it, or the failure. */
static void
test_damaged(void)
{
	static const char *const bad[] = { "", "{", "[]",
		"{\"item_id\":\"item_1\",\"failure_history\":{}}",
		"{\"item_id\":\"item_2\",\"failure_history\":[]}" };
	autofree char *dir = scratch_path("damaged");
	autofree char *items = path_join(dir, "items");
	autofree char *path = path_join(items, "item_1.json");
	autofree char *aside = path_join(items, "item_1.json.damaged");
	int64_t count = 0;
	mkdir(dir, 0700);
	mkdir(items, 0700);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		autostr struct str kept = { 0 };
		scratch_write(path, bad[i], strlen(bad[i]));
		tap_ok(add(dir, "item_1", &usual, &count) && count == 1,
		    "a failure is added where there was '%s'", bad[i]);
		scratch_read(aside, &kept);
		tap_is_text(str_text(&kept), bad[i],
		    "a record that cannot be used is kept aside");
	}
}

static void
test_order(void)
{
	static const char *const ids[] = { "item_10", "item_9", "b c",
		"../../x", "item_0", "a" };
	autoerror struct error err = { 0 };
	autostrv struct strv unread = { 0 };
	autofree char *dir = scratch_path("order");
	autofree char *items = path_join(dir, "items");
	autostr struct str seen = { 0 };
	char long_id[301];
	int64_t count;
	memset(long_id, 'n', 300);
	long_id[300] = '\0';
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		if (!add(dir, ids[i], &usual, &count))
			BUG("add");
	tap_ok(add(dir, long_id, &usual, &count),
	    "an item with an id of 300 bytes has a record");
	tap_is_int((long long)scratch_count(items), COUNT_OF(ids) + 1,
	    "every record lies in its folder");
	autojson json_t *all = dlq_load(dir, NULL, &unread, &err);
	for (size_t i = 0; i < json_array_size(all); i++)
		str_format(&seen, "%s|",
		    json_get_text(json_array_get(all, i), "item_id"));
	tap_ok(strstr(str_text(&seen), "item_0|item_9|item_10|") != NULL,
	    "items are listed by their number, not its text: %s",
	    str_text(&seen));
	tap_ok(dlq_write_index(dir, "job", &err), "an index is written");
	autofree char *index = path_join(dir, "index.json");
	autojson json_t *document = json_load_path(index, 1u << 20, &err);
	tap_is_int(json_get_int(document, "item_count", 0), COUNT_OF(ids) + 1,
	    "the index counts all records");
	if (!file_remove_tree(items, &err))
		BUG("%s", error_text(&err));
	tap_ok(dlq_write_index(dir, "job", &err) && !path_exists(index),
	    "the index goes with the last record");
	autofree char *none = scratch_path("none");
	autojson json_t *empty = dlq_load(none, NULL, &unread, &err);
	tap_is_int((long long)json_array_size(empty), 0,
	    "a folder that is missing has no records");
}

static bool
needs_review(enum failure_cause cause, const char *message)
{
	autofree char *text = mem_text(message);
	const struct failure failure = { .cause = cause, .message = text };
	return dlq_needs_review(&failure);
}

static void
test_review(void)
{
	static const bool wanted[FAILURE_CAUSES] = {
		[CAUSE_COMMIT_REQUIRED] = true,
		[CAUSE_INPUT] = true,
	};
	for (unsigned i = 0; i < FAILURE_CAUSES; i++) {
		enum failure_cause cause = (enum failure_cause)i;
		tap_is_int(needs_review(cause, "it failed"), wanted[i],
		    "whether a person must look at cause %s is known",
		    failure_cause_name(cause));
	}
	tap_ok(needs_review(CAUSE_COMMAND, "cp: Permission denied"),
	    "a person must look at a denied permission");
	tap_ok(!needs_review(CAUSE_LOST, NULL),
	    "without a message nobody needs to look");
}

int
main(void)
{
	json_init();
	test_history();
	test_damaged();
	test_order();
	test_review();
	scratch_done();
	return tap_done();
}
