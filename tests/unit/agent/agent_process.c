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

#define PATIENCE_MS 60000

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
	harness_succeeded(&h, "a chain of three steps");
	tap_is_int(
	    (long long)h.result.steps_done, 3, "all three steps are done");
	tap_is_int(h.started, 3, "a frame tells the start of each step");
	tap_ok(harness_has(h.result.output, "a b\ngot a b 5\n"),
	    "the output of all steps is in the result: %s", h.result.output);
	tap_ok(harness_has(str_text(&h.output), "warn"),
	    "standard error is shown");
	tap_ok(h.result.tip != NULL && strlen(h.result.tip) == 40,
	    "the tip is a commit: %s",
	    h.result.tip == NULL ? "" : h.result.tip);
	tap_ok(h.result.uncommitted == NULL, "nothing uncommitted is left");
	tap_ok(harness_has(h.result.log, "agent_0-3-shell.log"),
	    "the last log is named: %s",
	    h.result.log == NULL ? "" : h.result.log);
	tap_is_int((long long)json_array_size(h.result.steps), 3,
	    "the result has an entry for each step");
	tap_is_int(harness_survivors(&h), 0, "no process survives");
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
	harness_succeeded(&h, "a step that its handler mends");
	(void)harness_sh(&h, "cat seen; echo; cat runs", &seen);
	tap_is_text(str_text(&seen),
	    "STDOUT:\nprinted\n\n\nSTDERR:\nbroken\n|1 1\n\n2\n",
	    "the handler sees the output, the attempt and the exit code");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	step = harness_shell(&h, "exit 3");
	step->on_failure = mem_zalloc(sizeof(*step->on_failure));
	step->on_failure->bare = true;
	fix = steps_add(&step->on_failure->commands);
	fix->kind = STEP_SHELL;
	fix->command = mem_text("exit 4");
	harness_run(&h);
	harness_failed(&h, CAUSE_COMMAND, "exit code 3",
	    "a step whose handler fails, too,");
	tap_is_int(
	    h.result.failure.exit_code, 3, "the exit code is the step's own");
	harness_close(&h);
}

static void
handler_gets_a_file(void)
{
	struct harness h;
	autostr struct str seen = { 0 };
	harness_open(&h, PHASE_REDUCE);
	struct step *step = harness_shell(&h, "yes | head -c 20000; exit 3");
	step->on_failure = mem_zalloc(sizeof(*step->on_failure));
	step->on_failure->from_commands = true;
	struct step *look = steps_add(&step->on_failure->commands);
	look->kind = STEP_SHELL;
	look->command = mem_text("wc -c <${shell.output} >size");
	harness_run(&h);
	harness_succeeded(&h, "a handler of a step that printed much");
	(void)harness_sh(&h, "cat size; ls ../logs", &seen);
	tap_is_text(str_text(&seen), "20032\nagent_0-1-shell.log\n",
	    "a long output is in a file, which goes with the handler");
	harness_close(&h);
}

/* Each way to go on after a failed step, carried out. */
struct process_handler {
	const char *what;
	struct on_failure rule;
	const char *handler; /* its command */
	enum failure_cause cause; /* CAUSE_NONE: the chain goes on */
	const char *said; /* in the message, or in the output or a note */
};

static const struct process_handler process_handlers[] = {
	{ "a handler that recovers the step", { .from_commands = true },
	    "echo mended", CAUSE_NONE, "its handler recovered it" },
	{ "a fallback that replaces the step", { .strategy = HANDLER_FALLBACK },
	    "echo instead", CAUSE_NONE, "instead" },
	{ "a failure that is tolerated", { .bare = true }, "true", CAUSE_NONE,
	    "going on" },
	{ "a failure that is ignored", { .ignore = true }, "true", CAUSE_NONE,
	    "going on" },
	{ "a cleanup after which the failure stands",
	    { .strategy = HANDLER_CLEANUP }, "true", CAUSE_COMMAND,
	    "exit code 3" },
	{ "a failing handler that is fatal",
	    { .handler_failure_fatal = true, .max_attempts = 2 }, "exit 4",
	    CAUSE_COMMAND, "its handler failed too: shell: exit 4" },
	{ "a handler that takes too long",
	    { .timeout_ms = 100, .fail_workflow = true }, "sleep 300",
	    CAUSE_COMMAND, "its handler failed too: Command timed out" },
	{ "a handler that makes no commit",
	    { .commit_required = true, .fail_workflow = true }, "true",
	    CAUSE_COMMAND, "no commits were created" },
};

static void
handlers_are_carried_out(void)
{
	for (size_t i = 0; i < COUNT_OF(process_handlers); i++) {
		const struct process_handler *want = &process_handlers[i];
		struct harness h;
		harness_open(&h, PHASE_REDUCE);
		struct step *step = harness_shell(&h, "exit 3");
		step->on_failure = mem_zalloc(sizeof(*step->on_failure));
		*step->on_failure = want->rule;
		struct step *handler = steps_add(&step->on_failure->commands);
		handler->kind = STEP_SHELL;
		handler->command = mem_text(want->handler);
		harness_shell(&h, "echo next");
		harness_run(&h);
		if (want->cause != CAUSE_NONE) {
			harness_failed(&h, want->cause, want->said, want->what);
		} else {
			harness_succeeded(&h, want->what);
			tap_ok(harness_has(h.result.output, "next"),
			    "%s: the chain goes on", want->what);
			tap_ok(harness_has(h.result.output, want->said) ||
				harness_has(str_text(&h.notes), want->said),
			    "%s: it is told", want->what);
		}
		harness_close(&h);
	}
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
	harness_failed(&h, CAUSE_COMMAND,
	    "failed with exit code 7: it is broken", "a failing step");
	tap_is_int(
	    h.result.failure.exit_code, 7, "the exit code is the step's");
	tap_is_int(
	    (long long)h.result.steps_done, 1, "the step before it is done");
	tap_ok(h.result.failure.context.n >= 2,
	    "the context says where it happened");
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
	harness_succeeded(&h, "a chain that goes on after an error");
	tap_ok(harness_has(h.result.output, "on 7 7"),
	    "the exit code is a variable");
	tap_ok(harness_has(str_text(&h.notes), "going on"), "a note is sent");
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
	harness_failed(&h, CAUSE_TIMEOUT, "Command timed out after 0.3 seconds",
	    "a step that takes too long");
	tap_is_int(h.result.failure.exit_code, 124,
	    "the exit code of a timeout is 124");
	tap_ok(h.ms >= 300 && h.ms < 300 + 5000 + 2500,
	    "it ends within timeout and grace: %lld ms", (long long)h.ms);
	tap_is_int(harness_survivors(&h), 0, "no process survives");
	harness_close(&h);

	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "sleep 300 & sleep 301");
	h.spec.timeout_ms = 200;
	harness_run(&h);
	harness_failed(&h, CAUSE_TIMEOUT, "timed out after 0.2 seconds",
	    "a chain that takes too long");
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
	tap_ok(
	    harness_survivors(&h) >= 6, "the processes of the step are alive");
	int64_t start = clock_now();
	close(h.in);
	h.in = -1;
	(void)harness_wait(&h);
	tap_ok(clock_now() - start < PATIENCE_MS,
	    "it does not wait for them: %lld ms",
	    (long long)(clock_now() - start));
	tap_is_int(harness_survivors(&h), 0, "no process survives");
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
	tap_ok(clock_now() - start < 1000, "all are gone within a second");
	tap_is_int(harness_survivors(&h), 0, "no process survives");
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
	harness_failed(
	    &h, CAUSE_CANCELLED, "cancelled", "an agent that is told to stop");
	autofree char *bye = path_join(h.tree, "bye");
	tap_ok(path_exists(bye), "the command was asked first");
	tap_ok(harness_has(h.result.uncommitted, "ready"),
	    "what is left is told: %s",
	    h.result.uncommitted == NULL ? "" : h.result.uncommitted);
	tap_is_int(harness_survivors(&h), 0, "no process survives");
	harness_close(&h);
}

static void
daemon_ends_with_step(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h,
	    "setsid sh -c 'trap \"\" TERM HUP; echo $$ >number; "
	    "mv number daemon; sleep 300; sleep 300' >/dev/null 2>&1 & "
	    "while [ ! -e daemon ]; do sleep 0.01; done");
	harness_shell(&h,
	    "if kill -0 \"$(cat daemon)\" 2>/dev/null; "
	    "then echo left=1; else echo left=0; fi");
	harness_run(&h);
	harness_succeeded(&h, "a step that leaves a daemon behind");
	tap_ok(harness_has(h.result.output, "left=0"),
	    "the daemon is gone before the next step: %s", h.result.output);
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
		harness_succeeded(&h, items[i]);
		tap_ok(h.has_result && h.result.output != NULL &&
			strncmp(h.result.output, want, strlen(want)) == 0,
		    "a script sees the exact bytes of %s", items[i]);
		json_decref(item);
		harness_close(&h);
	}
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_set(&h, "item", "\"a\\u0000b\"", "d");
	harness_shell(&h, "echo ${item}");
	harness_run(&h);
	harness_failed(
	    &h, CAUSE_INPUT, "item", "a script with a NUL byte in its item");
	harness_close(&h);
}

static void
commit_required(void)
{
	struct harness h;
	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "true")->commit_required = true;
	harness_run(&h);
	harness_failed(&h, CAUSE_COMMIT_REQUIRED,
	    "Commit required but no commit was created",
	    "a step of a map that makes no commit");
	harness_close(&h);
	harness_open(&h, PHASE_REDUCE);
	harness_shell(&h, "true")->commit_required = true;
	harness_run(&h);
	harness_failed(&h, CAUSE_COMMIT_REQUIRED,
	    "has commit_required=true but no commits were created",
	    "a step of reduce that makes no commit");
	harness_close(&h);
	harness_open(&h, PHASE_MAP);
	harness_shell(&h, "echo 2 >>one; git commit -q -a -m two")
	    ->commit_required = true;
	harness_run(&h);
	harness_succeeded(&h, "a step that makes its commit");
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
	harness_succeeded(&h, "a step that uses what was captured");
	tap_ok(harness_has(h.result.output, "2 {\"v\":[1,2]}"),
	    "what was captured is used: %s", h.result.output);
	tap_ok(json_object_get(h.result.captures, "config") != NULL,
	    "captures are in the result");
	harness_close(&h);

	harness_open(&h, PHASE_SETUP);
	step = harness_shell(&h, "echo no");
	step->capture.name = mem_text("n");
	step->capture.format = CAPTURE_NUMBER;
	harness_run(&h);
	harness_failed(
	    &h, CAUSE_INPUT, "as number", "a capture that is no number");
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
	harness_succeeded(&h, "a chain with a large script and a large output");
	tap_ok(h.result.output != NULL && strlen(h.result.output) < 70000 &&
		harness_has(h.result.output, "yend"),
	    "the result stays small");
	autostr struct str listing = { 0 };
	(void)harness_sh(
	    &h, "wc -c <../logs/agent_0-2-shell.log; ls ../logs", &listing);
	tap_ok(
	    harness_has(str_text(&listing), "20000004"), "the log has it all");
	tap_ok(!harness_has(str_text(&listing), "script"),
	    "the script file is gone");
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
	harness_succeeded(&h, "a look at its surroundings");
	tap_ok(harness_has(h.result.output, "SigBlk:\t0000000000000000") &&
		/* 32 and 33 belong to the C library and cannot be set. */
		(harness_has(h.result.output, "SigIgn:\t0000000000000000") ||
		    harness_has(h.result.output, "SigIgn:\t0000000180000000")),
	    "signals are as a shell expects: %s", h.result.output);
	harness_close(&h);
}

int
main(void)
{
	chain_of_three();
	plain_failure();
	handler_sees_output();
	handler_gets_a_file();
	handlers_are_carried_out();
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
	return tap_done();
}
