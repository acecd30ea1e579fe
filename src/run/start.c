/* SPDX-License-Identifier: MIT */
/* Everything between the command line and the first step of a run. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "data/template.h"
#include "run/start.h"
#include "state/ids.h"
#include "workflow/load.h"

static bool
join_findings(const struct workflow_findings *findings, struct error *err)
{
	autostr struct str text = { 0 };
	enum error_kind kind = ERROR_INPUT;
	for (size_t i = 0; i < findings->errors.n; i++) {
		str_format(&text, "%s%s", i > 0 ? "\n" : "",
		    error_text(&findings->errors.items[i]));
		kind = findings->errors.items[i].kind;
	}
	return error_set(err, kind, "%s", str_text(&text));
}

bool
start_load(const struct run_options *options, struct workflow *workflow,
    struct error *err)
{
	struct workflow_findings findings = { 0 };
	autostrv struct strv environment = { 0 };
	bool loaded = workflow_load(options->workflow, workflow, &findings);
	for (size_t i = 0; i < findings.warnings.n; i++)
		log_warn("%s", findings.warnings.items[i]);
	if (!loaded)
		join_findings(&findings, err);
	workflow_findings_release(&findings);
	strv_env_inherit(&environment);
	if (!loaded || !workflow_resolve(workflow, &environment, err))
		return false;
	if (options->has_max_items) {
		workflow->map.has_max_items = true;
		workflow->map.max_items = options->max_items;
	}
	if (options->has_offset)
		workflow->map.offset = options->offset;
	return true;
}

static void
set_arguments(const struct strv *arguments, struct vars *vars, struct strv *env)
{
	const char *outer = getenv("PRODIGY_ARG");
	if (arguments == NULL || arguments->n == 0) {
		if (outer != NULL)
			vars_set_text(vars, "ARG", outer, VARS_AUTHOR);
		return;
	}
	vars_set_text(vars, "ARG", arguments->items[0], VARS_AUTHOR);
	strv_env_set(env, "PRODIGY_ARG", arguments->items[0]);
	for (size_t i = 0; i < arguments->n; i++) {
		autofree char *number = mem_format("%zu", i + 1);
		autofree char *name = mem_format("ARG_%zu", i + 1);
		vars_set_text(vars, number, arguments->items[i], VARS_AUTHOR);
		vars_set_text(vars, name, arguments->items[i], VARS_AUTHOR);
		strv_env_set(env, name, arguments->items[i]);
	}
}

static bool
set_env_entry(
    const char *entry, struct vars *vars, struct strv *env, struct error *err)
{
	autostr struct str value = { 0 };
	autofree char *name = NULL;
	const char *text = strv_env_split(entry, &name);
	if (text == NULL)
		BUG("'%s' is no environment entry", entry);
	if (!template_text(text, vars, &value, NULL, err))
		return error_wrap(err, "env: %s", name);
	vars_set_text(vars, name, str_text(&value), VARS_AUTHOR);
	strv_env_set(env, name, str_text(&value));
	return true;
}

bool
start_vars(const struct run_options *options, const struct workflow *workflow,
    struct vars *vars, struct strv *env, struct error *err)
{
	set_arguments(options->arguments, vars, env);
	for (size_t i = 0; i < workflow->env.n; i++)
		if (!set_env_entry(workflow->env.items[i], vars, env, err))
			return false;
	vars_set_text(vars, "workflow.name", workflow->name, VARS_AUTHOR);
	if (options->yes) {
		strv_env_set(env, "PRODIGY_AUTO_MERGE", "true");
		strv_env_set(env, "PRODIGY_AUTO_CONFIRM", "true");
	}
	return true;
}

/* Words separated by blanks. */
static void
add_words(struct strv *words, const char *text)
{
	autofree char *copy = mem_text(text);
	char *rest = copy;
	for (char *word; (word = strsep(&rest, " \t\n")) != NULL;)
		if (*word != '\0')
			strv_add(words, word);
}

void
start_claude(const struct run_options *options, const struct workflow *workflow,
    struct claude_config *claude)
{
	const char *command = getenv("PRODIGY_CLAUDE_COMMAND");
	const char *arguments = getenv("PRODIGY_CLAUDE_ARGS");
	const char *dialect = getenv("PRODIGY_CLAUDE_DIALECT");
	const char *mode = options->permission_mode;
	if (command != NULL)
		add_words(&claude->command, command);
	if (claude->command.n == 0)
		strv_add(&claude->command, "claude");
	if (arguments != NULL)
		add_words(&claude->arguments, arguments);
	if (mode == NULL)
		mode = workflow->permissions;
	claude->permission_mode =
	    mem_text(mode == NULL ? "bypassPermissions" : mode);
	claude->plain = dialect != NULL && strcmp(dialect, "plain") == 0;
}

static bool
make_ids(struct supervisor *sup, struct error *err)
{
	if (sup->workflow.mapreduce) {
		sup->id = ids_claim_job(&sup->layout, clock_wall(), err);
		if (sup->id == NULL)
			return false;
		sup->parent_name = ids_session_of_job(sup->id);
	} else {
		sup->parent_name = ids_new_session();
		sup->id = mem_text(sup->parent_name);
	}
	sup->parent_dir = layout_worktree(&sup->layout, sup->parent_name);
	sup->parent_branch = mem_format("prodigy-%s", sup->parent_name);
	sup->map_ref = mem_format("refs/prodigy/%s/map", sup->id);
	return true;
}

static bool
take_lock(struct supervisor *sup, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autofree char *path = layout_lock(&sup->layout, sup->parent_name);
	autofree char *folder = path_parent(path);
	autofree char *holder = mem_format("process %ld since %s\n",
	    (long)getpid(), clock_rfc3339(clock_wall(), now));
	if (!path_make_dirs(folder, err))
		return false;
	sup->lock = lock_take(path, holder, err);
	return sup->lock >= 0;
}

static bool
make_log_dir(struct supervisor *sup, struct error *err)
{
	autofree char *dir = layout_logs(&sup->layout, sup->id);
	sup->log_dir = mem_text(dir);
	return path_make_dirs(dir, err);
}

static json_t *
strings(const struct strv *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; texts != NULL && i < texts->n; i++)
		json_array_append_new(list, json_text(texts->items[i]));
	return list;
}

static void
describe_session(struct supervisor *sup)
{
	struct session *session = &sup->recorder.session;
	char host[256] = "";
	autoerror struct error ignored = { 0 };
	autofree char *workflow = path_real(sup->options->workflow, &ignored);
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	session_new(session, &sup->layout, sup->parent_name,
	    sup->workflow.mapreduce ? "MapReduce" : "Workflow");
	session_set_text(session, "worktree_path", sup->parent_dir);
	session_set_text(session, "worktree_name", sup->parent_name);
	session_set_text(session, "branch", sup->parent_branch);
	session_set_text(session, "original_branch", sup->repo.branch);
	session_set_text(session, "base_commit", sup->repo.head);
	session_set_text(session, "workflow_name", sup->workflow.name);
	session_set_text(session, "workflow_path", workflow);
	session_set_text(session, "workflow_sha256", sup->workflow.sha256);
	session_set(session, "arguments", strings(sup->options->arguments));
	session_set(session, "auto_yes", json_boolean(sup->options->yes));
	session_set(session, "pid", json_integer(getpid()));
	session_set_text(session, "host", host);
	session_set_text(
	    session, "job_id", sup->workflow.mapreduce ? sup->id : NULL);
}

static json_t *
make_config(const struct supervisor *sup)
{
	const struct map_block *map = &sup->workflow.map;
	json_t *config = json_object();
	json_set_text(config, "input", map->input);
	json_set_text(config, "json_path", map->json_path);
	json_set_text(config, "filter", map->filter);
	json_object_set_new(config, "sort_by", strings(&map->sort_by));
	json_set_text(config, "distinct", map->distinct);
	json_object_set_new(
	    config, "offset", json_integer((json_int_t)map->offset));
	json_object_set_new(config, "max_items",
	    map->has_max_items ? json_integer((json_int_t)map->max_items)
			       : json_null());
	json_object_set_new(config, "max_parallel",
	    json_integer((json_int_t)(sup->options->max_parallel > 0
		    ? sup->options->max_parallel
		    : map->max_parallel)));
	json_set_text(config, "permission_mode", sup->claude.permission_mode);
	return config;
}

/* What a snapshot needs so that a resume can do without the file. */
static void
describe_job(struct supervisor *sup)
{
	struct recorder *recorder = &sup->recorder;
	const struct workflow *workflow = &sup->workflow;
	json_t *fixed = json_object();
	json_object_set_new(fixed, "config", make_config(sup));
	json_object_set_new(fixed, "agent_template",
	    steps_to_json(&workflow->map.agent_template));
	json_object_set_new(
	    fixed, "setup_commands", steps_to_json(&workflow->setup.steps));
	json_object_set_new(
	    fixed, "reduce_commands", steps_to_json(&workflow->reduce.steps));
	json_object_set_new(
	    fixed, "merge", steps_to_json(&workflow->merge.steps));
	json_set_text(fixed, "workflow_path", workflow->path);
	json_set_text(fixed, "workflow_sha256", workflow->sha256);
	json_set_text(fixed, "parent_worktree", sup->parent_dir);
	json_set_text(fixed, "parent_branch", sup->parent_branch);
	json_set_text(fixed, "original_branch", sup->repo.branch);
	recorder->fixed = fixed;
	recorder->description = json_object();
	json_set_text(recorder->description, "session_id", sup->parent_name);
	json_set_text(recorder->description, "workflow_name", workflow->name);
	json_set_text(recorder->description, "workflow_path", workflow->path);
	json_set_text(recorder->description, "repository", sup->repo.root);
	json_set_text(recorder->description, "status", "Running");
	json_object_set(recorder->description, "started_at",
	    json_mutable(json_get(recorder->session.document, "started_at")));
}

static bool
open_record(struct supervisor *sup, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	recorder->loop = sup->loop;
	recorder->layout = &sup->layout;
	recorder->session_id = mem_text(sup->parent_name);
	describe_session(sup);
	if (!sup->workflow.mapreduce)
		return recorder_open(recorder, err);
	recorder->job_id = mem_text(sup->id);
	describe_job(sup);
	return session_map(&sup->layout, sup->parent_name, sup->id,
		   sup->workflow.name, err) &&
	    recorder_open(recorder, err);
}

bool
start_session(struct supervisor *sup, struct error *err)
{
	return make_ids(sup, err) && take_lock(sup, err) &&
	    make_log_dir(sup, err) && open_record(sup, err);
}
