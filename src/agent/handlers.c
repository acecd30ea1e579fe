/* SPDX-License-Identifier: MIT */
/* What on_failure decides, and what it tells to its handler. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/handlers.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define WORKFLOW_ATTEMPTS 3 /* max_attempts where none is written */
#define INLINE_LIMIT 10000 /* bytes of output within a prompt */
#define TAIL_LIMIT 2000 /* bytes of output that stand for a message */

/* --- the rules -------------------------------------------------------- */

static unsigned
max_attempts(const struct on_failure *rule, enum frame_phase phase)
{
	if (rule->max_attempts > 0)
		return rule->max_attempts;
	return phase == PHASE_WORKFLOW ? WORKFLOW_ATTEMPTS : 1;
}

/* All attempts are used up, and the step's command never succeeded. */
static enum handler_action
verdict(const struct on_failure *rule, enum frame_phase phase,
    const struct handler_state *state)
{
	switch (rule->strategy) {
	case HANDLER_CLEANUP:
		return HANDLER_GIVE_UP;
	case HANDLER_FALLBACK:
		if (state->handler_ok)
			return HANDLER_REPLACED;
		break;
	case HANDLER_RECOVERY:
		if (rule->from_commands && state->handler_ok)
			return HANDLER_RECOVERED;
		break;
	case HANDLER_STRATEGIES:
		break;
	}
	/* An agent whose handler fails too has nothing worth merging. */
	if (phase == PHASE_MAP && !state->handler_ok)
		return HANDLER_GIVE_UP;
	if (rule->fail_workflow && !rule->bare)
		return HANDLER_GIVE_UP;
	return HANDLER_TOLERATE;
}

enum handler_action
handler_next(const struct on_failure *rule, enum frame_phase phase,
    const struct handler_state *state)
{
	unsigned max = max_attempts(rule, phase);
	bool is_last = state->executions >= max;
	if (rule->ignore)
		return HANDLER_TOLERATE;
	if (state->handled < state->executions) {
		/* With one attempt the handler runs all the same, once. */
		if (!is_last || max == 1)
			return HANDLER_RUN;
		return verdict(rule, phase, state);
	}
	if (!state->handler_ok && rule->handler_failure_fatal)
		return HANDLER_BROKEN;
	if (!is_last)
		return HANDLER_REPEAT;
	return verdict(rule, phase, state);
}

/* --- what a handler sees ---------------------------------------------- */

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
describe_output(
    const struct chain *chain, const struct outcome *failed, char **path)
{
	autoerror struct error err = { 0 };
	struct str text = { 0 };
	if (failed->out.len + failed->err.len <= INLINE_LIMIT) {
		join_output(failed, "STDOUT:\n", "\n\nSTDERR:\n", &text);
		return str_take(&text);
	}
	join_output(failed, "=== STDOUT ===\n", "\n\n=== STDERR ===\n", &text);
	char *file = chain_write(chain, "failure", "txt", &text, &err);
	str_release(&text);
	if (file == NULL) {
		chain_note(chain, "the handler does not see the output: %s",
		    error_text(&err));
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

void
handler_variables(const struct chain *chain, const struct step *step,
    const struct outcome *failed, unsigned executions, struct vars *vars,
    char **path)
{
	autofree char *label = step_label(step);
	autofree char *output = describe_output(chain, failed, path);
	char stamp[CLOCK_RFC3339_SIZE];
	json_t *text = json_string(output);
	if (step->kind == STEP_CLAUDE)
		vars_set(vars, "claude.output", text, VARS_DATA);
	set_pair(vars, "output", text, VARS_DATA);
	set_pair(vars, "stdout", text_value(&failed->out), VARS_DATA);
	set_pair(vars, "stderr", text_value(&failed->err), VARS_DATA);
	set_pair(vars, "exit_code", json_integer(failed->failure.exit_code),
	    VARS_TRUSTED);
	set_pair(vars, "attempt", json_integer(executions), VARS_TRUSTED);
	vars_set_new(vars, "error.message", error_message(failed), VARS_DATA);
	vars_set_new(vars, "error.exit_code",
	    json_integer(failed->failure.exit_code), VARS_TRUSTED);
	vars_set_text(vars, "error.step", label, VARS_DATA);
	vars_set_text(vars, "error.timestamp",
	    clock_rfc3339(clock_wall(), stamp), VARS_TRUSTED);
}
