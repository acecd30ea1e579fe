/* SPDX-License-Identifier: MIT */
/* Labels of steps and their canonical JSON form. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "workflow/step.h"

#define ROUNDS 2000

static void
expect_label(
    enum step_kind kind, const char *name, const char *text, const char *want)
{
	struct steps steps = { 0 };
	struct step *step = steps_add(&steps);
	step->kind = kind;
	step->name = mem_text(name);
	if (kind == STEP_WRITE_FILE)
		step->file.path = mem_text(text);
	else
		step->command = mem_text(text);
	autofree char *label = step_label(step);
	tap_is_text(label, want, "label of %s", text);
	steps_release(&steps);
}

static void
test_labels(void)
{
	autostr struct str wide = { 0 };
	autostr struct str want = { 0 };
	expect_label(STEP_SHELL, NULL, "cargo test", "shell: cargo test");
	expect_label(STEP_CLAUDE, NULL, "/fix it", "claude: /fix it");
	expect_label(STEP_WRITE_FILE, NULL, "a/b", "write_file: a/b");
	expect_label(STEP_SHELL, "Run tests", "make", "Run tests");
	expect_label(STEP_SHELL, " \n", "make", "shell: make");
	expect_label(STEP_SHELL, NULL, "\n a\n\tb  c\n", "shell: a b c");
	expect_label(STEP_SHELL, NULL, "", "shell: ");
	for (int i = 0; i < 113; i++)
		str_add(&wide, "\xc3\xa9");
	str_format(&want, "shell: %s", str_text(&wide));
	expect_label(STEP_SHELL, NULL, str_text(&wide), str_text(&want));
	str_cut(&want, want.len - 2);
	str_add(&want, "\xe2\x80\xa6");
	str_add(&wide, "\xc3\xa9");
	expect_label(STEP_SHELL, NULL, str_text(&wide), str_text(&want));
}

static void
test_display(void)
{
	struct steps steps = { 0 };
	struct step *step = steps_add(&steps);
	step->name = mem_text("label");
	step->command = mem_text("a\n b");
	autofree char *text = step_display(step);
	tap_is_text(text, "shell: a\n b", "display is the command in full");
	tap_ok(!steps_use_claude(&steps), "no claude here");
	step->on_failure = mem_zalloc(sizeof(*step->on_failure));
	steps_add(&step->on_failure->commands)->kind = STEP_CLAUDE;
	tap_ok(steps_use_claude(&steps), "but in the handler");
	steps_release(&steps);
}

static char *
random_text(void)
{
	static const char *const texts[] = { NULL, "", "a", "x y\nz",
		"\xc3\xa9", "\"\\", "${item}", "\x01\x7f" };
	return mem_text(texts[(size_t)rand() % COUNT_OF(texts)]);
}

static bool
coin(void)
{
	return rand() % 2 == 0;
}

static void fill_steps(struct steps *steps, int depth);

static struct on_failure *
random_handler(int depth)
{
	struct on_failure *handler = mem_zalloc(sizeof(*handler));
	fill_steps(&handler->commands, depth - 1);
	handler->ignore = coin();
	handler->bare = coin();
	handler->from_commands = coin();
	handler->max_attempts = (unsigned)rand() % 5;
	handler->fail_workflow = coin();
	handler->handler_failure_fatal = coin();
	handler->commit_required = coin();
	handler->strategy =
	    (enum handler_strategy)(rand() % HANDLER_STRATEGIES);
	handler->timeout_ms = rand() % 3;
	handler->timeout_variable = random_text();
	return handler;
}

static void
fill_step(struct step *step, int depth)
{
	step->kind = (enum step_kind)(rand() % STEP_KINDS);
	step->name = random_text();
	step->id = random_text();
	step->command = random_text();
	step->file.path = random_text();
	step->file.content = random_text();
	step->file.format = (enum write_format)(rand() % WRITE_FORMATS);
	step->file.mode = (unsigned)rand() % 01000;
	step->file.create_dirs = coin();
	step->capture.name = random_text();
	step->capture.format = (enum capture_format)(rand() % CAPTURE_FORMATS);
	step->capture.out = coin();
	step->capture.err = coin();
	step->capture.exit_code = coin();
	step->capture.success = coin();
	step->capture.duration = coin();
	for (int n = rand() % 3; n > 0; n--)
		strv_format(&step->env, "V%d=x y", n);
	step->working_dir = random_text();
	step->when = random_text();
	step->timeout_ms = coin() ? INT64_MAX : 0;
	step->timeout_variable = random_text();
	step->commit_required = coin();
	step->continue_on_error = coin();
	step->on_failure = depth > 0 && coin() ? random_handler(depth) : NULL;
	step->line = (unsigned)rand();
	step->column = (unsigned)rand() % 3;
}

static void
fill_steps(struct steps *steps, int depth)
{
	for (int n = rand() % 4; n > 0; n--)
		fill_step(steps_add(steps), depth);
}

/* Every member matters: JSON of what came back is what went out. */
static void
test_round_trips(void)
{
	size_t wrong = 0;
	srand(11);
	for (int i = 0; i < ROUNDS; i++) {
		struct steps steps = { 0 };
		struct steps back = { 0 };
		autoerror struct error err = { 0 };
		fill_steps(&steps, 3);
		autojson json_t *json = steps_to_json(&steps);
		if (!steps_from_json(json, &back, &err))
			tap_note("%s", error_text(&err));
		autojson json_t *again = steps_to_json(&back);
		wrong += !json_equal(json, again) || back.n != steps.n;
		steps_release(&steps);
		steps_release(&back);
	}
	tap_is_int((long long)wrong, 0, "%d random lists come back", ROUNDS);
}

/* One member after another: set, written, read, and nothing else set. */
static void
test_members(void)
{
	struct step step = {
		.kind = STEP_WRITE_FILE,
		.file = { .path = mem_text("p"),
		    .content = mem_text(""),
		    .format = WRITE_YAML,
		    .mode = 0600,
		    .create_dirs = true },
		.when = mem_text("x"),
		.line = 7,
	};
	struct step back;
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	autojson json_t *json = step_to_json(&step);
	json_compact(json, &text, true);
	tap_is_text(str_text(&text),
	    "{\"file\":{\"content\":\"\",\"create_dirs\":true,\"format\":"
	    "\"yaml\",\"mode\":384,\"path\":\"p\"},\"kind\":\"write_file\","
	    "\"line\":7,\"when\":\"x\"}",
	    "only what is set is written");
	if (tap_ok(step_from_json(json, &back, &err), "it is read back")) {
		tap_is_text(back.file.path, "p", "the path");
		tap_is_text(back.file.content, "", "an empty text is not none");
		tap_is_int(back.file.mode, 0600, "the mode");
		tap_is_int(back.file.format, WRITE_YAML, "the format");
		tap_ok(back.name == NULL && !back.capture.out &&
			back.on_failure == NULL,
		    "what was not written is not there");
		step_release(&back);
	}
	step_release(&step);
}

static void
test_refusals(void)
{
	static const char *const cases[][2] = {
		{ "[]", "expected an object" },
		{ "{\"command\":5}", "command: expected text without NUL" },
		{ "{\"command\":\"a\\u0000b\"}",
		    "command: expected text without NUL" },
		{ "{\"kind\":\"python\"}", "kind: expected a known name" },
		{ "{\"kind\":1}", "kind: expected a known name" },
		{ "{\"line\":-1}", "line: expected an integer in range" },
		{ "{\"line\":4294967296}",
		    "line: expected an integer in range" },
		{ "{\"timeout_ms\":1.5}",
		    "timeout_ms: expected an integer in range" },
		{ "{\"env\":[1]}", "env: expected text without NUL" },
		{ "{\"env\":{}}", "env: expected a list of texts" },
		{ "{\"commit_required\":1}",
		    "commit_required: expected true or false" },
		{ "{\"capture\":{\"format\":\"xml\"}}",
		    "capture: format: expected a known name" },
		{ "{\"unheard\":1}", "a member is not known" },
		{ "{\"on_failure\":[]}", "on_failure: expected an object" },
		{ "{\"on_failure\":{\"commands\":{}}}",
		    "on_failure: expected a list of steps" },
		{ "{\"on_failure\":{\"commands\":[{\"x\":1}]}}",
		    "on_failure: step 0: a member is not known" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct step step;
		autoerror struct error err = { 0 };
		autojson json_t *json =
		    json_loads(cases[i][0], JSON_ALLOW_NUL, NULL);
		tap_ok(!step_from_json(json, &step, &err), "%s is refused",
		    cases[i][0]);
		tap_is_text(error_text(&err), cases[i][1], "and why");
	}
}

static void
test_deep_handlers(void)
{
	autojson json_t *json = json_object();
	struct step step;
	autoerror struct error err = { 0 };
	for (int i = 0; i < 500; i++) {
		json_t *outer =
		    json_pack("{s:{s:[O]}}", "on_failure", "commands", json);
		json_decref(json);
		json = outer;
	}
	tap_ok(!step_from_json(json, &step, &err), "500 handlers in handlers");
	tap_ok(strstr(error_text(&err), "nested too deep") != NULL,
	    "are too many");
}

int
main(void)
{
	json_init();
	test_labels();
	test_display();
	test_members();
	test_round_trips();
	test_refusals();
	test_deep_handlers();
	return tap_done();
}
