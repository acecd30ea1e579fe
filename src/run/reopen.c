/* SPDX-License-Identifier: MIT */
/* A run from its records. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "git/git.h"
#include "git/stale.h"
#include "git/worktree.h"
#include "run/reopen.h"
#include "workflow/load.h"

#define VARS_LIMIT ((size_t)256 * 1024 * 1024)

static char *
kept_path(const struct supervisor *sup, const char *name)
{
	autofree char *dir = layout_run(&sup->layout, sup->parent_name);
	return path_join(dir, name);
}

bool
reopen_keep_workflow(struct supervisor *sup, struct error *err)
{
	const char *text = sup->workflow.text;
	autofree char *path = kept_path(sup, "workflow.yml");
	autofree char *dir = path_parent(path);
	return (path_make_dirs(dir, err) &&
		   file_replace(path, text, strlen(text), err)) ||
	    error_wrap(err, "keeping the workflow");
}

bool
reopen_keep_vars(struct supervisor *sup, struct error *err)
{
	autojson json_t *vars = vars_to_json(sup->vars);
	autofree char *path = kept_path(sup, "variables.json");
	return session_write(path, vars, err) ||
	    error_wrap(err, "keeping the variables");
}

bool
reopen_vars(struct supervisor *sup, bool *kept, struct error *err)
{
	autofree char *path = kept_path(sup, "variables.json");
	*kept = path_exists(path);
	if (!*kept)
		return true;
	autojson json_t *vars = json_load_path(path, VARS_LIMIT, err);
	if (vars == NULL)
		return false;
	vars_free(sup->vars);
	sup->vars = vars_new(NULL);
	return vars_add_json(sup->vars, vars, err);
}

/* --- its records ------------------------------------------------------ */

static bool
load_workflow(struct supervisor *sup, struct error *err)
{
	const json_t *session = sup->recorder.session.document;
	const char *sha256 = json_get_text(session, "workflow_sha256");
	const char *where = json_get_text(session, "workflow_path");
	struct workflow_findings findings = { 0 };
	autostr struct str text = { 0 };
	autostrv struct strv environment = { 0 };
	autofree char *path = kept_path(sup, "workflow.yml");
	/* A run of an older version kept none. */
	const char *from = path_exists(path) || where == NULL ? path : where;
	if (!file_read(from, WORKFLOW_FILE_LIMIT, &text, err))
		return error_wrap(err, "the workflow of %s", sup->parent_name);
	bool loaded = workflow_load_text(where == NULL ? path : where,
	    str_text(&text), text.len, &sup->workflow, &findings);
	if (!loaded)
		error_set(err, ERROR_STATE, "the workflow of %s: %s",
		    sup->parent_name, error_text(&findings.errors.items[0]));
	workflow_findings_release(&findings);
	if (!loaded)
		return false;
	if (sha256 != NULL && strcmp(sup->workflow.sha256, sha256) != 0)
		return error_set(err, ERROR_STATE,
		    "%s is not the workflow that %s ran: merge by hand, "
		    "git merge %s",
		    from, sup->parent_name, sup->parent_branch);
	strv_env_inherit(&environment);
	return workflow_resolve(&sup->workflow, &environment, err);
}

/* "refs/prodigy/RUN/map" has the name of the run. */
static bool
name_things(struct supervisor *sup, struct error *err)
{
	const json_t *session = sup->recorder.session.document;
	const char *branch = json_get_text(session, "branch");
	const char *map = json_get_text(session, "map_ref");
	const char *base = json_get_text(session, "base_commit");
	if (branch == NULL || map == NULL)
		return error_set(err, ERROR_STATE,
		    "%s made no branch: there is nothing to merge",
		    sup->parent_name);
	autofree char *folder = path_parent(map);
	sup->run = mem_text(path_name(folder));
	sup->map_ref = mem_text(map);
	sup->parent_branch = mem_text(branch);
	sup->parent_dir = layout_worktree(&sup->layout, sup->parent_name);
	sup->log_dir = layout_logs(&sup->layout, sup->id);
	sup->repo.branch = mem_text(json_get_text(session, "original_branch"));
	sup->repo.head = mem_text(base == NULL ? "" : base);
	return true;
}

static void
recall_options(const struct supervisor *sup, struct run_options *options,
    struct strv *arguments)
{
	const json_t *session = sup->recorder.session.document;
	const json_t *list = json_get(session, "arguments");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		strv_add(arguments, text == NULL ? "" : text);
	}
	options->arguments = arguments;
	options->permission_mode = json_get_text(session, "permission_mode");
}

bool
reopen_session(struct supervisor *sup, const char *id,
    struct run_options *options, struct strv *arguments, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	autoerror struct error why = { 0 };
	sup->parent_name = mem_text(id);
	if (!supervisor_lock(sup, &why)) {
		if (why.kind == ERROR_STATE)
			return error_set(
			    err, ERROR_STATE, "%s is still running", id);
		error_move(err, &why);
		return false;
	}
	autojson json_t *session = session_load(&sup->layout, id, err);
	if (session == NULL)
		return false;
	const char *job = json_get_text(session, "job_id");
	sup->id = mem_text(job == NULL ? id : job);
	recorder->loop = sup->loop;
	recorder->layout = &sup->layout;
	recorder->session_id = mem_text(id);
	recorder->job_id = mem_text(job);
	if (!recorder_reopen(recorder, err) || !name_things(sup, err))
		return false;
	recall_options(sup, options, arguments);
	return path_make_dirs(sup->log_dir, err) && load_workflow(sup, err);
}

/* --- its branch ------------------------------------------------------- */

static bool
has_ref(const struct supervisor *sup, const char *ref)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "rev-parse", "--verify", "-q", ref, NULL };
	return git_run(sup->repo.root, args, NULL, &ignored);
}

bool
reopen_is_gone(const struct supervisor *sup)
{
	autofree char *branch = mem_format("refs/heads/%s", sup->parent_branch);
	return !has_ref(sup, branch) && !has_ref(sup, sup->map_ref);
}

/* Somebody deleted it; what was merged is in the map ref as well. */
static bool
make_branch(const struct supervisor *sup, const char *branch, struct error *err)
{
	const char *const args[] = { "update-ref", branch, sup->map_ref, "",
		NULL };
	return git_run(sup->repo.root, args, NULL, err);
}

bool
reopen_parent(struct supervisor *sup, struct error *err)
{
	autofree char *branch = mem_format("refs/heads/%s", sup->parent_branch);
	autofree char *refs = path_parent(sup->map_ref);
	autofree char *reason = mem_format("prodigy %s", sup->id);
	if (reopen_is_gone(sup))
		return error_set(err, ERROR_STATE,
		    "%s: its branch %s is gone, so nothing of it is left to "
		    "merge",
		    sup->parent_name, sup->parent_branch);
	stale_clear_tree(sup->parent_dir);
	if (!stale_clear_refs(&sup->repo, refs, err))
		return false;
	if (!has_ref(sup, branch) && !make_branch(sup, branch, err))
		return false;
	/* A registration without its folder is made anew. */
	return path_is_dir(sup->parent_dir) ||
	    (worktree_remove(&sup->repo, sup->parent_dir, err) &&
		worktree_add_branch(&sup->repo, sup->parent_dir,
		    sup->parent_branch, NULL, reason, err));
}
