/* SPDX-License-Identifier: MIT */
/*
 * One run of an agent process: what it says, how its silence is noticed, how
 * it is stopped, and what its end means. Agents are shell scripts, and the
 * time is the test's own.
 */
#include "config.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/child.h"
#include "proc/ladder.h"
#include "run/attempt.h"

#define FAR_MS 60000 /* real time: a test that needs it has failed */

/* --- an attempt and what is seen of it -------------------------------- */

static int64_t now_ms = 1000000;

static int64_t
fake_clock(void)
{
	return now_ms;
}

struct trial {
	struct loop *loop;
	struct executor executor;
	struct attempt *attempt;
	const char *script; /* of the agent, for sh -c */
	unsigned asked, forced, swept;
	char *token; /* what was swept */
	size_t rest; /* what is left of it */
	unsigned killed_rest;
	size_t frames; /* other than results */
	size_t notes;
	enum frame_type last; /* type of the last frame */
	bool ended;
	enum verdict verdict;
	struct frame_result result;
	bool has_result;
	char *why;
};

static struct trial *current; /* for hooks without an argument */
static int64_t timeout_ms; /* of the next trial */

static void
fake_argv(const struct executor *executor, const struct frame_spec *spec,
    struct strv *argv)
{
	(void)spec;
	strv_add(argv, executor->program);
	strv_add(argv, "-c");
	strv_add(argv, current->script);
}

static void
fake_ask(const struct executor *executor, struct child *child)
{
	(void)executor;
	current->asked++;
	child_signal(child, SIGTERM);
}

static void
fake_force(const struct executor *executor, struct child *child)
{
	(void)executor;
	current->forced++;
	child_kill(child);
}

/* Nothing is left before what is due. */
static size_t
fake_sweep(const struct executor *executor, const char *token, int signo)
{
	(void)executor;
	if (signo == SIGTERM) {
		current->swept++;
		free(current->token);
		current->token = mem_text(token);
	}
	current->killed_rest += signo == SIGKILL;
	return current->rest;
}

static void
came(enum frame_type type, const json_t *object, void *arg)
{
	struct trial *trial = arg;
	(void)object;
	trial->frames++;
	trial->notes += type == FRAME_NOTE;
	trial->last = type;
}

static void
ended(enum verdict verdict, struct frame_result *result, const char *why,
    void *arg)
{
	struct trial *trial = arg;
	trial->ended = true;
	trial->verdict = verdict;
	trial->why = mem_text(why);
	trial->has_result = result != NULL;
	if (result != NULL) {
		trial->result = *result;
		*result = (struct frame_result){ 0 };
	}
}

static struct executor_ops ops;

static void
trial_open(struct trial *trial, const char *script)
{
	autoerror struct error err = { 0 };
	struct executor local;
	struct frame_spec spec = { .phase = PHASE_MAP };
	char job[] = "job", run[] = "job-1a2b", item[] = "item_3",
	     nothing[] = "";
	*trial = (struct trial){ .script = script };
	current = trial;
	if (!executor_local(&local, &err))
		BUG("%s", error_text(&err));
	ops = *local.ops;
	executor_release(&local);
	ops.argv = fake_argv;
	ops.ask = fake_ask;
	ops.force = fake_force;
	ops.sweep = fake_sweep;
	trial->executor =
	    (struct executor){ .ops = &ops, .program = mem_text("/bin/sh") };
	trial->loop = loop_new();
	if (!child_init(trial->loop, &err))
		BUG("%s", error_text(&err));
	spec.job = job;
	spec.run = run;
	spec.item = item;
	spec.agent = spec.session = spec.workflow = spec.directory = nothing;
	spec.attempt = 2;
	spec.timeout_ms = timeout_ms;
	trial->attempt = attempt_start(
	    trial->loop, &trial->executor, &spec, came, ended, trial, &err);
	if (trial->attempt == NULL)
		BUG("%s", error_text(&err));
}

static void
trial_close(struct trial *trial)
{
	loop_free(trial->loop);
	executor_release(&trial->executor);
	frame_result_release(&trial->result);
	free(trial->token);
	free(trial->why);
}

static void
turn(struct trial *trial, int64_t max_wait)
{
	autoerror struct error err = { 0 };
	if (!loop_turn(trial->loop, max_wait, &err))
		BUG("%s", error_text(&err));
}

/* Timers that are due are called; nothing is waited for. */
static void
pass(struct trial *trial, int64_t ms)
{
	now_ms += ms;
	turn(trial, 0);
}

static void
wait_for_frames(struct trial *trial, size_t n)
{
	while (trial->frames < n && !trial->ended)
		turn(trial, FAR_MS);
	tap_is_int((long long)trial->frames, (long long)n,
	    "the agent is heard: number of frames");
}

static void
wait_for_end(struct trial *trial)
{
	while (!trial->ended)
		turn(trial, FAR_MS);
}

/* A result as a line of the environment of agents. */
static void
offer(const char *name, enum failure_cause cause, const char *output)
{
	struct frame_result result = { 0 };
	autostr struct str line = { 0 };
	if (cause != CAUSE_NONE)
		failure_set(&result.failure, cause, 1, "the agent says so");
	result.output = mem_text(output);
	frame_result_encode(&result, &line);
	str_cut(&line, line.len - 1);
	setenv(name, str_text(&line), 1);
	frame_result_release(&result);
}

#define BEAT "echo '{\"f\":\"beat\"}'; "
#define HEAR "read spec; "
#define RESULT "printf '%s\\n' \"$RESULT\"; "
/* Until the test ends it, or for 100 seconds when the test died. */
#define STAY "exec sleep 100"

/* --- verdicts --------------------------------------------------------- */

static void
test_verdicts(void)
{
	static const struct {
		enum failure_cause cause;
		enum verdict verdict;
		const char *name;
	} cases[] = {
		{ CAUSE_NONE, VERDICT_OK, "a result without a failure is ok" },
		{ CAUSE_COMMAND, VERDICT_FAILED,
		    "a result with a failure is a failure" },
		{ CAUSE_TIMEOUT, VERDICT_FAILED,
		    "a result that tells of a timeout is a failure" },
		{ CAUSE_CANCELLED, VERDICT_CANCELLED,
		    "a result that says it was cancelled is that" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct trial trial;
		offer("RESULT", cases[i].cause, "made");
		trial_open(&trial, HEAR RESULT "exit 3");
		wait_for_end(&trial);
		tap_ok(trial.verdict == cases[i].verdict, "%s", cases[i].name);
		tap_ok(trial.has_result &&
			trial.result.failure.cause == cases[i].cause,
		    "%s: the result is handed over", cases[i].name);
		tap_is_text(trial.why, "", "%s: there is nothing to explain",
		    cases[i].name);
		tap_is_int(
		    trial.swept, 0, "%s: nothing is swept", cases[i].name);
		trial_close(&trial);
	}
}

static void
test_lost(void)
{
	struct trial trial;
	trial_open(&trial, HEAR "exit 7");
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_LOST && !trial.has_result,
	    "an end without a result is lost");
	tap_is_text(trial.why,
	    "the agent process ended with status 7 without a result",
	    "a lost attempt tells the exit status");
	tap_is_text(trial.token, "job-1a2b/item_3/2",
	    "what a lost attempt left is swept by its token");
	tap_is_int(trial.swept, 1, "and it is swept once");
	trial_close(&trial);

	trial_open(&trial, HEAR "kill -9 $$");
	wait_for_end(&trial);
	tap_is_text(trial.why, "the agent process was killed by signal 9",
	    "a lost attempt tells the signal");
	trial_close(&trial);
}

static void
test_unread(void)
{
	struct trial trial;
	trial_open(&trial, HEAR "echo '{broken'; echo x; exit 7");
	wait_for_end(&trial);
	tap_is_text(trial.why,
	    "the agent process ended with status 7 without a result; 2 of its "
	    "frames cannot be read: reading a frame: byte 7: string or '}' "
	    "expected near 'broken'",
	    "a lost attempt tells of frames that cannot be read");
	trial_close(&trial);

	trial_open(&trial,
	    HEAR "head -c 70000000 /dev/zero | tr '\\0' x; echo; exit 7");
	wait_for_end(&trial);
	tap_is_text(trial.why,
	    "the agent process ended with status 7 without a result; 1 of its "
	    "frames had more than 67108864 bytes",
	    "and of those that are too long");
	trial_close(&trial);
}

static void
wait_for_sweep(struct trial *trial)
{
	while (trial->swept == 0)
		turn(trial, FAR_MS);
}

/* What a lost attempt left has lock files to remove, perhaps. */
static void
test_rest(void)
{
	struct trial trial;
	trial_open(&trial, HEAR "exit 7");
	trial.rest = 1;
	wait_for_sweep(&trial);
	pass(&trial, LADDER_ORPHAN_GRACE_MS - 1);
	tap_ok(!trial.ended && trial.killed_rest == 0,
	    "what a lost attempt left is asked, and has time to end");
	pass(&trial, 100);
	tap_ok(trial.ended && trial.killed_rest == 1,
	    "and is killed when its time is over");
	trial_close(&trial);

	trial_open(&trial, HEAR "exit 7");
	trial.rest = 1;
	wait_for_sweep(&trial);
	trial.rest = 0;
	pass(&trial, 100);
	tap_ok(trial.ended && trial.killed_rest == 0,
	    "when nothing is left there is nothing to wait for");
	trial_close(&trial);
}

static void
test_not_started(void)
{
	autoerror struct error err = { 0 };
	struct trial trial;
	struct frame_spec spec = { .phase = PHASE_MAP };
	char nothing[] = "";
	trial_open(&trial, HEAR);
	wait_for_end(&trial);
	spec.job = spec.run = spec.item = spec.agent = nothing;
	free(trial.executor.program);
	trial.executor.program = mem_text("/nonexistent");
	tap_ok(attempt_start(trial.loop, &trial.executor, &spec, came, ended,
		   &trial, &err) == NULL,
	    "a program that is missing is no attempt");
	tap_ok(strstr(error_text(&err), "/nonexistent") != NULL,
	    "and the error names it");
	trial_close(&trial);
}

/* --- what it says ----------------------------------------------------- */

static void
test_complaint(void)
{
	struct trial trial;
	trial_open(&trial, HEAR "echo 'no room' >&2; exit 1");
	wait_for_end(&trial);
	tap_is_text(trial.why,
	    "the agent process ended with status 1 without a result: no room\n",
	    "what a lost agent wrote on standard error tells why");
	trial_close(&trial);

	trial_open(
	    &trial, HEAR "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1");
	wait_for_end(&trial);
	const char *said = strchr(trial.why, ':');
	tap_is_int(said == NULL ? -1 : (long long)strlen(said + 2), 4096,
	    "a long complaint is cut at 4096 bytes");
	trial_close(&trial);
}

static void
test_odd_frames(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_NONE, "made");
	trial_open(&trial,
	    HEAR "echo '{\"f\":\"song\"}'; echo 'no JSON'; echo '[1]'; echo;"
		 " echo '{\"f\":7}';"
		 " echo '{\"f\":\"note\",\"text\":\"x\"}'; " RESULT);
	wait_for_end(&trial);
	tap_is_int((long long)trial.frames, 1,
	    "lines that are no frame are passed over");
	tap_is_int((long long)trial.notes, 1, "frames after them are taken");
	tap_ok(trial.verdict == VERDICT_OK, "and the result, too");
	trial_close(&trial);
}

static void
test_long_line(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_NONE, "made");
	trial_open(&trial,
	    HEAR "head -c 67108900 /dev/zero | tr '\\0' x; echo; " BEAT RESULT);
	wait_for_end(&trial);
	tap_is_int((long long)trial.frames, 1,
	    "a line over the limit is passed over, and the next is taken");
	tap_ok(trial.verdict == VERDICT_OK,
	    "a line over the limit does not cost the result");
	trial_close(&trial);
}

static void
test_unfinished_line(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_NONE, "made");
	trial_open(&trial, HEAR "printf '%s' \"$RESULT\"");
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_OK,
	    "a result without a newline at the very end counts");
	trial_close(&trial);
}

static void
test_second_result(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_COMMAND, "first");
	offer("RESULT2", CAUSE_NONE, "second");
	trial_open(&trial, HEAR RESULT "printf '%s\\n' \"$RESULT2\"");
	wait_for_end(&trial);
	tap_ok(
	    trial.verdict == VERDICT_OK, "a second result replaces the first");
	tap_is_text(trial.result.output, "second", "with all that is in it");
	trial_close(&trial);
}

/* The warning of the log goes nowhere here. */
static void
test_bad_result(void)
{
	struct trial trial;
	int saved = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	close(null);
	trial_open(
	    &trial, HEAR "echo '{\"f\":\"result\",\"failure\":7}'; exit 0");
	wait_for_end(&trial);
	dup2(saved, STDERR_FILENO);
	close(saved);
	tap_ok(trial.verdict == VERDICT_LOST && !trial.has_result,
	    "a result that cannot be read is no result");
	trial_close(&trial);
}

/* --- silence ---------------------------------------------------------- */

static void
test_silence(void)
{
	struct trial trial;
	trial_open(&trial, HEAR STAY);
	pass(&trial, LADDER_SILENCE_MS - 1);
	tap_is_int(trial.forced, 0, "an agent may be silent for a while");
	pass(&trial, 1);
	tap_is_int(trial.forced, 1, "an agent that stays silent is forced");
	tap_is_int(trial.asked, 0, "without being asked");
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_LOST, "and its attempt is lost");
	tap_is_text(trial.why,
	    "nothing was heard from the agent process for 90 seconds",
	    "the reason is its silence, not the signal");
	trial_close(&trial);
}

/* We were stopped meanwhile: what it said lies in the pipe. */
static void
test_late_look(void)
{
	struct trial trial;
	trial_open(&trial, HEAR BEAT STAY);
	wait_for_frames(&trial, 1);
	pass(&trial, LADDER_SILENCE_MS);
	pass(&trial, 10 * LADDER_SILENCE_MS);
	tap_is_int(trial.forced, 0, "a look that comes late does not count");
	pass(&trial, LADDER_BEAT_MS);
	tap_is_int(trial.forced, 1, "the next one does");
	wait_for_end(&trial);
	trial_close(&trial);
}

/* It is stopped or stuck, and so is its own clock. */
static void
test_silent_limit(void)
{
	struct trial trial;
	timeout_ms = 20000;
	trial_open(&trial, HEAR STAY);
	timeout_ms = 0;
	pass(&trial, LADDER_SILENCE_MS);
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_FAILED &&
		trial.result.failure.cause == CAUSE_TIMEOUT,
	    "a silent agent whose time is up has failed, by its limit");
	tap_is_text(trial.result.failure.message,
	    "the agent took longer than 20 seconds, and nothing was heard from "
	    "the agent process for 90 seconds",
	    "both are told");
	trial_close(&trial);
}

static void
wait_until_stopped(void)
{
	siginfo_t info = { 0 };
	while (waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT) == -1)
		continue;
}

/* A step may stop its agent; its limits must hold all the same. */
static void
test_woken(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_NONE, "made");
	trial_open(&trial, "kill -STOP $$; " HEAR RESULT);
	wait_until_stopped();
	wait_for_end(&trial);
	tap_ok(
	    trial.verdict == VERDICT_OK, "an agent that is stopped is woken");
	trial_close(&trial);
}

static void
test_heartbeat(void)
{
	struct trial trial;
	trial_open(&trial, HEAR BEAT STAY);
	wait_for_frames(&trial, 1);
	tap_ok(trial.last == FRAME_BEAT, "a heartbeat is a frame");
	pass(&trial, LADDER_SILENCE_MS);
	tap_is_int(trial.forced, 0, "a heartbeat keeps an agent alive");
	pass(&trial, LADDER_SILENCE_MS - 1);
	tap_is_int(trial.forced, 0, "until the next look");
	pass(&trial, 1);
	tap_is_int(trial.forced, 1, "one heartbeat does not last for ever");
	wait_for_end(&trial);
	trial_close(&trial);
}

/* What it says need not be understood: it lives. */
static void
test_noise_is_life(void)
{
	struct trial trial;
	trial_open(&trial, HEAR "echo noise; " BEAT STAY);
	wait_for_frames(&trial, 1);
	pass(&trial, LADDER_SILENCE_MS);
	tap_is_int(trial.forced, 0, "an agent that speaks lives");
	attempt_stop(trial.attempt, 0);
	wait_for_end(&trial);
	trial_close(&trial);
}

/* --- after its last word ---------------------------------------------- */

static void
test_linger(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_NONE, "made");
	/* The beat shows the test that the result is in. */
	trial_open(&trial, HEAR RESULT BEAT STAY);
	wait_for_frames(&trial, 1);
	pass(&trial, LADDER_LINGER_MS - 1);
	tap_is_int(
	    trial.forced, 0, "an agent may take its time after its result");
	pass(&trial, 1);
	tap_is_int(trial.forced, 1, "an agent that lingers is forced");
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_OK,
	    "the result of an agent that was forced then counts");
	trial_close(&trial);
}

static void
test_end_of_input(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_NONE, "made");
	trial_open(&trial, HEAR RESULT "exec cat >/dev/null");
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_OK && trial.forced == 0,
	    "after its result the agent's input is closed, and it ends");
	trial_close(&trial);
}

/* --- being stopped ---------------------------------------------------- */

static void
test_stop(void)
{
	struct trial trial;
	offer("RESULT", CAUSE_CANCELLED, "");
	trial_open(&trial,
	    "end() { kill $!; " RESULT "exit 0; }; trap end TERM; " HEAR
	    "sleep 100 >/dev/null 2>&1 & " BEAT "wait $!; exit 9");
	wait_for_frames(&trial, 1);
	attempt_stop(trial.attempt, LADDER_FORCE_MS);
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_CANCELLED,
	    "an agent that is asked to stop can say that it did");
	tap_ok(trial.asked == 1 && trial.forced == 0,
	    "it is asked once and not forced");
	trial_close(&trial);
}

static void
test_deaf(void)
{
	struct trial trial;
	trial_open(&trial, "trap '' TERM; " HEAR BEAT STAY);
	wait_for_frames(&trial, 1);
	attempt_stop(trial.attempt, 500);
	tap_ok(trial.asked == 1 && trial.forced == 0,
	    "an agent is asked before it is forced");
	pass(&trial, 300);
	attempt_stop(trial.attempt, 500);
	tap_is_int(trial.asked, 2, "it can be asked again");
	pass(&trial, 199);
	tap_is_int(trial.forced, 0, "an agent has time to stop");
	pass(&trial, 1);
	tap_is_int(trial.forced, 1,
	    "a deaf agent is forced, counted from the first time");
	wait_for_end(&trial);
	tap_ok(trial.verdict == VERDICT_LOST, "and is lost");
	trial_close(&trial);
}

static void
test_force(void)
{
	struct trial trial;
	trial_open(&trial, "trap '' TERM; " HEAR BEAT STAY);
	wait_for_frames(&trial, 1);
	attempt_stop(trial.attempt, 500);
	attempt_stop(trial.attempt, 0);
	tap_ok(trial.asked == 1 && trial.forced == 1,
	    "a stop without patience forces at once");
	pass(&trial, 500);
	tap_is_int(trial.forced, 1, "and nothing is forced twice");
	wait_for_end(&trial);
	trial_close(&trial);
}

int
main(void)
{
	clock_set_source(fake_clock);
	test_verdicts();
	test_lost();
	test_unread();
	test_rest();
	test_not_started();
	test_complaint();
	test_odd_frames();
	test_long_line();
	test_unfinished_line();
	test_second_result();
	test_bad_result();
	test_silence();
	test_late_look();
	test_silent_limit();
	test_woken();
	test_heartbeat();
	test_noise_is_life();
	test_linger();
	test_end_of_input();
	test_stop();
	test_deaf();
	test_force();
	return tap_done();
}
