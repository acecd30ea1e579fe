/* SPDX-License-Identifier: MIT */
/* The agent as a process: chains, handlers, and nothing that survives it. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "agent_harness.h"
#include "base/clock.h"
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

static void
is_failure(const struct harness *h, enum failure_cause cause, const char *part,
    const char *what)
{
	tap_ok(h->has_result && h->result.failure.cause != CAUSE_NONE,
	    "%s: it fails", what);
	tap_is_text(failure_cause_name(h->result.failure.cause),
	    failure_cause_name(cause), "%s: cause", what);
	tap_ok(has(h->result.failure.message, part), "%s: message: %s", what,
	    h->result.failure.message == NULL ? "" : h->result.failure.message);
}

static void
chain_of_three(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_set(
	    &h, "item", "{\"name\":\"a b\",\"n\":5,\"o\":{\"x\":1}}", "d");
	struct step *first = harness_shell(&h, "printf '%s' ${item.name}");
	first->id = mem_text("first");
	harness_shell(&h,
	    "echo \"got ${first.output} $ITEM_N\" >two && "
	    "git add two && git commit -q -m two");
	harness_shell(&h, "cat two; echo warn >&2");
	harness_run(&h);
	is_success(&h, "chain");
	tap_is_int((long long)h.result.steps_done, 3, "three steps done");
	tap_is_int(h.started, 3, "three start frames");
	tap_ok(has(h.result.output, "a b\ngot a b 5\n"), "output: %s",
	    h.result.output);
	tap_ok(has(str_text(&h.output), "warn"), "stderr is shown");
	tap_ok(h.result.tip != NULL && strlen(h.result.tip) == 40, "tip: %s",
	    h.result.tip == NULL ? "" : h.result.tip);
	tap_ok(h.result.uncommitted == NULL, "nothing is left");
	tap_ok(has(h.result.log, "agent_0-3-shell.log"), "log: %s",
	    h.result.log == NULL ? "" : h.result.log);
	tap_is_int((long long)json_array_size(h.result.steps), 3, "entries");
	tap_is_int(harness_survivors(&h), 0, "nothing survives");
	harness_close(&h);
}

static void
handler_sees_output(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	struct step *step = harness_shell(&h,
	    "echo printed; echo $SHELL_ATTEMPT >>runs; "
	    "echo broken >&2; test -e fixed");
	step->on_failure = mem_zalloc(sizeof(*step->on_failure));
	step->on_failure->max_attempts = 2;
	step->on_failure->fail_workflow = true;
	struct step *fix = steps_add(&step->on_failure->commands);
	fix->kind = STEP_SHELL;
	fix->command = mem_text("printf '%s|%s' ${shell.output} "
				"\"$SHELL_ATTEMPT ${shell.exit_code}\" >seen; "
				"touch fixed");
	harness_run(&h);
	autostr struct str seen = { 0 };
	is_success(&h, "recovered");
	(void)harness_sh(&h, "cat seen; echo; cat runs", &seen);
	tap_is_text(str_text(&seen),
	    "STDOUT:\nprinted\n\n\nSTDERR:\nbroken\n|1 1\n\n2\n",
	    "what the handler saw");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	step = harness_shell(&h, "exit 3");
	step->on_failure = mem_zalloc(sizeof(*step->on_failure));
	step->on_failure->bare = true;
	fix = steps_add(&step->on_failure->commands);
	fix->kind = STEP_SHELL;
	fix->command = mem_text("exit 4");
	harness_run(&h);
	is_failure(&h, CAUSE_COMMAND, "exit code 3", "handler fails too");
	tap_is_int(h.result.failure.exit_code, 3, "the step's own exit code");
	harness_close(&h);
}

static void
plain_failure(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "true");
	harness_shell(&h, "echo one; echo 'it is broken' >&2; exit 7");
	harness_shell(&h, "touch never");
	harness_run(&h);
	is_failure(&h, CAUSE_COMMAND, "failed with exit code 7: it is broken",
	    "failure");
	tap_is_int(h.result.failure.exit_code, 7, "exit code");
	tap_is_int((long long)h.result.steps_done, 1, "one step done");
	tap_ok(h.result.failure.context.n >= 2, "context");
	autofree char *never = path_join(h.tree, "never");
	tap_ok(!path_exists(never), "the third step did not run");
	harness_close(&h);

	harness_open(&h, PHASE_REDUCE);
	struct step *step = harness_shell(&h, "exit 7");
	step->continue_on_error = true;
	harness_shell(&h, "echo on ${shell.exit_code} ${last.exit_code}");
	step = harness_shell(&h, "touch never");
	step->when = mem_text("false");
	harness_run(&h);
	is_success(&h, "continue_on_error");
	tap_ok(has(h.result.output, "on 7 7"), "exit code as a variable");
	tap_ok(has(str_text(&h.notes), "going on"), "a note is sent");
	autofree char *skipped = path_join(h.tree, "never");
	tap_ok(!path_exists(skipped), "a false condition skips");
	harness_close(&h);
}

static void
timeout_kills_all(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	struct step *step = harness_shell(&h,
	    "trap '' TERM; sh -c 'trap \"\" TERM; sleep 300; sleep 301' & "
	    "setsid sh -c 'trap \"\" TERM; sleep 302; sleep 303' & "
	    "sleep 304; sleep 305");
	step->timeout_ms = 300;
	harness_run(&h);
	is_failure(&h, CAUSE_TIMEOUT, "Command timed out after 0.3 seconds",
	    "timeout");
	tap_is_int(h.result.failure.exit_code, 124, "exit code 124");
	tap_ok(h.ms >= 300 && h.ms < 300 + 5000 + 2500,
	    "within timeout and grace: %lld ms", (long long)h.ms);
	tap_is_int(harness_survivors(&h), 0, "nothing survives");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "sleep 300 & sleep 301");
	h.spec.timeout_ms = 200;
	harness_run(&h);
	is_failure(&h, CAUSE_TIMEOUT, "timed out after 0.2 seconds", "chain");
	tap_ok(h.ms < 1500, "a willing command ends at once: %lld ms",
	    (long long)h.ms);
	harness_close(&h);
}

static void
wait_for(const struct harness *h, const char *name)
{
	autofree char *path = path_join(h->tree, name);
	for (unsigned i = 0; i < 500 && !path_exists(path); i++)
		usleep(10000);
}

static void
lifeline_ends(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h,
	    "trap '' TERM HUP INT; "
	    "for i in 1 2 3 4 5; do setsid sh -c 'trap \"\" TERM; "
	    "sleep 300; sleep 300' & done; touch ready; sleep 300; sleep 300");
	harness_start(&h);
	wait_for(&h, "ready");
	tap_ok(harness_survivors(&h) >= 6, "the tree lives");
	int64_t start = clock_now();
	close(h.in);
	h.in = -1;
	(void)harness_wait(&h);
	tap_ok(clock_now() - start < 1000, "gone within a second: %lld ms",
	    (long long)(clock_now() - start));
	tap_is_int(harness_survivors(&h), 0, "nothing survives");
	harness_close(&h);
}

/* Frames that nobody reads do not make the agent deaf itself. */
static void
supervisor_is_stuck(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "yes | head -c 50000000; touch ready; sleep 300");
	harness_start(&h);
	wait_for(&h, "ready");
	autofree char *ready = path_join(h.tree, "ready");
	tap_ok(path_exists(ready), "the step is not held up");
	int64_t start = clock_now();
	close(h.in);
	h.in = -1;
	(void)harness_wait(&h);
	tap_ok(clock_now() - start < 1000, "gone within a second");
	tap_is_int(harness_survivors(&h), 0, "nothing survives");
	harness_close(&h);
}

static void
cancel(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h,
	    "trap 'echo bye >bye; exit 0' TERM; touch ready; "
	    "while :; do sleep 0.05; done");
	harness_start(&h);
	wait_for(&h, "ready");
	kill(h.pid, SIGINT);
	kill(h.pid, SIGHUP);
	kill(h.pid, SIGTERM);
	harness_read(&h, 10000);
	(void)harness_wait(&h);
	is_failure(&h, CAUSE_CANCELLED, "cancelled", "cancel");
	autofree char *bye = path_join(h.tree, "bye");
	tap_ok(path_exists(bye), "the command was asked first");
	tap_ok(has(h.result.uncommitted, "ready"), "what is left is told: %s",
	    h.result.uncommitted == NULL ? "" : h.result.uncommitted);
	tap_is_int(harness_survivors(&h), 0, "nothing survives");
	harness_close(&h);
}

static void
daemon_ends_with_step(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h,
	    "setsid sh -c 'trap \"\" TERM HUP; touch up; "
	    "sleep 300; sleep 300' >/dev/null 2>&1 & "
	    "while [ ! -e up ]; do sleep 0.01; done");
	harness_shell(&h,
	    "tr '\\0' '\\n' </proc/self/environ | "
	    "grep PRODIGY_AGENT >token; n=0; for p in "
	    "/proc/[0-9]*; do if [ \"$p\" != /proc/$$ ] && "
	    "grep -qzF \"$(cat token)\" $p/environ 2>/dev/null "
	    "&& tr '\\0' ' ' <$p/cmdline | grep -q 'touch up'; "
	    "then n=$((n+1)); fi; done; echo left=$n");
	harness_run(&h);
	is_success(&h, "daemon");
	tap_ok(has(h.result.output, "left=0"), "gone before the next step: %s",
	    h.result.output);
	harness_close(&h);
}

static void
hostile_items(void)
{
	static const char *const items[] = {
		"\"$(touch hacked)\"",
		"\"`touch hacked`\"",
		"\"'; touch hacked; '\"",
		"\"\\\"; touch hacked; \\\"\"",
		"\"a\\nb; touch hacked\"",
		"\"-rf * ? [a]\"",
		"\"\\u001b[31m\\u202e\"",
	};
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		struct harness h;
		harness_open(&h, PHASE_MAP);
		harness_set(&h, "item", items[i], "d");
		harness_shell(&h,
		    "printf '%s|' ${item} \"${item}\" '${item}'; "
		    "test ! -e hacked");
		harness_run(&h);
		json_t *item = json_loads(items[i], JSON_DECODE_ANY, NULL);
		const char *text = json_string_value(item);
		autofree char *want = mem_format("%s|%s|%s|", text, text, text);
		is_success(&h, items[i]);
		tap_ok(h.has_result && h.result.output != NULL &&
			strncmp(h.result.output, want, strlen(want)) == 0,
		    "exact bytes: %s", items[i]);
		json_decref(item);
		harness_close(&h);
	}
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_set(&h, "item", "\"a\\u0000b\"", "d");
	harness_shell(&h, "echo ${item}");
	harness_run(&h);
	is_failure(&h, CAUSE_INPUT, "item", "NUL in an item");
	harness_close(&h);
}

static void
commit_required(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "true")->commit_required = true;
	harness_run(&h);
	is_failure(&h, CAUSE_COMMIT_REQUIRED,
	    "Commit required but no commit was created", "no commit");
	harness_close(&h);
	harness_open(&h, PHASE_REDUCE);
	harness_shell(&h, "true")->commit_required = true;
	harness_run(&h);
	is_failure(&h, CAUSE_COMMIT_REQUIRED,
	    "has commit_required=true but no commits were created", "reduce");
	harness_close(&h);
	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "echo 2 >>one; git commit -q -a -m two")
	    ->commit_required = true;
	harness_run(&h);
	is_success(&h, "with a commit");
	harness_close(&h);
}

static void
captures_travel(void)
{
	struct harness h;
	harness_open(&h, PHASE_SETUP);
	struct step *step = harness_shell(&h, "echo '{\"v\":[1,2]}'");
	step->capture.name = mem_text("config");
	step->capture.format = CAPTURE_JSON;
	harness_shell(&h, "echo ${config.v[1]} \"${config}\"");
	harness_run(&h);
	is_success(&h, "captures");
	tap_ok(has(h.result.output, "2 {\"v\":[1,2]}"), "used: %s",
	    h.result.output);
	tap_ok(json_object_get(h.result.captures, "config") != NULL,
	    "captures are in the result");
	harness_close(&h);

	harness_open(&h, PHASE_SETUP);
	step = harness_shell(&h, "echo no");
	step->capture.name = mem_text("n");
	step->capture.format = CAPTURE_NUMBER;
	harness_run(&h);
	is_failure(&h, CAUSE_INPUT, "as number", "bad capture");
	harness_close(&h);
}

static void
large_things(void)
{
	struct harness h;
	autostr struct str script = { 0 };
	harness_open(&h, PHASE_MAP);
	str_add(&script, ": ");
	for (unsigned i = 0; i < 300000; i++)
		str_add_char(&script, 'x');
	str_add(&script, "\necho end");
	harness_shell(&h, str_text(&script));
	harness_shell(&h, "head -c 20000000 /dev/zero | tr '\\0' y; echo end");
	harness_run(&h);
	is_success(&h, "large script and output");
	tap_ok(h.result.output != NULL && strlen(h.result.output) < 70000 &&
		has(h.result.output, "yend"),
	    "the result stays small");
	autostr struct str listing = { 0 };
	(void)harness_sh(
	    &h, "wc -c <../logs/agent_0-2-shell.log; ls ../logs", &listing);
	tap_ok(has(str_text(&listing), "20000004"), "the log has it all");
	tap_ok(!has(str_text(&listing), "script"), "the script file is gone");
	harness_close(&h);
}

static void
signals_are_default(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h,
	    "grep -E 'Sig(Ign|Blk)' /proc/self/status; "
	    "ls -l /proc/self/fd | grep -c -- '->'");
	harness_run(&h);
	is_success(&h, "surroundings");
	tap_ok(has(h.result.output, "SigBlk:\t0000000000000000") &&
		/* 32 and 33 belong to the C library and cannot be set. */
		(has(h.result.output, "SigIgn:\t0000000000000000") ||
		    has(h.result.output, "SigIgn:\t0000000180000000")),
	    "signals are as a shell expects: %s", h.result.output);
	harness_close(&h);
}

static void
start_is_quick(void)
{
	int64_t best = 1000;
	for (unsigned i = 0; i < 5; i++) {
		struct harness h;
		harness_open(&h, PHASE_MAP);
		harness_shell(&h, "true");
		harness_run(&h);
		if (h.has_result && h.ms < best)
			best = h.ms;
		harness_close(&h);
	}
	tap_note("a trivial step takes %lld ms", (long long)best);
	tap_ok(best < 200, "a trivial step is quick");
}

int
main(void)
{
	chain_of_three();
	plain_failure();
	handler_sees_output();
	timeout_kills_all();
	lifeline_ends();
	supervisor_is_stuck();
	cancel();
	daemon_ends_with_step();
	hostile_items();
	commit_required();
	captures_travel();
	large_things();
	signals_are_default();
	start_is_quick();
	return tap_done();
}
