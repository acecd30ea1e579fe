/* SPDX-License-Identifier: MIT */
/* The result: how an agent process says what became of its work. */
#include "config.h"

#include <stdlib.h>

#include "data/json.h"
#include "data/record.h"
#include "plan/frame.h"
#include "plan/frame_parts.h"

#define RESULT(name, type, member)                                             \
	RECORD_FIELD(name, type, struct frame_result, member)

static const struct record_field result_fields[] = {
	RESULT("f", RECORD_OTHER, failure),
	RECORD_OBJECT_FIELD(
	    "failure", struct frame_result, failure, failure_fields),
	RESULT("steps_done", RECORD_SIZE, steps_done),
	RESULT("output", RECORD_TEXT, output),
	RESULT("tip", RECORD_TEXT, tip),
	RESULT("uncommitted", RECORD_TEXT, uncommitted),
	RESULT("salvaged", RECORD_TEXT, salvaged),
	RESULT("reusable", RECORD_BOOL, reusable),
	RESULT("needs_clean", RECORD_BOOL, needs_clean),
	RESULT("log", RECORD_TEXT, log),
	RESULT("captures", RECORD_JSON, captures),
	RESULT("steps", RECORD_JSON, steps),
	RESULT("claude_session", RECORD_TEXT, claude_session),
	RESULT("cost_usd", RECORD_REAL, cost_usd),
	RESULT("usage", RECORD_JSON, usage),
	RESULT("duration_ms", RECORD_INT64, duration_ms),
	RESULT("item_count", RECORD_SIZE, item_count),
	RESULT("items_sha256", RECORD_TEXT, items_sha256),
	RESULT("counts", RECORD_JSON, counts),
	RECORD_END,
};

void
frame_result_encode(const struct frame_result *result, struct str *out)
{
	json_t *object = record_to_json(result_fields, result);
	json_object_set_new(object, "f", json_string("result"));
	frame_end(object, out);
}

static bool
is_null_or(const json_t *json, json_type type)
{
	return json == NULL || json_typeof(json) == type;
}

static bool
check_result(const struct frame_result *result, struct error *err)
{
	if (!is_null_or(result->captures, JSON_OBJECT) ||
	    !is_null_or(result->steps, JSON_ARRAY) ||
	    !is_null_or(result->usage, JSON_OBJECT) ||
	    !is_null_or(result->counts, JSON_OBJECT))
		return error_set(
		    err, ERROR_INPUT, "a member has the wrong type");
	if ((result->failure.cause == CAUSE_NONE) !=
	    (result->failure.message == NULL))
		return error_set(err, ERROR_INPUT,
		    "cause and message of the failure contradict each other");
	return true;
}

bool
frame_result_decode(
    const json_t *object, struct frame_result *result, struct error *err)
{
	*result = (struct frame_result){ 0 };
	if (record_from_json(result_fields, object, result, err) &&
	    check_result(result, err))
		return true;
	frame_result_release(result);
	return error_wrap(err, "reading the result");
}

/* By its own protocol: what arrives is what was sent. */
void
frame_result_copy(const struct frame_result *from, struct frame_result *to)
{
	autostr struct str line = { 0 };
	autoerror struct error err = { 0 };
	autojson json_t *object = NULL;
	enum frame_type type;
	frame_result_encode(from, &line);
	if (!frame_decode(line.data, line.len - 1, &type, &object, &err) ||
	    !frame_result_decode(object, to, &err))
		BUG("a result that cannot be copied: %s", error_text(&err));
}

void
frame_result_release(struct frame_result *result)
{
	failure_release(&result->failure);
	free(result->output);
	free(result->tip);
	free(result->uncommitted);
	free(result->salvaged);
	free(result->log);
	json_decref(result->captures);
	json_decref(result->steps);
	free(result->claude_session);
	json_decref(result->usage);
	free(result->items_sha256);
	json_decref(result->counts);
	*result = (struct frame_result){ 0 };
}
