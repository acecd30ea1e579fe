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

static bool
look_at(const char *dir, struct find *find, struct error *err)
{
	*find = (struct find){ 0 };
	if (!repo_find(dir == NULL ? "." : dir, &find->repo, err))
		return false;
	if (!layout_look(find->repo.root, &find->layout, err)) {
		repo_release(&find->repo);
		return false;
	}
	autofree char *trees = layout_worktrees(&find->layout);
	git_confine(trees);
	return true;
}

bool
find_with(const struct invocation *invocation, const char *dir, find_fn *fn,
    struct error *err)
{
	struct find find;
	if (!look_at(dir, &find, err))
		return false;
	bool ok = fn(&find, invocation, err);
	layout_release(&find.layout);
	repo_release(&find.repo);
	return ok;
}
