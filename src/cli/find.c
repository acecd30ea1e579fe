/* SPDX-License-Identifier: MIT */
/* Where commands that look at saved state find it, and the ids they take. */
#include "config.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/find.h"
#include "data/json.h"
#include "git/git.h"
#include "run/parent.h"
#include "run/workspace.h"
#include "state/ids.h"
#include "state/session.h"

bool
find_job(const struct find *find, const struct invocation *invocation,
    size_t position, const char *option, char **job, struct error *err)
{
	const char *argument =
	    invocation->n_args > position ? invocation->args[position] : NULL;
	*job = NULL;
	if (argument != NULL && option != NULL && strcmp(argument, option) != 0)
		return error_set(err, ERROR_USAGE,
		    "%s: two different jobs: '%s' and '%s'", invocation->path,
		    argument, option);
	const char *wanted = argument == NULL ? option : argument;
	if (wanted == NULL)
		return true;
	*job = ids_find_job(&find->layout, wanted, err);
	return *job != NULL;
}

char *
find_newest_job(const struct find *find, struct error *err)
{
	autostrv struct strv jobs = { 0 };
	if (!ids_jobs(&find->layout, &jobs, err) || jobs.n == 0)
		return NULL;
	return mem_text(jobs.items[jobs.n - 1]);
}

char *
find_newest_run(const struct find *find, struct error *err)
{
	autostrv struct strv unread = { 0 };
	autojson json_t *sessions =
	    session_list(&find->layout, false, &unread, err);
	for (size_t i = 0; i < unread.n; i++)
		log_warn("%s", unread.items[i]);
	const json_t *newest = json_array_get(sessions, 0);
	if (sessions == NULL)
		return NULL;
	if (newest == NULL)
		return find_newest_job(find, err);
	const char *job = json_get_text(newest, "job_id");
	return mem_text(job == NULL ? json_get_text(newest, "id") : job);
}

char *
find_job_or_newest(const struct find *find, const struct invocation *invocation,
    size_t position, const char *option, struct error *err)
{
	char *job = NULL;
	if (!find_job(find, invocation, position, option, &job, err))
		return NULL;
	if (job == NULL)
		job = find_newest_job(find, err);
	if (job == NULL && err->kind == ERROR_NONE)
		error_set(
		    err, ERROR_STATE, "no job in %s yet", find->layout.root);
	return job;
}

const char *
find_session_status(const struct find *find, const json_t *session)
{
	const char *status = json_get_text(session, "status");
	if (status == NULL)
		return "";
	bool running = strcmp(status, "Running") == 0 ||
	    strcmp(status, "Initializing") == 0;
	if (running &&
	    !session_is_alive(&find->layout, json_get_text(session, "id")))
		return FIND_INTERRUPTED;
	return status;
}

bool
find_unread(const struct strv *unread, struct error *err)
{
	autostr struct str text = { 0 };
	for (size_t i = 0; i < unread->n; i++)
		str_format(&text, "%s%s", i > 0 ? "\n" : "", unread->items[i]);
	return unread->n == 0 ||
	    error_set(err, ERROR_STATE, "%s", str_text(&text));
}

/* The value of an option, by its name; NULL: the command has none such. */
static const void *
option_value(const struct invocation *invocation, const char *name,
    enum option_kind kind)
{
	const struct command *command = invocation->command;
	for (size_t i = 0; command != NULL && i < command->n_options; i++) {
		const struct option_spec *option = &command->options[i];
		if (option->kind == kind && strcmp(option->name, name) == 0)
			return (const char *)invocation->values +
			    option->offset;
	}
	return NULL;
}

/* The job or session that the invocation names, or NULL. */
static const char *
named(const struct invocation *invocation)
{
	const char *const *job =
	    option_value(invocation, "job-id", OPTION_TEXT);
	if (invocation->n_args > 0)
		return invocation->args[0];
	return job == NULL ? NULL : *job;
}

static bool
is_about_all(const struct invocation *invocation)
{
	const bool *all = option_value(invocation, "all", OPTION_FLAG);
	return all != NULL && *all;
}

/* Outside of a repository: what is named tells which one, or all are meant. */
static bool
look_at_home(
    const struct invocation *invocation, struct find *find, struct error *err)
{
	const char *name = named(invocation);
	if (name == NULL && !is_about_all(invocation)) {
		const char *hint =
		    "--path names another place, "
		    "'prodigy sessions list --all' lists all runs";
		autofree char *why = mem_text(error_text(err));
		enum error_kind kind = err->kind;
		error_release(err);
		return error_set(err, kind, "%s\n%s", why, hint);
	}
	error_release(err);
	return layout_look_home(&find->layout, err) &&
	    (name == NULL || ids_go_to(&find->layout, name, err));
}

/* Goes to the repository of what is named, if that is another one. */
static bool
go_to_named(
    const struct invocation *invocation, struct find *find, struct error *err)
{
	const char *name = named(invocation);
	if (name == NULL)
		return true;
	autofree char *before = mem_text(find->layout.repo);
	if (!ids_go_to(&find->layout, name, err))
		return false;
	if (strcmp(before, find->layout.repo) != 0)
		repo_release(&find->repo);
	return true;
}

/* The repository of a folder that was found by what is in it. */
static void
find_owner(struct find *find)
{
	autoerror struct error ignored = { 0 };
	const char *root = find->layout.root;
	if (find->repo.root != NULL || root == NULL ||
	    !repo_find(root, &find->repo, &ignored))
		return;
	if (strcmp(find->repo.root, root) != 0)
		repo_release(&find->repo);
}

static bool
look_at(const struct invocation *invocation, const char *dir, struct find *find,
    struct error *err)
{
	*find = (struct find){ 0 };
	bool inside = repo_find(dir == NULL ? "." : dir, &find->repo, err);
	if (!inside && (dir != NULL || !look_at_home(invocation, find, err)))
		return false;
	if (inside &&
	    (!layout_look(
		 find->repo.root, find->repo.common_dir, &find->layout, err) ||
		!go_to_named(invocation, find, err)))
		return false;
	find_owner(find);
	if (find->layout.repo == NULL)
		return true;
	workspace_find(&find->layout, &find->folders);
	if (find->repo.root != NULL)
		parent_follow(&find->repo, &find->layout);
	return true;
}

bool
find_repository(const struct find *find, struct error *err)
{
	const char *root = find->layout.root;
	if (find->repo.root != NULL)
		return true;
	return error_set(err, ERROR_STATE,
	    "the repository is not at %s any more: call this within it",
	    root == NULL ? "its place" : root);
}

bool
find_with(const struct invocation *invocation, const char *dir, find_fn *fn,
    struct error *err)
{
	struct find find;
	bool ok =
	    look_at(invocation, dir, &find, err) && fn(&find, invocation, err);
	strv_release(&find.folders);
	layout_release(&find.layout);
	repo_release(&find.repo);
	return ok;
}
