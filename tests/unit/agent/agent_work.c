/* SPDX-License-Identifier: MIT */
/* The agent's other work: trees, plans, files, claude. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "agent_harness.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

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
	harness_succeeded(&h, "a chain that writes files");
	tap_ok(harness_has(h.result.output, "Wrote 7 bytes to out/x/y.txt"),
	    "it says what was written: %s", h.result.output);
	(void)harness_sh(&h,
	    "cat out/x/y.txt; stat -c %a out/x/y.txt; "
	    "cat a.json; echo; cat a.yaml",
	    &seen);
	tap_is_text(str_text(&seen),
	    "v=a$(b)640\n{\n  \"a\": [\n    true\n  ],\n  \"b\": 1\n}\n"
	    "b: 1\na:\n- word\n",
	    "files have their format and mode");
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
		    "'%s': nothing is written outside", paths[i]);
		harness_close(&h);
	}
	struct harness h;
	harness_open(&h, PHASE_MAP);
	write_step(&h, "x.json", "{", WRITE_JSON);
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		harness_has(h.result.failure.message, "not JSON"),
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
	harness_set(&h, "quoted", "\"a\\\", \\\"b\"", "d");
	harness_set(&h, "n", "7", "d");
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
	harness_succeeded(&h, input);
	tap_is_int((long long)h.result.item_count, (long long)count,
	    "plan %s: the items are counted", input);
	tap_ok(file_read(h.spec.plan.spool, 1 << 20, &spool, &err),
	    "the list is there: %s", error_text(&err));
	tap_is_text(str_text(&spool), want,
	    "plan %s: the list has a line for each item", input);
	tap_is_text(h.result.items_sha256 == NULL ? "" : h.result.items_sha256,
	    digest_sha256(str_text(&spool), spool.len, digest),
	    "plan %s: the digest is that of the list", input);
	tap_is_int((long long)h.result.counts.planned, (long long)count,
	    "plan %s: each stage is counted", input);
	harness_close(&h);
}

static void
plans(void)
{
	plan_command("items.json", "$.items[*]",
	    "{\"id\":\"item_0\",\"label\":\"{\\\"p\\\":1}\","
	    "\"data\":{\"p\":1}}\n"
	    "{\"id\":\"item_1\",\"label\":\"{\\\"p\\\":2}\","
	    "\"data\":{\"p\":2}}\n",
	    2);
	plan_command("list.txt", "",
	    "{\"id\":\"item_0\",\"label\":\"one\",\"data\":\"one\"}\n"
	    "{\"id\":\"item_1\",\"label\":\"two $(x)\","
	    "\"data\":\"two $(x)\"}\n",
	    2);
	plan_command("l.jsonl", "",
	    "{\"id\":\"item_0\",\"label\":\"{\\\"a\\\":1}\","
	    "\"data\":{\"a\":1}}\n"
	    "{\"id\":\"item_1\",\"label\":\"{\\\"a\\\":2}\","
	    "\"data\":{\"a\":2}}\n",
	    2);
	plan_command("echo '[3,4]'", "",
	    "{\"id\":\"item_0\",\"label\":\"3\",\"data\":3}\n"
	    "{\"id\":\"item_1\",\"label\":\"4\",\"data\":4}\n",
	    2);
	plan_command("cat items.json", "$.items[*]",
	    "{\"id\":\"item_0\",\"label\":\"{\\\"p\\\":1}\","
	    "\"data\":{\"p\":1}}\n"
	    "{\"id\":\"item_1\",\"label\":\"{\\\"p\\\":2}\","
	    "\"data\":{\"p\":2}}\n",
	    2);
	plan_command("[\"$(exit 3)\", 2]", "",
	    "{\"id\":\"item_0\",\"label\":\"$(exit 3)\","
	    "\"data\":\"$(exit 3)\"}\n"
	    "{\"id\":\"item_1\",\"label\":\"2\",\"data\":2}\n",
	    2);
	plan_command(" {\"items\": [{\"${n}\": [\"${quoted}\"]}]}", "$.items",
	    "{\"id\":\"item_0\","
	    "\"label\":\"{\\\"${n}\\\":[\\\"a\\\\\\\", \\\\\\\"b\\\"]}\","
	    "\"data\":{\"${n}\":[\"a\\\", \\\"b\"]}}\n",
	    1);
	plan_command("[${n}]", "",
	    "{\"id\":\"item_0\",\"label\":\"7\",\"data\":7}\n", 1);
	plan_command("[ -e items.json ] && echo 1", "", NULL, 0);
	plan_command("{ echo 1; }", "", NULL, 0);
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
	h.spec.salvage_refs = mem_text("refs/prodigy/salvage/job/item_0");
	harness_shell(&h,
	    "git symbolic-ref HEAD; git rev-parse HEAD; "
	    "git status --porcelain; ls");
	harness_shell(&h,
	    "echo more >>one; git commit -q -a -m more; "
	    "echo left >left; echo x >>one");
	harness_run(&h);
	harness_succeeded(&h, "a chain in a prepared tree");
	autofree char *want = mem_format("refs/heads/agent-0\n%s\none\n", base);
	tap_ok(h.result.output != NULL &&
		strncmp(h.result.output, want, strlen(want)) == 0,
	    "the tree is exactly the base: %s", h.result.output);
	autofree char *tip = tip_of(&h, "agent-0");
	tap_is_text(h.result.tip, tip, "the tip is that of the branch");
	tap_ok(harness_has(h.result.uncommitted, "left") &&
		harness_has(h.result.uncommitted, "one"),
	    "what is uncommitted is listed: %s",
	    h.result.uncommitted == NULL ? "" : h.result.uncommitted);
	autofree char *saved = tip_of(&h, "refs/prodigy/salvage/job/item_0/1");
	const struct kept *kept =
	    kept_find(&h.result.salvage, KEPT_UNCOMMITTED);
	tap_is_text(kept == NULL ? "" : kept->commit, saved,
	    "the result names the commit that keeps it");
	(void)harness_sh(
	    &h, "git show refs/prodigy/salvage/job/item_0/1:left", &listing);
	tap_is_text(str_text(&listing), "left\n", "untracked work is kept");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	h.spec.base = mem_text("0123456789012345678901234567890123456789");
	h.spec.branch = mem_text("agent-0");
	harness_shell(&h, "true");
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		h.result.failure.cause == CAUSE_WORKTREE,
	    "a base that is not there is the tree's failure: %s",
	    h.result.failure.message == NULL ? "" : h.result.failure.message);
	harness_close(&h);
}

/*
 * A tree that is known is not looked at before the first step: what lies there
 * though nobody told stays, and so does the index where nothing differs.
 */
static void
moved_tree(const char *from, const char *to, const char *want)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	(void)harness_sh(&h,
	    "echo two >two && git add . && git commit -q -m two && "
	    "git worktree add -q --detach ../linked && "
	    "touch -d 2020-02-02 .git/worktrees/linked/index && "
	    "echo untold >../linked/untold",
	    NULL);
	free(h.spec.directory);
	h.spec.directory = path_join(h.root, "linked");
	h.spec.reused = true;
	h.spec.stands_at = tip_of(&h, from);
	h.spec.base = tip_of(&h, to);
	h.spec.branch = mem_text("agent-0");
	harness_shell(&h,
	    "find \"$(git rev-parse --git-dir)\" -name index -newermt "
	    "2021-01-01 | wc -l; git symbolic-ref HEAD; git diff HEAD; ls");
	harness_run(&h);
	harness_succeeded(&h, "a chain in a tree that is known");
	tap_is_text(
	    h.result.output, want, "it is its base, %s after %s", to, from);
	harness_close(&h);
}

/* What an agent left is looked at without git, but for a question. */
static void
looked_at_tree(void)
{
	static const char *const deeds[] = {
		"git commit -q -a -m more; touch -d yesterday one;"
		"git update-index -q --refresh",
		"touch -d yesterday one; git add one; git write-tree",
	};
	for (size_t i = 0; i < COUNT_OF(deeds); i++) {
		struct harness h;
		autofree char *script =
		    mem_format("echo more >>one; %s", deeds[i]);
		harness_open(&h, PHASE_MAP);
		h.spec.base = tip_of(&h, "main");
		h.spec.branch = mem_text("agent-0");
		h.spec.check_reuse = true;
		harness_shell(&h, script);
		harness_run(&h);
		harness_succeeded(&h, "a chain whose tree is looked at");
		tap_is_int(h.asked, 1, "the tree of HEAD is asked for");
		if (i == 0)
			tap_ok(h.result.uncommitted == NULL,
			    "all is committed: nothing is left");
		else
			tap_ok(harness_has(h.result.uncommitted, "one"),
			    "what is only staged is uncommitted");
		harness_close(&h);
	}
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
	harness_succeeded(&h, "a step of claude");
	tap_ok(harness_has(h.result.output,
		   "ok: -look at it's $(here) ${nowhere.x}\n"
		   "ok: -look at it's $(here)"),
	    "the answer is exactly that of claude: %s", h.result.output);
	tap_ok(harness_has(str_text(&h.events), "claude_session_started") &&
		harness_has(str_text(&h.events), "claude_message") &&
		harness_has(str_text(&h.events), "claude_token_usage"),
	    "events tell of session, message and tokens");
	tap_is_int(
	    h.result.spent.nano_usd, 10000000, "the cost is in the result");
	tap_ok(h.result.spent.cache_read_tokens == 3 &&
		h.result.spent.cache_write_tokens == 4 &&
		!h.result.spent.at_least,
	    "cache tokens are in the result, apart");
	tap_ok(h.result.claude_session != NULL, "the session is in the result");
	(void)harness_sh(&h, "cat ../fake/calls", &calls);
	tap_is_text(str_text(&calls),
	    "<-p><--output-format><stream-json><--verbose>"
	    "<--dangerously-skip-permissions><-->"
	    "<-look at it's $(here) ${nowhere.x}>\n",
	    "the command line is as documented");
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
		harness_has(h.result.failure.message, "rate limit"),
	    "a rate limit is told by name: %s", h.result.failure.message);
	tap_ok(harness_has(h.result.log, "claude.jsonl"),
	    "the log is named: %s", h.result.log == NULL ? "" : h.result.log);
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	strv_add(&h.spec.claude.command, "no-such-claude");
	harness_shell(&h, "echo first");
	harness_claude(&h, "x");
	harness_run(&h);
	tap_ok(h.has_result && h.result.failure.cause != CAUSE_NONE &&
		harness_has(h.result.failure.message,
		    "no-such-claude not found in PATH"),
	    "a program that is missing is named: %s", h.result.failure.message);
	tap_is_int(
	    (long long)h.result.steps_done, 1, "the step before it was done");
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
	    "claude is stopped when its time is up: %s",
	    h.result.failure.message);
	tap_is_int(harness_survivors(&h), 0, "no process survives");
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
		harness_has(h.result.failure.message, "authentication"),
	    "a refused key is told as such: %s", h.result.failure.message);
	tap_ok(h.ms < 3000, "its retries are not waited for: %lld ms",
	    (long long)h.ms);
	harness_close(&h);
}

static void
claude_without_stream(void)
{
	struct harness h;
	autostr struct str calls = { 0 };
	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	strv_add(&h.spec.env, "PRODIGY_CLAUDE_STREAMING=false");
	h.spec.claude.permission_mode = mem_text("acceptEdits");
	harness_claude(&h, "do it");
	harness_run(&h);
	harness_succeeded(&h, "claude without a stream");
	(void)harness_sh(&h, "cat ../fake/calls", &calls);
	tap_is_text(str_text(&calls),
	    "<-p><--permission-mode><acceptEdits><--><do it>\n",
	    "without a stream claude prints text, with the mode asked for");
	tap_ok(harness_has(h.result.log, "claude.log"),
	    "the text is in a log of its own: %s",
	    h.result.log == NULL ? "" : h.result.log);
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
	harness_succeeded(&h, "a step with a long prompt");
	tap_is_int(harness_sh(&h, "grep -q '<stdin:pppp' ../fake/calls", NULL),
	    0, "a long prompt goes to standard input");
	harness_close(&h);

	harness_open(&h, PHASE_WORKFLOW);
	strv_add(&h.spec.claude.command, "echo");
	strv_add(&h.spec.claude.arguments, "--yes");
	h.spec.claude.plain = true;
	harness_claude(&h, "do it");
	harness_shell(&h, "echo [${claude.output}]");
	harness_run(&h);
	harness_succeeded(&h, "a program that speaks plainly");
	tap_ok(harness_has(h.result.output, "[--yes do it]"),
	    "its arguments come before the prompt: %s", h.result.output);
	harness_close(&h);
}

/* What a phase captures of two steps: each source, each choice of lines. */
struct work_capture {
	const char *name;
	struct output_capture capture; /* its texts are literals */
	const char *want; /* in the result's captures; NULL: not set */
};

#define LITERAL(text)                                                          \
	(char[])                                                               \
	{                                                                      \
		text                                                           \
	}

static void
add_capture(struct harness *h, const struct work_capture *wanted)
{
	struct output_captures *list = &h->spec.outputs;
	list->items = mem_grow(
	    list->items, &list->cap, list->n + 1, sizeof(*list->items));
	struct output_capture *capture = &list->items[list->n++];
	*capture = wanted->capture;
	capture->name = mem_text(wanted->name);
	capture->pattern = mem_text(wanted->capture.pattern);
	capture->json_path = mem_text(wanted->capture.json_path);
	capture->fallback = mem_text(wanted->capture.fallback);
}

static void
phase_captures(void)
{
	const struct work_capture captures[] = {
		{ "group", { .pattern = LITERAL("version ([0-9.]+)") },
		    "\"1.25\"" },
		{ "whole", { .pattern = LITERAL("sec.") }, "\"seco\"" },
		{ "text", { 0 }, "\"version 1.25\\nsecond\"" },
		{ "short", { .max_size = 4 }, "\"vers\"" },
		{ "array", { .multiline = OUTPUT_ARRAY },
		    "[\"version 1.25\",\"second\"]" },
		{ "joined", { .multiline = OUTPUT_JOIN },
		    "\"version 1.25 second\"" },
		{ "first", { .multiline = OUTPUT_FIRST_LINE },
		    "\"version 1.25\"" },
		{ "last", { .multiline = OUTPUT_LAST_LINE }, "\"second\"" },
		{ "no_line",
		    { .pattern = LITERAL("$"), .multiline = OUTPUT_LAST_LINE },
		    "\"\"" },
		{ "path", { .command_index = 1, .json_path = LITERAL("$.a.b") },
		    "[1,2]" },
		{ "path_then_pattern",
		    { .command_index = 1,
			.json_path = LITERAL("$.c"),
			.pattern = LITERAL("y.") },
		    "\"yz\"" },
		{ "error", { .command_index = 1, .source = OUTPUT_STDERR },
		    "\"bad\"" },
		{ "both",
		    { .source = OUTPUT_BOTH, .pattern = LITERAL("d[^d]*$") },
		    "\"d\\n\\nwarn\"" },
		{ "otherwise",
		    { .pattern = LITERAL("zzz"), .fallback = LITERAL("none") },
		    "\"none\"" },
		{ "unset", { .pattern = LITERAL("zzz") }, NULL },
		{ "not_run", { .command_index = 7 }, NULL },
	};
	struct harness h;
	harness_open(&h, PHASE_SETUP);
	harness_shell(&h, "printf 'version 1.25\\nsecond\\n'; echo warn >&2");
	harness_shell(&h,
	    "echo '{\"a\":{\"b\":[1,2]},\"c\":\"xyz\"}'; "
	    "echo bad >&2");
	for (size_t i = 0; i < COUNT_OF(captures); i++)
		add_capture(&h, &captures[i]);
	harness_run(&h);
	harness_succeeded(&h, "a phase with captures");
	for (size_t i = 0; i < COUNT_OF(captures); i++) {
		const struct work_capture *wanted = &captures[i];
		const json_t *pair =
		    json_object_get(h.result.captures, wanted->name);
		char *got = json_dumps(
		    json_array_get(pair, 1), JSON_COMPACT | JSON_ENCODE_ANY);
		if (wanted->want == NULL)
			tap_ok(pair == NULL &&
				harness_has(str_text(&h.notes), wanted->name),
			    "%s is not set, and a note says so", wanted->name);
		else
			tap_is_text(got == NULL ? "" : got, wanted->want,
			    "%s is captured", wanted->name);
		free(got);
	}
	harness_close(&h);
}

/* Every character of one and two bytes but NUL, some 300 KiB of them. */
static void
add_large_value(struct str *value)
{
	while (value->len < 300 * 1024) {
		for (int c = 1; c < 0x80; c++)
			str_add_char(value, (char)c);
		for (int c = 0x80; c < 0x800; c++)
			str_format(
			    value, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		str_add(value, "'\\''\"$(touch canary)\"`\\`");
	}
	str_add(value, "\n\n");
}

static bool
holds(const struct harness *h, const char *name, const struct str *want,
    const char *more)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	autofree char *path = path_join(h->tree, name);
	return file_read(path, 1024 * 1024, &got, &err) &&
	    got.len == want->len + strlen(more) &&
	    memcmp(got.data, want->data, want->len) == 0 &&
	    strcmp(got.data + want->len, more) == 0;
}

/* Makes the shell of the steps this program. */
static void
use_shell(struct harness *h, const char *shell)
{
	autofree char *script =
	    mem_format("mkdir ../shell; ln -s %s ../shell/sh", shell);
	(void)harness_sh(h, script, NULL);
	strv_format(&h->spec.env, "PATH=%s/shell:%s", h->root, getenv("PATH"));
}

static void
large_value(const char *shell)
{
	struct harness h;
	autostr struct str value = { 0 };
	autostr struct str no_file = { 0 };
	harness_open(&h, PHASE_MAP);
	use_shell(&h, shell);
	add_large_value(&value);
	json_object_set_new(h.spec.vars, "item",
	    json_pack("[s, s#]", "d", value.data, value.len));
	strv_add(&h.spec.env, "PRODIGY_V1=of a run further out");
	harness_shell(&h,
	    "printf %s ${item} >bare; printf %s '${item}' >single\n"
	    "printf %s \"${item}\" >double; cat >here <<E\n${item}\nE\n"
	    "! env | grep PRODIGY_V; false_command_of_line_5 2>line");
	harness_shell(&h, "true");
	harness_run(&h);
	tap_ok(holds(&h, "bare", &value, ""),
	    "%s: a value larger than the environment is a word", shell);
	tap_ok(
	    holds(&h, "single", &value, "") && holds(&h, "double", &value, ""),
	    "%s: such a value has its bytes within quotes", shell);
	tap_ok(holds(&h, "here", &value, "\n"),
	    "%s: such a value has its bytes in a here-document", shell);
	tap_is_int(harness_sh(&h, "grep -q '\\b5\\b' line", NULL), 0,
	    "%s: lines are counted as the workflow has them", shell);
	tap_is_int(harness_sh(&h, "test -e canary", NULL), 1,
	    "%s: nothing in it is run", shell);
	(void)harness_sh(&h, "ls ../logs | grep values", &no_file);
	tap_is_text(str_text(&no_file), "", "%s: its file is removed", shell);
	harness_close(&h);
}

/* Together they are more than any environment takes. */
static void
many_values(void)
{
	struct harness h;
	json_t *list = json_array();
	autofree char *kilobyte = mem_array(1025, 1);
	memset(kilobyte, 'x', 1024);
	for (int i = 0; i < 9000; i++)
		json_array_append_new(list, json_string(kilobyte));
	harness_open(&h, PHASE_MAP);
	json_object_set_new(
	    h.spec.vars, "item", json_pack("[s, o]", "d", list));
	harness_shell(&h, "set -- ${item|words}; echo $# ${#9000}");
	harness_run(&h);
	harness_succeeded(&h, "a step with nine megabytes of words");
	tap_ok(harness_has(h.result.output, "9000 1024"),
	    "all of many values arrive: %s", h.result.output);
	harness_close(&h);
}

static void
large_entry_of_env(void)
{
	struct harness h;
	autostr struct str value = { 0 };
	harness_open(&h, PHASE_REDUCE);
	while (value.len < 200 * 1024)
		str_add_char(&value, 'v');
	json_object_set_new(h.spec.vars, "big",
	    json_pack("[s, s#]", "d", value.data, value.len));
	struct step *step = harness_shell(&h, "echo ${#R}; env | grep -c ^R=");
	strv_add(&step->env, "R=${big}");
	step = harness_shell(&h, "true");
	harness_run(&h);
	tap_ok(harness_has(h.result.output, "204800\n0"),
	    "a large entry of env is a variable of the script: %s",
	    h.result.output);
	tap_ok(harness_has(str_text(&h.notes), "R is too large for the "),
	    "a note says that commands do not get it");
	harness_close(&h);
}

/* Nobody reads what the agent sends until its step has ended. */
static void
output_left_out(void)
{
	struct harness h;
	autofree char *script = NULL;
	harness_open(&h, PHASE_MAP);
	h.spec.send_output = true;
	harness_shell(&h,
	    "head -c 8000000 /dev/zero | tr '\\0' x; echo; echo >../printed");
	harness_start(&h);
	script = mem_format("%s/printed", h.root);
	while (!path_exists(script))
		usleep(1000);
	harness_read(&h, 60000);
	harness_wait(&h);
	harness_succeeded(&h, "a step whose output nobody reads");
	tap_ok(harness_has(str_text(&h.notes), "were left out"),
	    "what is left out is told: %s", str_text(&h.notes));
	tap_is_int(
	    harness_sh(
		&h, "test $(cat ../logs/*-shell.log | wc -c) = 8000001", NULL),
	    0, "the log has it all");
	harness_close(&h);
}

static void
claude_long_line(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	use_claude(&h);
	(void)harness_sh(&h,
	    "mkdir ../fake/rules/1; cd ../fake/rules/1;"
	    "{ printf '{\"type\":\"system\",\"x\":\"';"
	    " head -c 17000000 /dev/zero | tr '\\0' x; printf '\"}\\n';"
	    " cat \"$top_srcdir\"/tests/fixtures/claude-streams/text.jsonl; }"
	    " >stream",
	    NULL);
	harness_claude(&h, "x");
	harness_run(&h);
	harness_succeeded(&h, "a step of claude with a line of 17 MB");
	tap_ok(harness_has(str_text(&h.notes),
		   "1 lines of claude's stream had more than"),
	    "a line that is not looked at is told: %s", str_text(&h.notes));
	harness_close(&h);
}

static void
warnings_are_notes(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	free(h.spec.salvage_refs);
	h.spec.salvage_refs = mem_text("refs/no..name");
	harness_shell(&h, "echo left >left");
	harness_run(&h);
	tap_ok(harness_has(str_text(&h.notes), "no..name"),
	    "what the agent warns of itself is a note: %s", str_text(&h.notes));
	harness_close(&h);
}

int
main(void)
{
	files_are_written();
	escapes_are_refused();
	plans();
	prepared_tree();
	moved_tree("main", "main", "0\nrefs/heads/agent-0\none\ntwo\nuntold\n");
	moved_tree("main", "main~1", "1\nrefs/heads/agent-0\none\nuntold\n");
	moved_tree(
	    "main~1", "main", "1\nrefs/heads/agent-0\none\ntwo\nuntold\n");
	looked_at_tree();
	claude_answers();
	claude_fails();
	claude_refused_key();
	claude_without_stream();
	claude_long_prompt();
	large_value("/bin/sh");
	if (access("/bin/bash", X_OK) == 0)
		large_value("/bin/bash");
	many_values();
	output_left_out();
	warnings_are_notes();
	claude_long_line();
	large_entry_of_env();
	phase_captures();
	return tap_done();
}
