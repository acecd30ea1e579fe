/* SPDX-License-Identifier: MIT */
/* Labels of steps and their canonical JSON form. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../records.h"
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
	tap_is_text(label, want, "the label of '%s' fits a line", text);
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
	expect_label(STEP_SHELL, NULL, "", "shell:");
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
	tap_is_text(text, "shell: a\n b",
	    "the display of a step is its command in full");
	tap_ok(!steps_use_claude(&steps), "a shell step does not use claude");
	step->on_failure = mem_zalloc(sizeof(*step->on_failure));
	steps_add(&step->on_failure->commands)->kind = STEP_CLAUDE;
	tap_ok(steps_use_claude(&steps),
	    "a step uses claude when its handler does");
	steps_release(&steps);
}

static void
test_tables(void)
{
	RECORDS_CHECK_ROWS(struct capture, &capture_table);
	RECORDS_CHECK_ROWS(struct write_file, &write_file_table);
	RECORDS_CHECK_ROWS(struct on_failure, &on_failure_table);
	RECORDS_CHECK_ROWS(struct step, &step_table);
	records_check_journey("a step", &step_table, ROUNDS);
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
	autojson json_t *json = record_to_json(&step_table, &step);
	json_compact(json, &text, true);
	tap_is_text(str_text(&text),
	    "{\"file\":{\"content\":\"\",\"create_dirs\":true,\"format\":"
	    "\"yaml\",\"mode\":384,\"path\":\"p\"},\"kind\":\"write_file\","
	    "\"line\":7,\"when\":\"x\"}",
	    "only members that are not zero are written");
	if (tap_ok(record_from_json(&step_table, json, &back, &err),
		"a step is read back from its JSON form")) {
		tap_is_text(
		    back.file.path, "p", "the path of the file is read");
		tap_is_text(
		    back.file.content, "", "an empty text is read, not none");
		tap_is_int(
		    back.file.mode, 0600, "the mode of the file is read");
		tap_is_int(back.file.format, WRITE_YAML,
		    "the format of the file is read");
		tap_ok(back.name == NULL && !back.capture.out &&
			back.on_failure == NULL,
		    "members that were not written are zero");
		record_release(&step_table, &back);
	}
	record_release(&step_table, &step);
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
		{ "{\"unheard\":1}", "the member 'unheard' is not known" },
		{ "{\"on_failure\":[]}", "on_failure: expected an object" },
		{ "{\"on_failure\":{\"commands\":{}}}",
		    "on_failure: commands: expected a list" },
		{ "{\"on_failure\":{\"commands\":[{\"x\":1}]}}",
		    "on_failure: commands: 0: the member 'x' is not known" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct step step;
		autoerror struct error err = { 0 };
		autojson json_t *json =
		    json_loads(cases[i][0], JSON_ALLOW_NUL, NULL);
		tap_ok(!record_from_json(&step_table, json, &step, &err),
		    "%s is refused", cases[i][0]);
		tap_is_text(error_text(&err), cases[i][1],
		    "the refusal says where and why");
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
	tap_ok(!record_from_json(&step_table, json, &step, &err),
	    "500 handlers within handlers are refused");
	tap_ok(strstr(error_text(&err), "nested too deep") != NULL,
	    "the refusal says that they are nested too deep");
}

int
main(void)
{
	json_init();
	test_labels();
	test_display();
	test_members();
	test_tables();
	test_refusals();
	test_deep_handlers();
	return tap_done();
}
