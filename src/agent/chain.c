/* SPDX-License-Identifier: MIT */
/* The surroundings of an agent's steps. */
#include "config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/chain.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "git/git.h"
#include "git/head.h"

#define RESULTS_LIMIT (1024u * 1024 * 1024)

static void
set_text(struct strv *env, const char *name, const char *text)
{
	if (text != NULL && strlen(text) <= CHAIN_ARGUMENT_LIMIT)
		strv_env_set(env, name, text);
}

/*
 * ITEM_ and the name of the member in capitals, with a '_' for each byte
 * that the name of a variable cannot have.
 */
static char *
item_name(const char *member)
{
	char *name = mem_format("ITEM_%s", member);
	for (char *c = name; *c != '\0'; c++)
		*c = isalnum((unsigned char)*c) && (unsigned char)*c < 0x80
		    ? (char)toupper((unsigned char)*c)
		    : '_';
	return name;
}

static void
set_item(struct strv *env, const json_t *item)
{
	autostr struct str whole = { 0 };
	json_compact(item, &whole, false);
	set_text(env, "ITEM_JSON", str_text(&whole));
	if (!json_is_object(item))
		return;
	const char *member;
	json_t *value;
	json_object_foreach(json_mutable(item), member, value) {
		if (json_is_object(value) || json_is_array(value))
			continue;
		autofree char *name = item_name(member);
		autostr struct str text = { 0 };
		json_text_of(value, &text);
		if (strlen(str_text(&text)) == text.len)
			set_text(env, name, str_text(&text));
	}
}

/*
 * What counts of an item's work is made durable by the supervisor, once, when
 * it is recorded; the steps of other phases write what the user has at once.
 */
static enum git_sync
sync_of(enum frame_phase phase)
{
	return phase == PHASE_MAP || phase == PHASE_RESOLVE ? GIT_HARDENED_LATER
							    : GIT_SYNCED;
}

static bool
make_environment(struct chain *chain, struct error *err)
{
	const struct frame_spec *spec = chain->spec;
	struct strv *env = &chain->env;
	struct vars_value item = { 0 };
	strv_env_inherit(env);
	strv_env_set_all(env, &spec->env);
	strv_env_set(env, "PRODIGY_AUTOMATION", "true");
	set_text(env, "PRODIGY_WORKFLOW", spec->workflow);
	set_text(env, "PRODIGY_SESSION_ID", spec->session);
	set_text(env, "PRODIGY_JOB_ID", spec->job);
	set_text(env, "PRODIGY_PHASE", frame_phase_name(spec->phase));
	set_text(env, "PRODIGY_WORKTREE", spec->directory);
	autofree char *token = frame_token(spec);
	set_text(env, "PRODIGY_AGENT", token);
	git_env(env, GIT_FOR_AGENT, sync_of(spec->phase));
	if (spec->phase != PHASE_MAP)
		return true;
	set_text(env, "PRODIGY_ITEM_ID", spec->item);
	if (!vars_find(chain->given, "item", &item, err))
		return false;
	if (item.value != NULL)
		set_item(env, item.value);
	return true;
}

static json_t *
load_results(void *arg, struct error *err)
{
	const struct chain *chain = arg;
	return json_load_path(chain->spec->results_file, RESULTS_LIMIT, err);
}

static bool
make_variables(struct chain *chain, struct error *err)
{
	const struct frame_spec *spec = chain->spec;
	chain->given = vars_new(NULL);
	chain->kept = vars_new(chain->given);
	chain->recent = vars_new(chain->kept);
	chain->scope = chain->recent;
	if (spec->results_file != NULL) {
		vars_set_lazy(chain->given, "map.results", load_results, chain,
		    VARS_DATA);
		vars_set_text(chain->given, "map.results_file",
		    spec->results_file, VARS_DATA);
	}
	return spec->vars == NULL ||
	    vars_add_json(chain->given, spec->vars, err);
}

bool
chain_open(struct chain *chain, struct keeper *keeper,
    const struct frame_spec *spec, struct error *err)
{
	chain->keeper = keeper;
	chain->spec = spec;
	chain->runs = (unsigned)spec->first_step;
	return make_variables(chain, err) && make_environment(chain, err);
}

void
chain_close(struct chain *chain)
{
	vars_free(chain->recent);
	vars_free(chain->kept);
	vars_free(chain->given);
	strv_release(&chain->env);
	strv_release(&chain->logs);
	free(chain->claude_log);
	free(chain->session);
	str_release(&chain->unshown[0]);
	str_release(&chain->unshown[1]);
	*chain = (struct chain){ 0 };
}

void
chain_note(const struct chain *chain, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	autostr struct str frame = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	frame_note_encode(str_text(&text), &frame);
	keeper_send(chain->keeper, &frame);
}

bool
chain_has_room(struct chain *chain)
{
	if (keeper_has_room(chain->keeper))
		return true;
	chain->left_out++;
	return false;
}

static void
send_shown(struct chain *chain, bool is_stderr, const void *bytes, size_t len)
{
	autostr struct str frame = { 0 };
	if (!chain_has_room(chain))
		return;
	frame_out_encode(chain->step, is_stderr, bytes, len, &frame);
	keeper_send(chain->keeper, &frame);
}

/*
 * How much of a text goes into the next frame: whole lines, or a part of a
 * line that is longer than a frame, which ends with a whole character.
 */
static size_t
next_part(const char *text, size_t len)
{
	size_t part = len < FRAME_OUT_LIMIT ? len : FRAME_OUT_LIMIT;
	const char *end = memrchr(text, '\n', part);
	if (end != NULL)
		return (size_t)(end - text) + 1;
	if (len <= FRAME_OUT_LIMIT)
		return 0;
	return text_cut(text, len, part);
}

void
chain_show(struct chain *chain, bool is_stderr, const void *bytes, size_t len)
{
	struct str *text = &chain->unshown[is_stderr];
	size_t sent = 0;
	size_t part;
	if (!chain->spec->send_output || len == 0)
		return;
	str_add_n(text, bytes, len);
	while ((part = next_part(text->data + sent, text->len - sent)) > 0) {
		send_shown(chain, is_stderr, text->data + sent, part);
		sent += part;
	}
	str_drop(text, sent);
}

void
chain_show_rest(struct chain *chain)
{
	for (int i = 0; i < 2; i++) {
		struct str *text = &chain->unshown[i];
		if (text->len > 0)
			send_shown(chain, i == 1, text->data, text->len);
		str_clear(text);
	}
}

bool
chain_text(const struct chain *chain, const char *text, struct str *out,
    struct template_report *report, struct error *err)
{
	size_t before = out->len;
	if (!template_text(text, chain->scope, out, report, err))
		return false;
	if (strlen(str_text(out) + before) != out->len - before)
		return error_set(err, ERROR_INPUT,
		    "a value holds a NUL byte, which cannot be passed on");
	return true;
}

char *
chain_directory(
    const struct chain *chain, const struct step *step, struct error *err)
{
	autostr struct str text = { 0 };
	if (step->working_dir != NULL &&
	    !chain_text(chain, step->working_dir, &text, NULL, err)) {
		error_wrap(err, "working_dir");
		return NULL;
	}
	char *dir = text.len > 0
	    ? path_join(chain->spec->directory, str_text(&text))
	    : mem_text(chain->spec->directory);
	if (!path_is_dir(dir)) {
		error_set(err, ERROR_INPUT, "there is no directory %s", dir);
		free(dir);
		return NULL;
	}
	return dir;
}

bool
chain_environment(const struct chain *chain, const struct step *step,
    struct strv *env, struct error *err)
{
	strv_clear(env);
	strv_copy(env, &chain->env);
	for (size_t i = 0; i < step->env.n; i++) {
		autostr struct str value = { 0 };
		autofree char *name = NULL;
		const char *text = strv_env_split(step->env.items[i], &name);
		if (text == NULL)
			continue;
		if (!chain_text(chain, text, &value, NULL, err))
			return error_wrap(err, "env: %s", name);
		strv_env_set(env, name, str_text(&value));
	}
	if (chain->execution > 0) {
		autofree char *number = mem_format("%u", chain->execution);
		strv_env_set(env, "SHELL_ATTEMPT", number);
		strv_env_set(env, "TEST_ATTEMPT", number);
	}
	return true;
}

int64_t
chain_timeout(const struct chain *chain, const struct step *step)
{
	if (chain->deadline == 0)
		return step->timeout_ms;
	int64_t left = chain->deadline - clock_now();
	if (left < 1)
		left = 1;
	return step->timeout_ms > 0 && step->timeout_ms < left
	    ? step->timeout_ms
	    : left;
}

char *
chain_file(const struct chain *chain, const char *kind, const char *suffix)
{
	return frame_log_path(chain->spec, chain->runs, kind, suffix);
}

char *
chain_write(const struct chain *chain, const char *kind, const char *suffix,
    const struct str *text, struct error *err)
{
	char *path = chain_file(chain, kind, suffix);
	bool ok = file_remove(path, err);
	autofd int fd = ok ? file_open_append(path, err) : -1;
	if (fd != -1 && file_write_all(fd, str_text(text), text->len, err))
		return path;
	free(path);
	return NULL;
}

char *
chain_end_log(const struct chain *chain, struct step_log *log)
{
	if (log->err.kind != ERROR_NONE)
		chain_note(chain, "the log %s is not complete: %s", log->path,
		    error_text(&log->err));
	return step_log_end(log);
}

void
chain_tell_spent(const struct chain *chain, const struct spent *running)
{
	autostr struct str frame = { 0 };
	struct spent spent = chain->spent;
	if (running != NULL)
		spent_add(&spent, running);
	frame_spent_encode(&spent, &frame);
	keeper_send(chain->keeper, &frame);
}

char *
chain_head(const struct chain *chain)
{
	autoerror struct error err = { 0 };
	struct head head = { 0 };
	if (!head_read(chain->spec->directory, &head, &err))
		return NULL;
	char *oid = mem_text(head.oid);
	head_release(&head);
	return oid;
}

bool
chain_is_stopped(const struct chain *chain, struct outcome *outcome)
{
	switch (chain->keeper->stop) {
	case KEEPER_GOES_ON:
		return false;
	case KEEPER_CANCELLED:
		failure_set(&outcome->failure, CAUSE_CANCELLED,
		    OUTCOME_CANCELLED_CODE, "cancelled");
		break;
	case KEEPER_OUT_OF_TIME:
		failure_set(&outcome->failure, CAUSE_TIMEOUT,
		    OUTCOME_TIMEOUT_CODE, "timed out after %g seconds",
		    (double)chain->spec->timeout_ms / 1000);
		break;
	}
	outcome->stopped = true;
	return true;
}
