/* SPDX-License-Identifier: MIT */
/* The agent's other work: trees, plans, files, claude. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "agent_harness.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

static bool
has(const char *text, const char *part)
{
	return text != NULL && strstr(text, part) != NULL;
}

static void
is_success(const struct harness *h, const char *what)
{
	tap_ok(h->has_result && h->result.failure.cause == CAUSE_NONE, "%s: %s",
	    what,
	    h->result.failure.message == NULL ? "" : h->result.failure.message);
	tap_is_int(h->status, 0, "%s: exit status", what);
}

static char *
tip_of(const struct harness *h, const char *name)
{
	struct str text = { 0 };
	autofree char *script = mem_format("git rev-parse %s", name);
	(void)harness_sh(h, script, &text);
	str_cut(&text, text.len > 0 ? text.len - 1 : 0);
	return str_take(&text);
}

static void
write_step(struct harness *h, const char *path, const char *content,
    enum write_format format)
{
	struct step *step = steps_add(&h->spec.steps);
	step->kind = STEP_WRITE_FILE;
	step->file.path = mem_text(path);
	step->file.content = mem_text(content);
	step->file.format = format;
	step->file.mode = 0640;
	step->file.create_dirs = true;
}

static void
files_are_written(void)
{
	struct harness h;
	autostr struct str seen = { 0 };
	harness_open(&h, PHASE_MAP);
	harness_set(&h, "item", "{\"n\":\"x/y\",\"t\":\"a$(b)\"}", "d");
	write_step(&h, "out/${item.n}.txt", "v=${item.t}", WRITE_TEXT);
	write_step(&h, "a.json", "{\"b\":1,\"a\":[true]}", WRITE_JSON);
	write_step(&h, "a.yaml", "{b: 1, a: [word]}", WRITE_YAML);
	harness_run(&h);
	is_success(&h, "write_file");
	tap_ok(has(h.result.output, "Wrote 7 bytes to out/x/y.txt"), "told: %s",
	    h.result.output);
	(void)harness_sh(&h,
	    "cat out/x/y.txt; stat -c %a out/x/y.txt; "
	    "cat a.json; echo; cat a.yaml",
	    &seen);
	tap_is_text(str_text(&seen),
	    "v=a$(b)640\n{\n  \"a\": [\n    true\n  ],\n  \"b\": 1\n}\n"
	    "b: 1\na:\n- word\n",
	    "content and mode");
	harness_close(&h);
}

static void
escapes_are_refused(void)
{
	static const char *const paths[] = { "../out", "a/../../out",
		"/etc/prodigy-test", ".git/hooks/post-commit", ".GIT/config",
		"sub/.git/config", "link/x", "file-link", "", "a//b", "one/x",
		"." };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct harness h;
		harness_open(&h, PHASE_MAP);
		(void)harness_sh(&h,
		    "mkdir ../outside; ln -s ../outside link; "
		    "ln -s ../outside/f file-link",
		    NULL);
		write_step(&h, paths[i], "x", WRITE_TEXT);
		harness_run(&h);
		tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE,
		    "'%s' is refused: %s", paths[i],
		    h.result.failure.message == NULL
			? ""
			: h.result.failure.message);
		tap_ok(
		    harness_sh(&h, "test -z \"$(ls ../outside)\"", NULL) == 0,
		    "'%s': nothing outside", paths[i]);
		harness_close(&h);
	}
	struct harness h;
	harness_open(&h, PHASE_MAP);
	write_step(&h, "x.json", "{", WRITE_JSON);
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		has(h.result.failure.message, "not JSON"),
	    "bad JSON is refused: %s", h.result.failure.message);
	harness_close(&h);
}

static void
plan_command(
    const char *input, const char *json_path, const char *want, size_t count)
{
	struct harness h;
	autoerror struct error err = { 0 };
	autostr struct str spool = { 0 };
	char digest[DIGEST_SHA256_HEX];
	harness_open(&h, PHASE_PLAN);
	h.spec.plan.input = mem_text(input);
	h.spec.plan.json_path = mem_text(json_path);
	h.spec.plan.spool = path_join(h.root, "work-items.jsonl");
	(void)harness_sh(&h,
	    "printf '{\"items\":[{\"p\":1},{\"p\":2}]}' >items.json; "
	    "printf 'one\\n\\ntwo $(x)\\n' >list.txt; "
	    "printf '{\"a\":1}\\n{\"a\":2}\\n' >l.jsonl",
	    NULL);
	harness_run(&h);
	if (want == NULL) {
		tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
			h.result.failure.message != NULL,
		    "plan %s fails: %s", input, h.result.failure.message);
		harness_close(&h);
		return;
	}
	is_success(&h, input);
	tap_is_int((long long)h.result.item_count, (long long)count,
	    "plan %s: count", input);
	tap_ok(file_read(h.spec.plan.spool, 1 << 20, &spool, &err), "spool: %s",
	    error_text(&err));
	tap_is_text(str_text(&spool), want, "plan %s: spool", input);
	tap_is_text(h.result.items_sha256 == NULL ? "" : h.result.items_sha256,
	    digest_sha256(str_text(&spool), spool.len, digest),
	    "plan %s: digest", input);
	tap_ok(json_is_object(h.result.counts), "plan %s: counts", input);
	harness_close(&h);
}

static void
plans(void)
{
	plan_command("items.json", "$.items[*]",
	    "{\"id\":\"item_0\",\"data\":{\"p\":1}}\n"
	    "{\"id\":\"item_1\",\"data\":{\"p\":2}}\n",
	    2);
	plan_command("list.txt", "",
	    "{\"id\":\"item_0\",\"data\":\"one\"}\n"
	    "{\"id\":\"item_1\",\"data\":\"two $(x)\"}\n",
	    2);
	plan_command("l.jsonl", "",
	    "{\"id\":\"item_0\",\"data\":{\"a\":1}}\n"
	    "{\"id\":\"item_1\",\"data\":{\"a\":2}}\n",
	    2);
	plan_command("echo '[3,4]'", "",
	    "{\"id\":\"item_0\",\"data\":3}\n"
	    "{\"id\":\"item_1\",\"data\":4}\n",
	    2);
	plan_command("cat items.json", "$.items[*]",
	    "{\"id\":\"item_0\",\"data\":{\"p\":1}}\n"
	    "{\"id\":\"item_1\",\"data\":{\"p\":2}}\n",
	    2);
	plan_command("true", "", "", 0);
	plan_command("missing.json", "", NULL, 0);
	plan_command("echo no >&2; exit 3", "", NULL, 0);
	plan_command("echo '[99999999999999999999]'", "", NULL, 0);
}

static void
prepared_tree(void)
{
	struct harness h;
	autostr struct str listing = { 0 };
	harness_open(&h, PHASE_MAP);
	(void)harness_sh(&h,
	    "echo two >two && git add . && "
	    "git commit -q -m two && git checkout -q --detach "
	    "&& echo dirty >one && echo new >untracked",
	    NULL);
	autofree char *base = tip_of(&h, "main~1");
	h.spec.base = mem_text(base);
	h.spec.branch = mem_text("agent-0");
	h.spec.reused = true;
	h.spec.needs_clean = true;
	h.spec.check_reuse = true;
	h.spec.salvage_ref = mem_text("refs/prodigy/salvage/job/item_0");
	harness_shell(&h,
	    "git symbolic-ref HEAD; git rev-parse HEAD; "
	    "git status --porcelain; ls");
	harness_shell(&h,
	    "echo more >>one; git commit -q -a -m more; "
	    "echo left >left; echo x >>one");
	harness_run(&h);
	is_success(&h, "prepared tree");
	autofree char *want = mem_format("refs/heads/agent-0\n%s\none\n", base);
	tap_ok(h.result.output != NULL &&
		strncmp(h.result.output, want, strlen(want)) == 0,
	    "exactly the base: %s", h.result.output);
	autofree char *tip = tip_of(&h, "agent-0");
	tap_is_text(h.result.tip, tip, "tip");
	tap_ok(has(h.result.uncommitted, "left") &&
		has(h.result.uncommitted, "one"),
	    "uncommitted: %s",
	    h.result.uncommitted == NULL ? "" : h.result.uncommitted);
	autofree char *saved = tip_of(&h, "refs/prodigy/salvage/job/item_0");
	tap_is_text(h.result.salvaged, saved, "salvaged");
	(void)harness_sh(
	    &h, "git show refs/prodigy/salvage/job/item_0:left", &listing);
	tap_is_text(str_text(&listing), "left\n", "untracked work is kept");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	h.spec.base = mem_text("0123456789012345678901234567890123456789");
	h.spec.branch = mem_text("agent-0");
	harness_shell(&h, "true");
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		h.result.failure.cause == CAUSE_WORKTREE,
	    "a base that is not there: %s",
	    h.result.failure.message == NULL ? "" : h.result.failure.message);
	harness_close(&h);
}

static void
use_claude(struct harness *h)
{
	const char *top = getenv("top_srcdir");
	autofree char *program =
	    path_join(top == NULL ? "." : top, "tests/bin/claude");
	autofree char *entry = mem_format("FAKE_CLAUDE_DIR=%s/fake", h->root);
	strv_add(&h->spec.claude.command, program);
	strv_add(&h->spec.env, entry);
	(void)harness_sh(h, "mkdir -p ../fake/rules", NULL);
}

static void
claude_answers(void)
{
	struct harness h;
	autostr struct str calls = { 0 };
	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	harness_set(&h, "item", "\"it's $(here)\"", "d");
	harness_claude(&h, "-look at ${item} ${nowhere.x}");
	harness_shell(&h, "printf '%s' ${claude.output}");
	harness_run(&h);
	is_success(&h, "claude");
	tap_ok(has(h.result.output,
		   "ok: -look at it's $(here) ${nowhere.x}\n"
		   "ok: -look at it's $(here)"),
	    "answer: %s", h.result.output);
	tap_ok(has(str_text(&h.events), "claude_session_started") &&
		has(str_text(&h.events), "claude_message") &&
		has(str_text(&h.events), "claude_token_usage"),
	    "events");
	tap_ok(h.result.cost_usd > 0.009 && h.result.cost_usd < 0.011, "cost");
	tap_is_int(
	    json_integer_value(json_object_get(h.result.usage, "cache_tokens")),
	    7, "cache tokens");
	tap_ok(h.result.claude_session != NULL, "session");
	(void)harness_sh(&h, "cat ../fake/calls", &calls);
	tap_is_text(str_text(&calls),
	    "<-p><--output-format><stream-json><--verbose>"
	    "<--dangerously-skip-permissions><-->"
	    "<-look at it's $(here) ${nowhere.x}>\n",
	    "command line");
	tap_is_int(harness_sh(&h,
		       "grep -q '\"type\":\"result\"' "
		       "../logs/agent_0-1-claude.jsonl",
		       NULL),
	    0, "the stream is in the log");
	harness_close(&h);
}

static void
claude_fails(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	(void)harness_sh(&h,
	    "mkdir ../fake/rules/1; echo 429 "
	    ">../fake/rules/1/error; echo 'API Error: "
	    "Request rejected (429)' >../fake/rules/1/reply",
	    NULL);
	harness_claude(&h, "x");
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		h.result.failure.cause == CAUSE_CLAUDE &&
		has(h.result.failure.message, "rate limit"),
	    "rate limit: %s", h.result.failure.message);
	tap_ok(has(h.result.log, "claude.jsonl"), "log: %s",
	    h.result.log == NULL ? "" : h.result.log);
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	strv_add(&h.spec.claude.command, "no-such-claude");
	harness_shell(&h, "echo first");
	harness_claude(&h, "x");
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		has(h.result.failure.message,
		    "no-such-claude not found in PATH"),
	    "missing: %s", h.result.failure.message);
	tap_is_int((long long)h.result.steps_done, 1, "the shell step ran");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	(void)harness_sh(&h,
	    "mkdir ../fake/rules/1; "
	    "echo 300 >../fake/rules/1/grandchild; "
	    "echo 300 >../fake/rules/1/delay; "
	    "touch ../fake/rules/1/ignore-term",
	    NULL);
	harness_claude(&h, "x")->timeout_ms = 300;
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause == CAUSE_TIMEOUT,
	    "timeout: %s", h.result.failure.message);
	tap_is_int(harness_survivors(&h), 0, "nothing survives");
	harness_close(&h);
}

static void
claude_refused_key(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	(void)harness_sh(&h,
	    "mkdir ../fake/rules/1; echo '{\"type\":\"system\",\"subtype\":"
	    "\"api_retry\",\"attempt\":1,\"error_status\":401}' "
	    ">../fake/rules/1/stream; echo 60 >../fake/rules/1/linger",
	    NULL);
	harness_claude(&h, "x");
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		has(h.result.failure.message, "authentication"),
	    "a refused key: %s", h.result.failure.message);
	tap_ok(h.ms < 3000, "at once: %lld ms", (long long)h.ms);
	harness_close(&h);
}

static void
claude_long_prompt(void)
{
	struct harness h;
	autostr struct str prompt = { 0 };
	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	for (unsigned i = 0; i < 300000; i++)
		str_add_char(&prompt, 'p');
	harness_claude(&h, str_text(&prompt));
	harness_run(&h);
	is_success(&h, "long prompt");
	tap_is_int(harness_sh(&h, "grep -q '<stdin:pppp' ../fake/calls", NULL),
	    0, "on standard input");
	harness_close(&h);

	harness_open(&h, PHASE_WORKFLOW);
	strv_add(&h.spec.claude.command, "echo");
	strv_add(&h.spec.claude.arguments, "--yes");
	h.spec.claude.plain = true;
	harness_claude(&h, "do it");
	harness_shell(&h, "echo [${claude.output}]");
	harness_run(&h);
	is_success(&h, "plain dialect");
	tap_ok(has(h.result.output, "[--yes do it]"), "plain: %s",
	    h.result.output);
	harness_close(&h);
}

static void
setup_outputs(void)
{
	struct harness h;
	harness_open(&h, PHASE_SETUP);
	harness_shell(&h, "printf 'version 1.25\\nsecond\\n'");
	harness_shell(&h, "echo '{\"a\":{\"b\":[1,2]}}'; echo bad >&2");
	struct output_capture captures[] = {
		{ .name = mem_text("version"),
		    .pattern = mem_text("version ([0-9.]+)"),
		    .max_size = 1000 },
		{ .name = mem_text("lines"),
		    .multiline = OUTPUT_ARRAY,
		    .max_size = 1000 },
		{ .name = mem_text("b"),
		    .command_index = 1,
		    .json_path = mem_text("$.a.b"),
		    .max_size = 1000 },
		{ .name = mem_text("e"),
		    .command_index = 1,
		    .source = OUTPUT_STDERR,
		    .max_size = 1000 },
		{ .name = mem_text("missing"),
		    .pattern = mem_text("zzz"),
		    .fallback = mem_text("none"),
		    .max_size = 1000 },
		{ .name = mem_text("unset"),
		    .pattern = mem_text("zzz"),
		    .max_size = 1000 },
	};
	h.spec.outputs.items = mem_array(COUNT_OF(captures), sizeof(*captures));
	memcpy(h.spec.outputs.items, captures, sizeof(captures));
	h.spec.outputs.n = COUNT_OF(captures);
	h.spec.outputs.cap = COUNT_OF(captures);
	harness_run(&h);
	is_success(&h, "outputs");
	char *text =
	    json_dumps(h.result.captures, JSON_COMPACT | JSON_SORT_KEYS);
	tap_ok(has(text, "\"version\":[\"c\",\"1.25\"]"), "pattern: %s", text);
	tap_ok(has(text, "\"lines\":[\"c\",[\"version 1.25\",\"second\"]]"),
	    "array");
	tap_ok(has(text, "\"b\":[\"c\",[1,2]]"), "json_path");
	tap_ok(has(text, "\"e\":[\"c\",\"bad\"]"), "stderr");
	tap_ok(has(text, "\"missing\":[\"c\",\"none\"]"), "default");
	tap_ok(!has(text, "\"unset\""), "unset");
	tap_ok(has(str_text(&h.notes), "unset"), "noted");
	free(text);
	harness_close(&h);
}

int
main(void)
{
	files_are_written();
	escapes_are_refused();
	plans();
	prepared_tree();
	claude_answers();
	claude_fails();
	claude_refused_key();
	claude_long_prompt();
	setup_outputs();
	return tap_done();
}
