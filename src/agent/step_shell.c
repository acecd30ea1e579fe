/* SPDX-License-Identifier: MIT */
/* Shell steps. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/script.h"
#include "agent/step_command.h"
#include "agent/step_log.h"
#include "agent/step_shell.h"
#include "agent/title.h"
#include "base/mem.h"
#include "base/text.h"
#include "plan/cause.h"

#define MESSAGE_LINES 5
#define MESSAGE_BYTES 600

struct shell {
	struct chain *chain;
	const struct step *step;
	struct step_log log;
};

/* Appends the last lines of what was printed to a message. */
static void
add_last_lines(struct str *message, const struct str *text)
{
	size_t end = text->len;
	while (end > 0 && text->data[end - 1] == '\n')
		end--;
	if (end == 0)
		return;
	const size_t least = text_tail(text->data, end, MESSAGE_BYTES);
	size_t start = end;
	unsigned lines = 0;
	while (start > least) {
		if (text->data[start - 1] == '\n' && ++lines == MESSAGE_LINES)
			break;
		start--;
	}
	str_add(message, ": ");
	str_add_n(message, text->data + start, end - start);
}

static void
explain_failure(const struct shell *shell, const struct child_end *end,
    struct outcome *outcome)
{
	autofree char *title = title_of_command(shell->chain, shell->step);
	autostr struct str message = { 0 };
	int code = child_end_code(end);
	str_format(&message, "%s failed with exit code %d", title, code);
	if (end->signalled)
		str_format(&message, " (killed by signal %d)", end->status);
	add_last_lines(
	    &message, outcome->err.len > 0 ? &outcome->err : &outcome->out);
	failure_set(
	    &outcome->failure, CAUSE_COMMAND, code, "%s", str_text(&message));
	outcome->failure.said = cause_find(&outcome->err, &outcome->out);
}

static void
run_script(struct shell *shell, struct script *script, const char *dir,
    struct outcome *outcome)
{
	autoerror struct error err = { 0 };
	struct step_command command = {
		.argv = strv_array(&script->argv),
		.env = strv_array(&script->env),
		.dir = dir,
		.timeout_ms = chain_timeout(shell->chain, shell->step),
		.out_log = &shell->log,
		.err_log = &shell->log,
	};
	if (step_command_run(&command, shell->chain, &err)) {
		step_command_output(&command, outcome);
		if (!step_command_was_stopped(&command, outcome) &&
		    child_end_code(&command.end) != 0)
			explain_failure(shell, &command.end, outcome);
		/* A failure without a word still leaves a log to point at. */
		if (!outcome_is_ok(outcome) && !shell->log.is_written)
			step_log_add(&shell->log, outcome->failure.message,
			    strlen(outcome->failure.message));
	} else {
		outcome_not_started(outcome, &err);
	}
	step_command_release(&command);
}

static bool
prepare(const struct shell *shell, struct script *script, char **dir,
    struct error *err)
{
	const struct chain *chain = shell->chain;
	if (!chain_environment(chain, shell->step, &script->env, err))
		return false;
	*dir = chain_directory(chain, shell->step, err);
	return *dir != NULL &&
	    script_expand(script, chain, shell->step->command, err);
}

static void
run(struct shell *shell, struct script *script, struct outcome *outcome)
{
	struct chain *chain = shell->chain;
	autoerror struct error err = { 0 };
	autofree char *dir = NULL;
	if (!prepare(shell, script, &dir, &err)) {
		autofree char *title =
		    title_of_command(shell->chain, shell->step);
		error_wrap(&err, "%s", title);
		failure_take_error(&outcome->failure, CAUSE_INPUT, &err);
		return;
	}
	if (!script_place(script, chain, &err)) {
		failure_take_error(&outcome->failure, CAUSE_RESOURCE, &err);
		return;
	}
	step_log_begin(&shell->log, chain_file(chain, "shell", "log"));
	run_script(shell, script, dir, outcome);
	outcome->log = chain_end_log(chain, &shell->log);
}

void
step_shell_run(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	struct shell shell = { .chain = chain, .step = step };
	struct script script = { 0 };
	run(&shell, &script, outcome);
	script_release(&script);
}
