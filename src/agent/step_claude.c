/* SPDX-License-Identifier: MIT */
/* Claude steps. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/claude_stream.h"
#include "agent/claude_verdict.h"
#include "agent/step_claude.h"
#include "agent/step_command.h"
#include "agent/step_log.h"
#include "agent/title.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "proc/ladder.h"
#include "proc/lines.h"

#define BYPASS "bypassPermissions"
#define TIMEOUT_VARIABLE "PRODIGY_COMMAND_TIMEOUT"
#define TIMEOUT_MAX_SECONDS (30 * 24 * 3600)

/* In which form a program is started, and answers. */
enum claude_mode {
	CLAUDE_STREAM, /* stream-json */
	CLAUDE_PRINT, /* claude without a stream: text and exit status */
	CLAUDE_PLAIN, /* another program: text and exit status */
};

struct claude {
	struct chain *chain;
	const struct step *step;
	enum claude_mode mode;
	struct claude_stream stream;
	struct lines lines;
	struct step_log log;
	struct step_log err_log;
	struct step_command command;
	struct timer *linger; /* runs while a silence after a result lasts */
	bool lingered; /* the silence was too long, and claude was stopped */
	bool printed;
	char session[ID_UUID_SIZE]; /* the id it gets, or "" */
};

/* Whether words of the user say which session of claude it is. */
static bool
name_session(const struct strv *words)
{
	static const char *const names[] = { "--session-id", "--resume", "-r",
		"--continue", "-c", "--from-pr" };
	for (size_t i = 0; i < words->n; i++)
		for (size_t j = 0; j < COUNT_OF(names); j++) {
			const char *word = words->items[i];
			size_t len = strlen(names[j]);
			if (strncmp(word, names[j], len) == 0 &&
			    (word[len] == '\0' || word[len] == '='))
				return true;
		}
	return false;
}

/*
 * The session gets its id from us, and that is recorded before there is one: so
 * it can be found and gone on with, whatever becomes of claude and its agent. A
 * supervisor that does not answer in time keeps nobody from working.
 */
static void
begin_session(struct claude *claude)
{
	struct chain *chain = claude->chain;
	const struct frame_spec *spec = chain->spec;
	autostr struct str frame = { 0 };
	if (claude->mode == CLAUDE_PLAIN ||
	    name_session(&spec->claude.command) ||
	    name_session(&spec->claude.arguments))
		return;
	id_uuid(claude->session);
	free(chain->session);
	chain->session = mem_text(claude->session);
	frame_claude_encode(
	    claude->session, claude->log.path, spec->attempt, &frame);
	if (!keeper_ask(chain->keeper, &frame) &&
	    chain->keeper->stop == KEEPER_GOES_ON)
		chain_note(chain,
		    "the session %s of claude was not recorded in time",
		    claude->session);
}

/* The command line. When prompt is NULL it comes on standard input. */
static void
add_arguments(
    const struct claude *claude, const char *prompt, struct strv *argv)
{
	const struct claude_config *config = &claude->chain->spec->claude;
	const enum claude_mode mode = claude->mode;
	const char *permissions = config->permission_mode;
	if (config->command.n == 0)
		strv_add(argv, "claude");
	strv_copy(argv, &config->command);
	if (mode == CLAUDE_PLAIN) {
		strv_copy(argv, &config->arguments);
		if (prompt != NULL)
			strv_add(argv, prompt);
		return;
	}
	strv_add(argv, "-p");
	if (mode == CLAUDE_STREAM) {
		strv_add(argv, "--output-format");
		strv_add(argv, "stream-json");
		strv_add(argv, "--verbose");
	}
	if (permissions == NULL || strcmp(permissions, BYPASS) == 0) {
		strv_add(argv, "--dangerously-skip-permissions");
	} else {
		strv_add(argv, "--permission-mode");
		strv_add(argv, permissions);
	}
	if (claude->session[0] != '\0') {
		strv_add(argv, "--session-id");
		strv_add(argv, claude->session);
	}
	strv_copy(argv, &config->arguments);
	if (prompt != NULL) {
		/* Options with several values would swallow the prompt. */
		strv_add(argv, "--");
		strv_add(argv, prompt);
	}
}

static void
event_came(const char *type, json_t *members, void *arg)
{
	const struct claude *claude = arg;
	const struct frame_spec *spec = claude->chain->spec;
	autostr struct str frame = { 0 };
	char stamp[CLOCK_RFC3339_SIZE];
	if (!chain_has_room(claude->chain))
		return;
	json_object_set_new(members, "agent_id", json_string(spec->agent));
	json_object_set_new(members, "timestamp",
	    json_string(clock_rfc3339(clock_wall(), stamp)));
	if (strcmp(type, "claude_message") == 0)
		json_object_set_new(members, "json_log_location",
		    json_string(claude->log.path));
	frame_event_encode(type, members, &frame);
	keeper_send(claude->chain->keeper, &frame);
}

static void
text_came(const char *text, size_t len, void *arg)
{
	const struct claude *claude = arg;
	chain_show(claude->chain, false, text, len);
	chain_show(claude->chain, false, "\n", 1);
}

static void
line_came(const char *line, size_t len, void *arg)
{
	struct claude *claude = arg;
	unsigned before = claude->stream.news;
	claude_stream_line(&claude->stream, line, len);
	if (claude->stream.news == before)
		return;
	const struct spent spent = claude_stream_spent(&claude->stream);
	chain_tell_spent(claude->chain, &spent);
}

static void
lost_patience(void *arg)
{
	struct claude *claude = arg;
	claude->linger = NULL;
	claude->lingered = true;
	step_command_end(&claude->command);
}

/*
 * The end of claude is its exit, not its result: a background command keeps it
 * waiting for minutes, and may bring another result. So after a result only
 * silence counts.
 */
static void
watch_patience(struct claude *claude)
{
	if (claude->stream.results == 0 || claude->lingered)
		return;
	timer_remove(claude->linger);
	claude->linger = loop_after(claude->chain->keeper->loop,
	    LADDER_CLAUDE_LINGER_MS, lost_patience, claude);
}

static void
stream_came(const void *bytes, size_t len, void *arg)
{
	struct claude *claude = arg;
	claude->printed = true;
	lines_add(&claude->lines, bytes, len);
	if (claude->stream.denied && claude->stream.results == 0)
		step_command_end(&claude->command);
	watch_patience(claude);
}

/* Each step is a session of its own, so costs add up. */
static void
count(const struct claude *claude)
{
	struct chain *chain = claude->chain;
	const struct claude_stream *stream = &claude->stream;
	struct spent spent = { .at_least = true };
	if (claude->mode == CLAUDE_STREAM)
		spent = claude_stream_spent(stream);
	if (stream->session != NULL) {
		free(chain->session);
		chain->session = mem_text(stream->session);
	}
	spent_add(&chain->spent, &spent);
	spent_add(&chain->step_spent, &spent);
}

static void
judge_plain(const struct claude *claude, int code, struct outcome *outcome)
{
	autofree char *title = title_of_command(claude->chain, claude->step);
	if (code != 0)
		failure_set(&outcome->failure, CAUSE_CLAUDE, code,
		    "%s failed with exit code %d%s%s", title, code,
		    outcome->err.len > 0 ? ": " : "", str_text(&outcome->err));
}

static void
judge_stream(const struct claude *claude, int code, struct outcome *outcome)
{
	autostr struct str why = { 0 };
	struct claude_end end = {
		.exit_code = code,
		.complaints = str_text(&outcome->err),
		.printed = claude->printed,
		.ended_by_us = claude->lingered,
	};
	if (claude_judge(&claude->stream, &end, &why) != CLAUDE_OK)
		failure_set(&outcome->failure, CAUSE_CLAUDE,
		    code == 0 ? 1 : code, "%s", str_text(&why));
}

/* When we stopped it ourselves, what claude says of its end is not asked. */
static void
judge(const struct claude *claude, struct outcome *outcome)
{
	int code = child_end_code(&claude->command.end);
	if (step_command_was_stopped(&claude->command, outcome))
		return;
	if (claude->mode == CLAUDE_STREAM)
		judge_stream(claude, code, outcome);
	else
		judge_plain(claude, code, outcome);
}

static int64_t
time_limit(const struct claude *claude)
{
	int64_t limit = chain_timeout(claude->chain, claude->step);
	const char *text = strv_env_get(&claude->chain->env, TIMEOUT_VARIABLE);
	const char *problem = NULL;
	if (limit > 0 || text == NULL)
		return limit;
	long long seconds = strtonum(text, 1, TIMEOUT_MAX_SECONDS, &problem);
	return problem == NULL ? (int64_t)seconds * 1000 : 0;
}

static void
not_started(const struct strv *argv, struct error *err, struct outcome *outcome)
{
	bool is_missing = err->code == ENOENT;
	outcome_not_started(outcome, err);
	if (is_missing)
		failure_set(&outcome->failure, CAUSE_CLAUDE,
		    OUTCOME_NO_PROGRAM_CODE, "%s not found in PATH",
		    argv->items[0]);
}

static void
run_program(struct claude *claude, struct strv *argv, struct strv *env,
    const char *dir, const struct str *input, struct outcome *outcome)
{
	autoerror struct error err = { 0 };
	claude->command = (struct step_command){
		.argv = strv_array(argv),
		.env = strv_array(env),
		.dir = dir,
		.input = input,
		.timeout_ms = time_limit(claude),
		.out_log = &claude->log,
		.err_log = &claude->err_log,
		.on_out = claude->mode == CLAUDE_STREAM ? stream_came : NULL,
		.arg = claude,
	};
	if (!step_command_run(&claude->command, claude->chain, &err)) {
		not_started(argv, &err, outcome);
		return;
	}
	timer_remove(claude->linger);
	claude->linger = NULL;
	step_command_output(&claude->command, outcome);
	if (claude->mode == CLAUDE_STREAM) {
		lines_end(&claude->lines);
		if (claude->lines.dropped > 0)
			chain_note(claude->chain,
			    "%ju lines of claude's stream had more than %u "
			    "bytes and are not looked at; its log has them",
			    (uintmax_t)claude->lines.dropped,
			    CLAUDE_LINE_LIMIT);
		str_add_str(&outcome->out, &claude->stream.text);
	}
	judge(claude, outcome);
	count(claude);
}

static bool
prepare(const struct claude *claude, struct str *prompt, struct strv *env,
    char **dir, struct error *err)
{
	struct chain *chain = claude->chain;
	struct template_report report = { 0 };
	bool ok =
	    chain_text(chain, claude->step->command, prompt, &report, err);
	for (size_t i = 0; ok && i < report.unresolved.n; i++)
		chain_note(chain, "prompt contains unresolved ${%s}",
		    report.unresolved.items[i]);
	template_report_release(&report);
	if (!ok || !chain_environment(chain, claude->step, env, err))
		return false;
	*dir = chain_directory(chain, claude->step, err);
	return *dir != NULL;
}

static void
run_prompt(struct claude *claude, const struct str *prompt, struct strv *env,
    const char *dir, struct outcome *outcome)
{
	autostrv struct strv argv = { 0 };
	bool fits = prompt->len <= CHAIN_ARGUMENT_LIMIT;
	begin_session(claude);
	add_arguments(claude, fits ? str_text(prompt) : NULL, &argv);
	/* Nobody knows what a claude costs that is at work. */
	const struct spent begun = { .at_least = true };
	chain_tell_spent(claude->chain, &begun);
	run_program(claude, &argv, env, dir, fits ? NULL : prompt, outcome);
	chain_tell_spent(claude->chain, NULL);
}

static void
open_logs(struct claude *claude)
{
	const char *suffix = claude->mode == CLAUDE_STREAM ? "jsonl" : "log";
	step_log_begin(
	    &claude->log, chain_file(claude->chain, "claude", suffix));
	step_log_begin(
	    &claude->err_log, chain_file(claude->chain, "claude", "err"));
}

static enum claude_mode
mode_of(const struct chain *chain)
{
	const char *streaming =
	    strv_env_get(&chain->env, "PRODIGY_CLAUDE_STREAMING");
	if (chain->spec->claude.plain)
		return CLAUDE_PLAIN;
	if (streaming != NULL && strcmp(streaming, "false") == 0)
		return CLAUDE_PRINT;
	return CLAUDE_STREAM;
}

static void
close_run(struct claude *claude, struct outcome *outcome)
{
	outcome->log = chain_end_log(claude->chain, &claude->log);
	char *err_log = chain_end_log(claude->chain, &claude->err_log);
	if (outcome->log == NULL)
		outcome->log = err_log;
	else
		free(err_log);
	lines_release(&claude->lines);
	step_command_release(&claude->command);
	claude_stream_release(&claude->stream);
}

void
step_claude_run(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	struct claude claude = { .chain = chain, .step = step };
	autoerror struct error err = { 0 };
	autostr struct str prompt = { 0 };
	autostrv struct strv env = { 0 };
	autofree char *dir = NULL;
	if (!prepare(&claude, &prompt, &env, &dir, &err)) {
		autofree char *title = title_of_command(chain, step);
		error_wrap(&err, "%s", title);
		failure_take_error(&outcome->failure, CAUSE_INPUT, &err);
		return;
	}
	claude.mode = mode_of(chain);
	claude.stream.on_event = event_came;
	claude.stream.on_text = text_came;
	claude.stream.arg = &claude;
	claude.lines.fn = line_came;
	claude.lines.arg = &claude;
	claude.lines.limit = CLAUDE_LINE_LIMIT;
	open_logs(&claude);
	run_prompt(&claude, &prompt, &env, dir, outcome);
	close_run(&claude, outcome);
}
