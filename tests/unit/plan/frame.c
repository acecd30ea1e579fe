/* SPDX-License-Identifier: MIT */
/* The protocol between supervisor and agent process. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../records.h"
#include "../tap.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/frame.h"

#define ROUNDS 1000

static void
test_tables(void)
{
	RECORDS_CHECK_ROWS(struct claude_config, &claude_config_table);
	RECORDS_CHECK_ROWS(struct plan_request, &plan_request_table);
	RECORDS_CHECK_ROWS(struct frame_spec, &frame_spec_table);
	RECORDS_CHECK_ROWS(struct frame_result, &frame_result_table);
	RECORDS_CHECK_ROWS(struct kept, &kept_table);
	records_check_journey("a spec", &frame_spec_table, ROUNDS);
	records_check_journey("a result", &frame_result_table, ROUNDS);
}

/* Random bytes without NUL, seldom UTF-8. */
static char *
random_bytes(void)
{
	struct str text = { 0 };
	for (int n = rand() % 12; n > 0; n--)
		str_add_char(&text, (char)(1 + rand() % 255));
	return str_take(&text);
}

static void
test_spec_lines(void)
{
	size_t wrong = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct frame_spec spec = { 0 };
		struct frame_spec back;
		autostr struct str line = { 0 };
		autoerror struct error err = { 0 };
		records_fill(&frame_spec_table, &spec, i % 2 == 0);
		spec.first_step = spec.steps.n;
		frame_spec_encode(&spec, &line);
		if (!frame_spec_decode(
			str_text(&line), line.len, &back, &err)) {
			tap_note("%s", error_text(&err));
			wrong++;
		}
		autofree char *path =
		    records_difference(&frame_spec_table, &spec, &back);
		wrong += path != NULL || strchr(str_text(&line), '\n') != NULL;
		frame_spec_release(&spec);
		frame_spec_release(&back);
	}
	tap_is_int(
	    (long long)wrong, 0, "%d specs come back from a line each", ROUNDS);
}

static void
test_odd_bytes(void)
{
	size_t wrong = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct frame_spec spec = { .item = random_bytes() };
		struct frame_spec back;
		autostr struct str line = { 0 };
		autoerror struct error err = { 0 };
		steps_add(&spec.steps)->command = random_bytes();
		frame_spec_encode(&spec, &line);
		wrong += !text_is_utf8(str_text(&line), line.len) ||
		    !frame_spec_decode(str_text(&line), line.len, &back, &err);
		frame_spec_release(&spec);
		frame_spec_release(&back);
	}
	tap_is_int((long long)wrong, 0,
	    "%d specs with odd bytes are sent as UTF-8", ROUNDS);
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
		    "reading the spec: steps: 0: kind: expected a known name" },
		{ "{\"v\":1,\"outputs\":[{\"x\":7}]}",
		    "reading the spec: "
		    "outputs: 0: the member 'x' is not known" },
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
		    "the spec %s is refused", cases[i][0]);
		tap_is_text(error_text(&err), cases[i][1],
		    "the refusal says where and why");
	}
}

static void
test_result_lines(void)
{
	size_t wrong = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct frame_result result = { 0 };
		struct frame_result back = { 0 };
		autostr struct str line = { 0 };
		autoerror struct error err = { 0 };
		autojson json_t *object = NULL;
		enum frame_type type;
		records_fill(&frame_result_table, &result, i % 2 == 0);
		if (result.failure.cause == CAUSE_NONE)
			failure_release(&result.failure);
		else if (result.failure.message == NULL)
			result.failure.message = mem_text("it failed");
		frame_result_encode(&result, &line);
		if (!frame_decode(
			str_text(&line), line.len, &type, &object, &err) ||
		    type != FRAME_RESULT ||
		    !frame_result_decode(object, &back, &err))
			tap_note("%s", error_text(&err));
		autofree char *path =
		    records_difference(&frame_result_table, &result, &back);
		wrong += path != NULL;
		frame_result_release(&result);
		frame_result_release(&back);
	}
	tap_is_int((long long)wrong, 0,
	    "%d results come back from a frame each", ROUNDS);
}

static void
expect_frame(const struct str *line, enum frame_type type, const char *want)
{
	autoerror struct error err = { 0 };
	autojson json_t *object = NULL;
	enum frame_type got = FRAME_TYPES;
	tap_is_text(
	    str_text(line), want, "a frame of type %d is written", (int)type);
	tap_ok(frame_decode(str_text(line), line->len, &got, &object, &err),
	    "the frame is read: %s", error_text(&err));
	tap_is_int(got, type, "the frame has its type");
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
	const struct spent spent = { .has_cost = true, .nano_usd = 1500000 };
	frame_step_encode(0, "shell: a b", "done", -1, 12, &spent, &line);
	expect_frame(&line, FRAME_STEP,
	    "{\"f\":\"step\",\"step\":0,\"title\":\"shell: a b\","
	    "\"state\":\"done\",\"rc\":-1,"
	    "\"ms\":12,\"cost_usd\":0.0015}\n");
	str_clear(&line);
	frame_claude_encode("id", "/log", 2, &line);
	expect_frame(&line, FRAME_CLAUDE,
	    "{\"f\":\"claude\",\"session\":\"id\",\"log\":\"/log\","
	    "\"attempt\":2}\n");
	str_clear(&line);
	frame_spent_encode(&spent, &line);
	expect_frame(
	    &line, FRAME_SPENT, "{\"f\":\"spent\",\"cost_usd\":0.0015}\n");
	str_clear(&line);
	frame_event_encode("claude_message", members, &line);
	expect_frame(&line, FRAME_EVENT,
	    "{\"f\":\"event\",\"type\":\"claude_message\",\"members\":"
	    "{\"type\":5}}\n");
	str_clear(&line);
	frame_note_encode("beware", &line);
	expect_frame(
	    &line, FRAME_NOTE, "{\"f\":\"note\",\"text\":\"beware\"}\n");
	str_clear(&line);
	frame_ask_encode("abc", &line);
	expect_frame(&line, FRAME_ASK, "{\"f\":\"ask\",\"commit\":\"abc\"}\n");
}

static void
test_answers(void)
{
	static const char *const bad[] = { "", "x", "[]", "{\"tree\":1}" };
	autostr struct str line = { 0 };
	frame_answer_encode("abc", &line);
	tap_is_text(
	    str_text(&line), "{\"tree\":\"abc\"}\n", "an answer is a line");
	autofree char *tree = frame_answer_decode(line.data, line.len - 1);
	tap_is_text(tree, "abc", "an answer reads back");
	str_clear(&line);
	frame_answer_encode(NULL, &line);
	tap_is_text(str_text(&line), "{}\n", "what is not known is left out");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		tap_ok(frame_answer_decode(bad[i], strlen(bad[i])) == NULL,
		    "the answer '%s' is none", bad[i]);
}

static void
test_steps_of_frames(void)
{
	struct steps steps = { 0 };
	autojson json_t *second = json_pack("{s:i}", "step", 1);
	autojson json_t *third = json_pack("{s:i}", "step", 2);
	autojson json_t *negative = json_pack("{s:i}", "step", -1);
	steps_add(&steps);
	steps_add(&steps);
	tap_ok(frame_step_of(second, &steps) == &steps.items[1],
	    "a step frame leads to the step it is about");
	tap_ok(frame_step_of(third, &steps) == NULL &&
		frame_step_of(negative, &steps) == NULL &&
		frame_step_of(second, NULL) == NULL,
	    "a step frame of no step leads to none");
	steps_release(&steps);
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
		    "the frame %s is refused", lines[i]);
	}
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		autoerror struct error err = { 0 };
		autojson json_t *object = json_loads(results[i], 0, NULL);
		struct frame_result result;
		tap_ok(!frame_result_decode(object, &result, &err) &&
			result.captures == NULL,
		    "the result %s is refused: %s", results[i],
		    error_text(&err));
	}
}

static void
test_names(void)
{
	tap_is_text(
	    frame_phase_name(PHASE_REDUCE), "reduce", "a phase has a name");
	for (int i = 0; i < FRAME_PHASES; i++)
		tap_ok(*frame_phase_name((enum frame_phase)i),
		    "phase %d has a name", i);
}

int
main(void)
{
	json_init();
	srand(3);
	test_tables();
	test_spec_lines();
	test_odd_bytes();
	test_bad_specs();
	test_result_lines();
	test_frames();
	test_answers();
	test_steps_of_frames();
	test_bad_frames();
	test_names();
	return tap_done();
}
