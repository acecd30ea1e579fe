/* SPDX-License-Identifier: MIT */
/* The protocol between supervisor and agent process. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/frame.h"

#define ROUNDS 1000

/* Random bytes without NUL, seldom UTF-8; sometimes nothing. */
static char *
random_text(void)
{
	autostr struct str text = { 0 };
	if (rand() % 4 == 0)
		return NULL;
	for (int n = rand() % 12; n > 0; n--)
		str_add_char(&text, (char)(1 + rand() % 255));
	return mem_text(str_text(&text));
}

static void
random_texts(struct strv *texts)
{
	for (int n = rand() % 3; n > 0; n--) {
		char *text = random_text();
		if (text != NULL)
			strv_give(texts, text);
	}
}

static bool
coin(void)
{
	return rand() % 2 == 0;
}

static void
fill_outputs(struct output_captures *outputs)
{
	for (int n = rand() % 3; n > 0; n--) {
		struct output_capture *output = output_captures_add(outputs);
		output->name = random_text();
		output->command_index = (unsigned)rand() % 5;
		output->source = (enum output_source)(rand() % OUTPUT_SOURCES);
		output->pattern = random_text();
		output->json_path = random_text();
		output->max_size = (size_t)rand();
		output->fallback = random_text();
		output->multiline = (enum output_lines)(rand() % OUTPUT_LINES);
	}
}

static void
fill_plan(struct plan_request *plan)
{
	plan->input = random_text();
	plan->json_path = random_text();
	plan->filter = random_text();
	random_texts(&plan->sort_by);
	plan->distinct = random_text();
	plan->offset = (size_t)rand() % 3;
	plan->max_items = (size_t)rand() % 3;
	plan->has_max_items = coin();
	plan->spool = random_text();
}

static void
fill_spec(struct frame_spec *spec)
{
	spec->phase = (enum frame_phase)(rand() % FRAME_PHASES);
	spec->job = random_text();
	spec->session = random_text();
	spec->workflow = random_text();
	spec->agent = random_text();
	spec->item = random_text();
	spec->attempt = (unsigned)rand() % 9;
	spec->directory = random_text();
	spec->repository = random_text();
	spec->base = random_text();
	spec->branch = random_text();
	spec->salvage_ref = random_text();
	spec->reused = coin();
	spec->check_reuse = coin();
	for (int n = rand() % 3; n > 0; n--)
		steps_add(&spec->steps)->command = random_text();
	spec->first_step = (size_t)rand() % (spec->steps.n + 1);
	fill_outputs(&spec->outputs);
	spec->vars =
	    coin() ? json_pack("{s:[s,i]}", "item", "d", rand()) : NULL;
	spec->results_file = random_text();
	random_texts(&spec->env);
	spec->log_dir = random_text();
	spec->log_name = random_text();
	spec->timeout_ms = rand() % 3;
	spec->grace_ms = rand() % 3;
	spec->raw = coin();
	spec->send_output = coin();
	random_texts(&spec->claude.command);
	random_texts(&spec->claude.arguments);
	spec->claude.permission_mode = random_text();
	spec->claude.plain = coin();
	fill_plan(&spec->plan);
}

static void
test_random_specs(void)
{
	size_t wrong = 0;
	srand(3);
	for (int i = 0; i < ROUNDS; i++) {
		struct frame_spec spec = { 0 };
		struct frame_spec back;
		autostr struct str line = { 0 };
		autostr struct str again = { 0 };
		autoerror struct error err = { 0 };
		fill_spec(&spec);
		frame_spec_encode(&spec, &line);
		if (!frame_spec_decode(
			str_text(&line), line.len, &back, &err)) {
			tap_note("%s", error_text(&err));
			wrong++;
		} else
			frame_spec_encode(&back, &again);
		wrong += !str_is(&again, str_text(&line)) ||
		    !text_is_utf8(str_text(&line), line.len) ||
		    strchr(str_text(&line), '\n') != NULL;
		frame_spec_release(&spec);
		frame_spec_release(&back);
	}
	tap_is_int((long long)wrong, 0, "%d random specs come back", ROUNDS);
}

/* That no member is forgotten: a spec with all of them, by name. */
static void
test_whole_spec(void)
{
	static const char line[] =
	    "{\"v\":1,\"phase\":\"map\",\"job\":\"j\",\"session\":\"s\","
	    "\"workflow\":\"w\",\"agent\":\"a\",\"item\":\"item_1\","
	    "\"attempt\":2,\"directory\":\"/d\",\"repository\":\"/r\","
	    "\"base\":\"b\",\"branch\":\"br\",\"salvage_ref\":\"sr\","
	    "\"reused\":true,\"check_reuse\":true,\"steps\":[{\"command\":"
	    "\"x\"},{\"kind\":\"claude\"}],\"first_step\":1,\"outputs\":[{"
	    "\"name\":\"N\",\"command_index\":1,\"source\":\"both\","
	    "\"pattern\":\"p\",\"json_path\":\"$\",\"max_size\":5,"
	    "\"default\":\"d\",\"multiline\":\"array\"}],\"vars\":{\"i\":1},"
	    "\"results_file\":\"rf\",\"env\":[\"A=b\"],\"log_dir\":\"/l\","
	    "\"log_name\":\"ln\",\"timeout_ms\":3,\"grace_ms\":4,\"raw\":true,"
	    "\"send_output\":true,\"claude\":{\"command\":[\"c\"],"
	    "\"arguments\":[\"-x\"],\"permission_mode\":\"plan\",\"plain\":"
	    "true},\"plan\":{\"input\":\"in\",\"json_path\":\"$\",\"filter\":"
	    "\"f\",\"sort_by\":[\"k\"],\"distinct\":\"u\",\"offset\":1,"
	    "\"max_items\":2,\"has_max_items\":true,\"spool\":\"sp\"}}";
	struct frame_spec spec;
	autoerror struct error err = { 0 };
	autostr struct str again = { 0 };
	if (!tap_ok(frame_spec_decode(line, strlen(line), &spec, &err),
		"a whole spec: %s", error_text(&err)))
		return;
	frame_spec_encode(&spec, &again);
	autojson json_t *want = json_loads(line, 0, NULL);
	autojson json_t *got = json_loads(str_text(&again), 0, NULL);
	tap_ok(json_equal(want, got), "is written with all members");
	tap_is_int(spec.phase, PHASE_MAP, "phase");
	tap_is_int(spec.attempt, 2, "attempt");
	tap_is_text(spec.salvage_ref, "sr", "salvage_ref");
	tap_is_int((long long)spec.steps.n, 2, "steps");
	tap_is_int(spec.outputs.items[0].multiline, OUTPUT_ARRAY, "multiline");
	tap_is_text(spec.outputs.items[0].fallback, "d", "default");
	tap_is_text(spec.claude.arguments.items[0], "-x", "arguments");
	tap_is_int((long long)spec.plan.max_items, 2, "max_items");
	frame_spec_release(&spec);
}

static void
test_bad_specs(void)
{
	static const char *const cases[][2] = {
		{ "",
		    "reading the spec: byte 0: '[' or '{' expected near end "
		    "of file" },
		{ "[]", "reading the spec: byte 2: expected an object" },
		{ "{}",
		    "reading the spec: the spec is of another version of "
		    "the protocol" },
		{ "{\"v\":2}",
		    "reading the spec: the spec is of another "
		    "version of the protocol" },
		{ "{\"v\":1,\"phase\":\"lunch\"}",
		    "reading the spec: phase: expected a known name" },
		{ "{\"v\":1,\"attempt\":-1}",
		    "reading the spec: attempt: expected an integer in range" },
		{ "{\"v\":1,\"first_step\":1}",
		    "reading the spec: first_step: there are fewer steps" },
		{ "{\"v\":1,\"steps\":[{\"kind\":7}]}",
		    "reading the spec: step 0: kind: expected a known name" },
		{ "{\"v\":1,\"outputs\":[{\"x\":7}]}",
		    "reading the spec: output 0: a member is not known" },
		{ "{\"v\":1,\"outputs\":7}",
		    "reading the spec: outputs: expected a list" },
		{ "{\"v\":1,\"item\":\"a\\u0000\"}",
		    "reading the spec: item: expected text without NUL" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct frame_spec spec;
		autoerror struct error err = { 0 };
		tap_ok(!frame_spec_decode(
			   cases[i][0], strlen(cases[i][0]), &spec, &err),
		    "%s is refused", cases[i][0]);
		tap_is_text(error_text(&err), cases[i][1], "and why");
	}
}

static void
fill_result(struct frame_result *result)
{
	struct failure *failure = &result->failure;
	failure->cause = (enum failure_cause)(rand() % FAILURE_CAUSES);
	if (failure->cause != CAUSE_NONE) {
		failure->exit_code = rand() % 300 - 1;
		failure->message = mem_format("text %d \xc3\xa9", rand());
		failure->step = random_text();
		failure->log = random_text();
		random_texts(&failure->context);
	}
	result->steps_done = (size_t)rand() % 4;
	result->output = random_text();
	result->tip = random_text();
	result->uncommitted = random_text();
	result->salvaged = random_text();
	result->reusable = coin();
	result->needs_clean = coin();
	result->log = random_text();
	result->captures =
	    coin() ? json_pack("{s:[s,f]}", "x", "c", 0.1) : NULL;
	result->steps = coin() ? json_pack("[{s:s}]", "label", "l") : NULL;
	result->claude_session = random_text();
	result->cost_usd = coin() ? -1 : rand() / 977.0;
	result->usage = coin() ? json_pack("{s:i}", "input_tokens", 5) : NULL;
	result->duration_ms = rand();
	result->item_count = (size_t)rand() % 3;
	result->items_sha256 = random_text();
	result->counts = coin() ? json_pack("{s:i}", "selected", 2) : NULL;
}

static void
test_random_results(void)
{
	size_t wrong = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct frame_result result = { 0 };
		struct frame_result back = { 0 };
		autostr struct str line = { 0 };
		autostr struct str again = { 0 };
		autoerror struct error err = { 0 };
		autojson json_t *object = NULL;
		enum frame_type type;
		fill_result(&result);
		frame_result_encode(&result, &line);
		if (!frame_decode(
			str_text(&line), line.len, &type, &object, &err) ||
		    type != FRAME_RESULT ||
		    !frame_result_decode(object, &back, &err))
			tap_note("%s", error_text(&err));
		frame_result_encode(&back, &again);
		wrong += !str_is(&again, str_text(&line)) ||
		    back.failure.cause != result.failure.cause ||
		    back.failure.exit_code != result.failure.exit_code ||
		    back.steps_done != result.steps_done ||
		    back.duration_ms != result.duration_ms ||
		    back.needs_clean != result.needs_clean;
		frame_result_release(&result);
		frame_result_release(&back);
	}
	tap_is_int((long long)wrong, 0, "%d random results come back", ROUNDS);
}

static void
expect_frame(const struct str *line, enum frame_type type, const char *want)
{
	autoerror struct error err = { 0 };
	autojson json_t *object = NULL;
	enum frame_type got = FRAME_TYPES;
	tap_is_text(str_text(line), want, "the frame");
	tap_ok(frame_decode(str_text(line), line->len, &got, &object, &err),
	    "is read: %s", error_text(&err));
	tap_is_int(got, type, "with its type");
}

static void
test_frames(void)
{
	autostr struct str line = { 0 };
	autojson json_t *members = json_pack("{s:i}", "type", 5);
	frame_hello_encode("host", 77, &line);
	expect_frame(&line, FRAME_HELLO,
	    "{\"f\":\"hello\",\"v\":1,\"pid\":77,\"host\":\"host\"}\n");
	str_clear(&line);
	frame_out_encode(2, true, "a\0\xff\n", 4, &line);
	expect_frame(&line, FRAME_OUT,
	    "{\"f\":\"out\",\"step\":2,\"s\":\"stderr\",\"d\":"
	    "\"a\\u0000\xef\xbf\xbd\\n\"}\n");
	str_clear(&line);
	frame_beat_encode(&line);
	expect_frame(&line, FRAME_BEAT, "{\"f\":\"beat\"}\n");
	str_clear(&line);
	frame_step_encode(0, "shell: \xfe", "done", -1, 12, &line);
	expect_frame(&line, FRAME_STEP,
	    "{\"f\":\"step\",\"step\":0,\"label\":\"shell: \xef\xbf\xbd\","
	    "\"state\":\"done\",\"rc\":-1,\"ms\":12}\n");
	str_clear(&line);
	frame_event_encode("claude_message", members, &line);
	expect_frame(&line, FRAME_EVENT,
	    "{\"f\":\"event\",\"type\":\"claude_message\",\"members\":"
	    "{\"type\":5}}\n");
	str_clear(&line);
	frame_note_encode("beware", &line);
	expect_frame(
	    &line, FRAME_NOTE, "{\"f\":\"note\",\"text\":\"beware\"}\n");
}

static void
test_bad_frames(void)
{
	static const char *const lines[] = { "", "x", "5", "[]", "{}",
		"{\"f\":5}", "{\"f\":\"song\"}", "{\"f\":\"out\"}",
		"{\"f\":\"out\",\"step\":\"1\",\"s\":\"stdout\",\"d\":\"\"}",
		"{\"f\":\"event\",\"type\":\"a\",\"members\":[]}",
		"{\"f\":\"hello\",\"v\":2,\"pid\":1,\"host\":\"h\"}",
		"{\"f\":\"beat\",\"f\":\"beat\"}", "{\"f\":\"beat\"} x",
		"{\"f\":\"note\",\"text\":\"\xff\"}", "{\"f\":\"beat\"" };
	static const char *const results[] = {
		"{\"f\":\"result\",\"failure\":{\"cause\":\"timeout\"}}",
		"{\"f\":\"result\",\"failure\":{\"message\":\"m\"}}",
		"{\"f\":\"result\",\"failure\":{\"cause\":\"odd\"}}",
		"{\"f\":\"result\",\"failure\":{\"more\":1}}",
		"{\"f\":\"result\",\"failure\":7}",
		"{\"f\":\"result\",\"failure\":{\"exit_code\":99999999999}}",
		"{\"f\":\"result\",\"captures\":[]}",
		"{\"f\":\"result\",\"steps\":{}}",
		"{\"f\":\"result\",\"more\":1}",
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		autoerror struct error err = { 0 };
		autojson json_t *object = NULL;
		enum frame_type type;
		tap_ok(!frame_decode(
			   lines[i], strlen(lines[i]), &type, &object, &err) &&
			object == NULL && err.kind == ERROR_INPUT,
		    "refused: %s", lines[i]);
	}
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		autoerror struct error err = { 0 };
		autojson json_t *object = json_loads(results[i], 0, NULL);
		struct frame_result result;
		tap_ok(!frame_result_decode(object, &result, &err) &&
			result.captures == NULL,
		    "refused: %s: %s", results[i], error_text(&err));
	}
}

static void
test_names(void)
{
	tap_is_text(frame_phase_name(PHASE_REDUCE), "reduce", "phase");
	for (int i = 0; i < FRAME_PHASES; i++)
		tap_ok(*frame_phase_name((enum frame_phase)i), "phase %d", i);
}

int
main(void)
{
	json_init();
	test_whole_spec();
	test_random_specs();
	test_bad_specs();
	test_random_results();
	test_frames();
	test_bad_frames();
	test_names();
	return tap_done();
}
