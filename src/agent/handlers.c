/* SPDX-License-Identifier: MIT */
/* What happens after a step has failed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/handler_rules.h"
#include "agent/handlers.h"
#include "agent/step_run.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define INLINE_LIMIT 10000 /* bytes of output within a prompt */
#define TAIL_LIMIT 2000 /* bytes of output that stand for a message */

struct recovery {
	struct chain *chain;
	const struct step *step;
	const struct on_failure *rule;
	struct outcome *outcome; /* of the step's command */
	struct outcome handler; /* of the last handler command that ran */
	struct handler_state state;
};

static void
join_output(const struct outcome *failed, const char *before,
    const char *between, struct str *text)
{
	str_add(text, before);
	str_add_str(text, &failed->out);
	str_add(text, between);
	str_add_str(text, &failed->err);
}

/*
 * What the handler sees as the output of the failed step: the text, or the
 * path of a file that holds it when it is too long for a prompt.
 */
static char *
describe_output(const struct recovery *recovery, char **path)
{
	const struct outcome *failed = recovery->outcome;
	autoerror struct error err = { 0 };
	struct str text = { 0 };
	if (failed->out.len + failed->err.len <= INLINE_LIMIT) {
		join_output(failed, "STDOUT:\n", "\n\nSTDERR:\n", &text);
		return str_take(&text);
	}
	char *file = chain_file(recovery->chain, "failure", "txt");
	join_output(failed, "=== STDOUT ===\n", "\n\n=== STDERR ===\n", &text);
	bool ok = file_remove(file, &err);
	autofd int fd = ok ? file_open_append(file, &err) : -1;
	ok = fd != -1 && file_write_all(fd, text.data, text.len, &err);
	str_release(&text);
	if (!ok) {
		chain_note(recovery->chain,
		    "the handler does not see the output: %s",
		    error_text(&err));
		free(file);
		return mem_text("");
	}
	*path = file;
	return mem_text(file);
}

static json_t *
text_value(const struct str *text)
{
	return json_stringn(str_text(text), text->len);
}

static json_t *
error_message(const struct outcome *failed)
{
	const struct str *text =
	    failed->err.len > 0 ? &failed->err : &failed->out;
	if (text->len == 0)
		return json_string(failed->failure.message);
	size_t start = text_tail(text->data, text->len, TAIL_LIMIT);
	return json_stringn(text->data + start, text->len - start);
}

static void
set_pair(
    struct vars *vars, const char *member, json_t *value, enum vars_class class)
{
	autofree char *shell = mem_format("shell.%s", member);
	autofree char *test = mem_format("test.%s", member);
	vars_set(vars, shell, value, class);
	vars_set_new(vars, test, value, class);
}

static void
set_variables(const struct recovery *recovery, struct vars *vars, char **path)
{
	const struct outcome *failed = recovery->outcome;
	autofree char *label = step_label(recovery->step);
	autofree char *output = describe_output(recovery, path);
	char stamp[CLOCK_RFC3339_SIZE];
	json_t *text = json_string(output);
	if (recovery->step->kind == STEP_CLAUDE)
		vars_set(vars, "claude.output", text, VARS_DATA);
	set_pair(vars, "output", text, VARS_DATA);
	set_pair(vars, "stdout", text_value(&failed->out), VARS_DATA);
	set_pair(vars, "stderr", text_value(&failed->err), VARS_DATA);
	set_pair(vars, "exit_code", json_integer(failed->failure.exit_code),
	    VARS_TRUSTED);
	set_pair(vars, "attempt", json_integer(recovery->state.executions),
	    VARS_TRUSTED);
	vars_set_new(vars, "error.message", error_message(failed), VARS_DATA);
	vars_set_new(vars, "error.exit_code",
	    json_integer(failed->failure.exit_code), VARS_TRUSTED);
	vars_set_text(vars, "error.step", label, VARS_DATA);
	vars_set_text(vars, "error.timestamp",
	    clock_rfc3339(clock_wall(), stamp), VARS_TRUSTED);
}

/* The commands in order; the first failure ends them. */
static bool
run_commands(struct recovery *recovery)
{
	const struct steps *commands = &recovery->rule->commands;
	for (size_t i = 0; i < commands->n; i++) {
		outcome_release(&recovery->handler);
		step_run(
		    recovery->chain, &commands->items[i], &recovery->handler);
		if (!outcome_is_ok(&recovery->handler))
			return false;
	}
	return true;
}

static bool
made_commit(const struct recovery *recovery, const char *before)
{
	autofree char *after = chain_head(recovery->chain);
	return after != NULL && (before == NULL || strcmp(before, after) != 0);
}

static bool
run_commands_checked(struct recovery *recovery)
{
	if (!recovery->rule->commit_required)
		return run_commands(recovery);
	autofree char *before = chain_head(recovery->chain);
	if (!run_commands(recovery))
		return false;
	if (made_commit(recovery, before))
		return true;
	failure_set(&recovery->handler.failure, CAUSE_COMMIT_REQUIRED, 1,
	    "the handler has commit_required=true but no commits were created");
	return false;
}

static void
run_handler(struct recovery *recovery)
{
	struct chain *chain = recovery->chain;
	const struct chain saved = *chain;
	struct vars *vars = vars_new(chain->scope);
	char *path = NULL;
	set_variables(recovery, vars, &path);
	chain->scope = vars;
	chain->attempt = recovery->state.executions;
	if (recovery->rule->timeout_ms > 0) {
		int64_t end = clock_now() + recovery->rule->timeout_ms;
		if (chain->deadline == 0 || end < chain->deadline)
			chain->deadline = end;
	}
	recovery->state.handler_ok = run_commands_checked(recovery);
	recovery->state.handled++;
	chain->scope = saved.scope;
	chain->attempt = saved.attempt;
	chain->deadline = saved.deadline;
	vars_free(vars);
	if (path != NULL)
		(void)unlink(path);
	free(path);
}

static void
repeat(struct recovery *recovery)
{
	struct chain *chain = recovery->chain;
	unsigned saved = chain->attempt;
	outcome_release(recovery->outcome);
	chain->attempt = recovery->state.executions + 1;
	step_run_command(chain, recovery->step, recovery->outcome);
	chain->attempt = saved;
	recovery->state.executions++;
}

static void
go_on(struct recovery *recovery, const char *how)
{
	struct outcome *outcome = recovery->outcome;
	autofree char *label = step_label(recovery->step);
	chain_note(recovery->chain, "step '%s' failed, %s: %s", label, how,
	    outcome->failure.message);
	outcome->tolerated = true;
}

/* The handler's failure is told behind the step's own. */
static void
give_up(struct recovery *recovery)
{
	struct outcome *outcome = recovery->outcome;
	if (recovery->state.handler_ok ||
	    recovery->handler.failure.message == NULL)
		return;
	char *both = mem_format("%s; its handler failed too: %s",
	    outcome->failure.message, recovery->handler.failure.message);
	free(outcome->failure.message);
	outcome->failure.message = both;
}

/* Does one action; false when it was the last. */
static bool
perform(struct recovery *recovery, enum handler_action action)
{
	switch (action) {
	case HANDLER_RUN:
		run_handler(recovery);
		return true;
	case HANDLER_REPEAT:
		repeat(recovery);
		return true;
	case HANDLER_RECOVERED:
		go_on(recovery, "its handler recovered it");
		return false;
	case HANDLER_REPLACED:
		outcome_move(recovery->outcome, &recovery->handler);
		return false;
	case HANDLER_TOLERATE:
		go_on(recovery, "going on");
		return false;
	case HANDLER_GIVE_UP:
	case HANDLER_BROKEN:
		give_up(recovery);
		return false;
	case HANDLER_ACTIONS:
		break;
	}
	BUG("handler action %d", (int)action);
}

void
handlers_run(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	struct recovery recovery = {
		.chain = chain,
		.step = step,
		.rule = step->on_failure,
		.outcome = outcome,
		.state = { .executions = 1 },
	};
	bool more = true;
	while (more) {
		if (outcome_is_ok(outcome) || outcome->stopped)
			break;
		if (recovery.handler.stopped) {
			outcome_move(outcome, &recovery.handler);
			break;
		}
		more = perform(&recovery,
		    handler_next(
			recovery.rule, chain->spec->phase, &recovery.state));
	}
	outcome_release(&recovery.handler);
}
