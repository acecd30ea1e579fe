/* SPDX-License-Identifier: MIT */
/* The supervisor with a fake executor. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "harness.h"
#include "plan/frame.h"
#include "proc/child.h"
#include "proc/ladder.h"
#include "proc/run.h"
#include "run/claude.h"
#include "run/map.h"
#include "run/parent.h"
#include "run/phases.h"

#define LIFE_SECONDS 120 /* of a fake agent whose test died */

static struct harness *current; /* for hooks without an argument */
static char *self; /* path of this test program */

/* --- the fake agent --------------------------------------------------- */

static int
shell(const char *dir, const char *script, struct str *out)
{
	autoerror struct error err = { 0 };
	autorun struct run_result result = { 0 };
	char sh[] = "sh", errexit[] = "-ec";
	autofree char *text = mem_text(script);
	char *const argv[] = { sh, errexit, text, NULL };
	const struct run_spec spec = { .argv = argv, .dir = dir };
	if (!run_capture(&spec, &result, &err))
		BUG("%s", error_text(&err));
	if (out != NULL)
		str_add_str(out, &result.out);
	if (result.end.status != 0)
		fprintf(stderr, "%s: %s\n", script, str_text(&result.err));
	return child_end_code(&result.end);
}

static void
send(const struct str *frame)
{
	autoerror struct error err = { 0 };
	if (!file_write_all(STDOUT_FILENO, frame->data, frame->len, &err))
		_exit(1);
}

static void
send_result(
    const struct frame_spec *spec, enum failure_cause cause, bool litter)
{
	struct frame_result result = { 0 };
	autostr struct str frame = { 0 };
	autostr struct str tip = { 0 };
	if (cause != CAUSE_NONE)
		failure_set(&result.failure, cause, 1, "the agent says so");
	if (shell(spec->directory, "git rev-parse HEAD", &tip) == 0)
		result.tip = mem_text(text_trim(tip.data));
	result.reusable = cause == CAUSE_NONE;
	result.needs_clean = litter;
	frame_result_encode(&result, &frame);
	send(&frame);
	frame_result_release(&result);
}

/* The note tells the test that a signal is waited for now. */
static void
wait_for_stop(const sigset_t *term)
{
	autostr struct str note = { 0 };
	int signo;
	frame_note_encode("it waits", &note);
	send(&note);
	sigwait(term, &signo);
}

/* An event of claude's, as an agent passes it on. */
static void
send_event(void)
{
	autojson json_t *members = json_pack("{s:s}", "content", "hello");
	autostr struct str frame = { 0 };
	frame_event_encode("claude_message", members, &frame);
	send(&frame);
}

/* Asks which tree HEAD has, and commits what is answered. */
static void
ask(const struct frame_spec *spec)
{
	autostr struct str tip = { 0 };
	autostr struct str frame = { 0 };
	char *line = NULL;
	size_t size = 0;
	shell(spec->directory, "git rev-parse HEAD", &tip);
	frame_ask_encode(text_trim(tip.data), &frame);
	send(&frame);
	ssize_t n = getline(&line, &size, stdin);
	autofree char *tree =
	    n > 0 ? frame_answer_decode(line, (size_t)n) : NULL;
	setenv("TREE", tree == NULL ? "none" : tree, 1);
	shell(spec->directory,
	    "test $TREE = $(git rev-parse HEAD^{tree}); echo $TREE > answer;"
	    "git add answer; git commit -qm answer",
	    NULL);
	free(line);
}

static void
end_as(const struct frame_spec *spec, const char *end, const sigset_t *term)
{
	if (strcmp(end, "deaf") == 0) {
		autostr struct str note = { 0 };
		frame_note_encode("it waits", &note);
		send(&note);
		for (;;)
			pause();
	}
	if (text_starts_with(end, "hang")) {
		wait_for_stop(term);
		if (strcmp(end, "hang") == 0)
			send_result(spec, CAUSE_CANCELLED, false);
		else if (strcmp(end, "hang-ok") == 0)
			send_result(spec, CAUSE_NONE, false);
	} else if (strcmp(end, "fail") == 0) {
		send_result(spec, CAUSE_COMMAND, false);
	} else if (strcmp(end, "litter") == 0) {
		send_result(spec, CAUSE_NONE, true);
	} else if (strcmp(end, "event") == 0) {
		send_event();
		send_result(spec, CAUSE_NONE, false);
	} else if (strcmp(end, "ask") == 0) {
		ask(spec);
		send_result(spec, CAUSE_NONE, false);
	} else if (strcmp(end, "ok") == 0) {
		send_result(spec, CAUSE_NONE, false);
	} else if (strcmp(end, "lost") != 0) {
		BUG("no such end: %s", end);
	}
}

static void
read_spec(struct frame_spec *spec)
{
	autoerror struct error err = { 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t n = getline(&line, &size, stdin);
	if (n <= 0 || !frame_spec_decode(line, (size_t)n, spec, &err))
		BUG("no spec: %s", error_text(&err));
	free(line);
}

static const char *
of_item(const struct frame_spec *spec, const char *name)
{
	const json_t *item =
	    json_array_get(json_object_get(spec->vars, "item"), 1);
	const char *text = json_string_value(json_object_get(item, name));
	return text == NULL ? "" : text;
}

/* What the prompt of the resolver ends with. */
static const char *
branch_in(const char *prompt)
{
	return strrchr(prompt, ' ') + 1;
}

static void
be_agent(const char *resolve, const char *resolve_end)
{
	struct frame_spec spec;
	sigset_t term;
	autostr struct str hello = { 0 };
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	alarm(LIFE_SECONDS);
	read_spec(&spec);
	frame_hello_encode("test", getpid(), &hello);
	send(&hello);
	const char *script = resolve, *end = resolve_end;
	if (spec.phase == PHASE_MAP) {
		setenv("BRANCH", spec.branch, 1);
		setenv("BASE", spec.base, 1);
		setenv("TREE", spec.reused ? "reused" : "new", 1);
		setenv("SWEEP", spec.needs_clean ? "sweep" : "leave", 1);
		if (shell(spec.directory,
			"git checkout -q -f -B \"$BRANCH\" \"$BASE\"",
			NULL) != 0)
			_exit(1);
		script = of_item(&spec, "do");
		end = of_item(&spec, "end");
	} else {
		setenv("BRANCH", branch_in(spec.steps.items[0].command), 1);
	}
	shell(spec.directory, script, NULL);
	end_as(&spec, *end == '\0' ? "ok" : end, &term);
	exit(0);
}

/* --- the fake executor ------------------------------------------------ */

static void
allow_starts(bool allowed)
{
	static struct rlimit usual;
	struct rlimit none;
	if (usual.rlim_max == 0)
		getrlimit(RLIMIT_NOFILE, &usual);
	none = usual;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, allowed ? &usual : &none);
}

static void
fake_argv(const struct executor *executor, const struct frame_spec *spec,
    struct strv *argv)
{
	struct harness *harness = current;
	(void)spec;
	harness->starts++;
	strv_add(
	    argv, harness->no_program ? "/nonexistent" : executor->program);
	strv_add(argv, "fake-agent");
	strv_add(argv, harness->resolve == NULL ? ":" : harness->resolve);
	strv_add(
	    argv, harness->resolve_end == NULL ? "" : harness->resolve_end);
	if (harness->refuse_starts > 0) {
		harness->refuse_starts--;
		allow_starts(false);
	}
}

static void
fake_ask(const struct executor *executor, struct child *child)
{
	(void)executor;
	child_signal(child, SIGTERM);
}

static void
fake_force(const struct executor *executor, struct child *child)
{
	(void)executor;
	child_kill(child);
}

static enum verdict
fake_judge(const struct executor *executor, const struct child_end *end,
    const struct frame_result *result)
{
	(void)executor;
	(void)end;
	if (result == NULL)
		return VERDICT_LOST;
	if (result->failure.cause == CAUSE_NONE)
		return VERDICT_OK;
	return result->failure.cause == CAUSE_CANCELLED ? VERDICT_CANCELLED
							: VERDICT_FAILED;
}

static void
fake_explain(const struct executor *executor, const struct child_end *end,
    struct str *why)
{
	(void)executor;
	str_format(why, "it ended with %d", child_end_code(end));
}

static size_t
fake_sweep(const struct executor *executor, const char *token, int signo)
{
	(void)executor;
	(void)token;
	(void)signo;
	return 0;
}

static const struct executor_ops fake_ops = {
	.name = "fake",
	.argv = fake_argv,
	.ask = fake_ask,
	.force = fake_force,
	.judge = fake_judge,
	.explain = fake_explain,
	.sweep = fake_sweep,
};

/* --- what is seen ----------------------------------------------------- */

static void
deed_is_due(void *arg)
{
	struct harness *harness = arg;
	harness->n_before_deed = harness->transitions.n;
	harness->deed(harness);
}

static void
see_line(struct harness *harness, const char *line)
{
	const char *at = strstr(line, "item_");
	if (at == NULL)
		return;
	if (strstr(at, " -> ") != NULL)
		strv_add(&harness->transitions, at);
	if (harness->when == NULL || harness->deed_done ||
	    strstr(at, harness->when) == NULL)
		return;
	if (harness->when_nth > 1) {
		harness->when_nth--;
		return;
	}
	harness->deed_done = true;
	loop_defer(harness->sup.loop, deed_is_due, harness);
}

static void
line_came(const char *line, size_t len, bool is_detail, void *arg)
{
	struct harness *harness = arg;
	(void)is_detail;
	allow_starts(true);
	str_add_n(&harness->log, line, len);
	autofree char *copy = mem_text_n(line, len);
	char *rest = copy;
	for (char *part; (part = strsep(&rest, "\n")) != NULL;)
		see_line(harness, part);
}

static void
begin_log(struct harness *harness)
{
	log_set_level(LOG_DEBUG);
	log_set_writer(line_came, harness);
}

static void
end_log(void)
{
	log_set_writer(NULL, NULL);
	log_set_level(LOG_NORMAL);
}

bool
harness_saw(const struct harness *harness, const char *part)
{
	return harness_count(harness, part) > 0;
}

size_t
harness_count(const struct harness *harness, const char *part)
{
	size_t n = 0;
	for (size_t i = 0; i < harness->transitions.n; i++)
		if (strstr(harness->transitions.items[i], part) != NULL)
			n++;
	return n;
}

char *
harness_sh(const struct harness *harness, const char *script)
{
	autostr struct str out = { 0 };
	if (shell(harness->repo, script, &out) != 0)
		tap_ok(false, "%s", script);
	return mem_text(out.len == 0 ? "" : text_trim(out.data));
}

enum job_item_status
harness_status(const struct harness *harness, size_t index)
{
	return (enum job_item_status)harness->sup.recorder.job.items[index]
	    .status;
}

/* --- opening and closing ---------------------------------------------- */

void
harness_init(int argc, char **argv)
{
	autoerror struct error err = { 0 };
	if (argc > 3 && strcmp(argv[1], "fake-agent") == 0)
		be_agent(argv[2], argv[3]);
	self = path_real("/proc/self/exe", &err);
	if (self == NULL)
		BUG("%s", error_text(&err));
}

static void
make_repository(struct harness *harness)
{
	autofree char *path = path_join(harness->root, "repo");
	autofree char *home = path_join(harness->root, "prodigy-home");
	setenv("HOME", harness->root, 1);
	setenv("PRODIGY_HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	harness->repo = mem_text(path);
	if (shell(harness->root,
		"git config --global user.name Tester;"
		"git config --global user.email tester@example.org;"
		"git config --global init.defaultBranch main;"
		"git init -q repo; cd repo; seq 20 >file;"
		"git add .; git commit -q -m 'first commit'",
		NULL) != 0)
		BUG("no repository");
}

static void
write_workflow(struct harness *harness, unsigned max_parallel)
{
	autoerror struct error err = { 0 };
	autofree char *path = path_join(harness->root, "workflow.yml");
	autofree char *text = mem_format("name: test\n"
					 "mode: mapreduce\n"
					 "map:\n"
					 "  input: items.json\n"
					 "  max_parallel: %u\n"
					 "  agent_template:\n"
					 "    - shell: \":\"\n",
	    max_parallel);
	if (!file_replace(path, text, strlen(text), &err))
		BUG("%s", error_text(&err));
	harness->workflow = mem_text(path);
	harness->options.workflow = harness->workflow;
	harness->options.directory = harness->repo;
	harness->options.quiet = true;
}

/* As run/phases does it. */
static void
storage_failed(void *arg)
{
	struct harness *harness = arg;
	struct supervisor *sup = &harness->sup;
	if (sup->map == NULL)
		return;
	if (sup->recorder.failure.kind == ERROR_NO_SPACE)
		map_refill_later(sup->map);
	else
		map_stop(sup->map, LADDER_FORCE_MS);
}

static bool
open_run(struct harness *harness, struct error *err)
{
	struct supervisor *sup = &harness->sup;
	supervisor_init(sup, &harness->options);
	sup->processors = 64; /* none of the tests depends on the machine */
	sup->executor.ops = &fake_ops;
	sup->executor.program = mem_text(self);
	sup->recorder.on_failure = storage_failed;
	sup->recorder.failure_arg = harness;
	sup->vars = vars_new(NULL);
	sup->loop = loop_new();
	sup->progress = progress_new(&sup->streams, PROGRESS_NONE, true);
	if (!start_load(&harness->options, &sup->workflow, err) ||
	    !repo_open(harness->repo, &sup->repo, err) ||
	    !child_init(sup->loop, err) ||
	    !start_vars(
		&harness->options, &sup->workflow, sup->vars, &sup->env, err) ||
	    !claude_configure(
		&harness->options, &sup->workflow, &sup->claude, err))
		return false;
	sup->identity = repo_identity(&sup->repo);
	if (!layout_open(
		sup->repo.root, sup->repo.common_dir, &sup->layout, err) ||
	    !start_session(sup, err) || !parent_create(sup, err))
		return false;
	setenv("MAP", sup->map_ref, 1);
	return true;
}

void
harness_open(struct harness *harness, unsigned max_parallel)
{
	autoerror struct error err = { 0 };
	char name[] = "/tmp/prodigy run.XXXXXX";
	*harness = (struct harness){ 0 };
	if (mkdtemp(name) == NULL)
		BUG("no temporary directory");
	harness->root = path_real(name, &err);
	current = harness;
	make_repository(harness);
	write_workflow(harness, max_parallel);
	if (!open_run(harness, &err))
		BUG("%s", error_text(&err));
	begin_log(harness);
}

void
harness_items(struct harness *harness, const char *items)
{
	struct recorder *recorder = &harness->sup.recorder;
	autoerror struct error err = { 0 };
	autostr struct str lines = { 0 };
	autofree char *path = path_join(recorder->job_dir, SPOOL_NAME);
	autojson json_t *list = json_loads(items, 0, NULL);
	if (!json_is_array(list))
		BUG("not a list of items: %s", items);
	for (size_t i = 0; i < json_array_size(list); i++) {
		autojson json_t *line =
		    json_pack("{s:o, s:O}", "id", json_sprintf("item_%zu", i),
			"data", json_array_get(list, i));
		json_compact(line, &lines, false);
		str_add_char(&lines, '\n');
	}
	if (!file_replace(path, str_text(&lines), lines.len, &err) ||
	    !spool_open(&recorder->spool, path, NULL, &err) ||
	    !parent_start_map(&harness->sup, &err))
		BUG("%s", error_text(&err));
	recorder_add(recorder,
	    json_pack("{s:s, s:I, s:s}", "op", "items", "count",
		(json_int_t)recorder->spool.n, "items_sha256",
		recorder->spool.sha256));
	recorder_phase(recorder, JOB_MAP);
}

bool
harness_map(struct harness *harness, struct error *err)
{
	/* A map that waits for ever ends the test, which has failed then. */
	alarm(LIFE_SECONDS);
	bool ok = map_run(&harness->sup, err);
	alarm(0);
	return ok;
}

void
harness_interrupt(struct harness *harness)
{
	struct supervisor *sup = &harness->sup;
	sup->stop_signal = SIGINT;
	sup->stop_count = 1;
	map_stop(sup->map, LADDER_FORCE_MS);
}

void
harness_close(struct harness *harness)
{
	autoerror struct error err = { 0 };
	end_log();
	supervisor_release(&harness->sup);
	if (!file_remove_tree(harness->root, &err))
		tap_note("%s", error_text(&err));
	strv_release(&harness->transitions);
	str_release(&harness->log);
	free(harness->workflow);
	free(harness->repo);
	free(harness->root);
}
