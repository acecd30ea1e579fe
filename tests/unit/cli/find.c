/* SPDX-License-Identifier: MIT */
/* Where commands look, and which job is meant by what was typed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "cli/find.h"
#include "home.h"
#include "program.h"

#define FIRST "mapreduce-20260101_100000"
#define SECOND "mapreduce-20260101_100000-2"
#define TENTH "mapreduce-20260101_100000-10"
#define LATER "mapreduce-20260203_080000"

static void
make_jobs(void)
{
	static const char *const jobs[] = { SECOND, LATER, FIRST, TENTH };
	for (size_t i = 0; i < COUNT_OF(jobs); i++) {
		autofree char *name = mem_format(
		    "state/state/repo/mapreduce/jobs/%s/metadata.json",
		    jobs[i]);
		home_write(name, "{}\n");
	}
	home_write("state/state/repo/mappings/session-abc.json",
	    "{\"session_id\":\"session-abc\",\"job_id\":\"" FIRST "\"}\n");
}

/* What was typed as argument and as option, and the job that is meant. */
struct request {
	const char *argument;
	const char *option;
	const char *job; /* NULL: an error */
	const char *said; /* in the error */
	const char *name;
};

static const struct request requests[] = {
	{ LATER, NULL, LATER, NULL, "a whole id means that job" },
	{ NULL, LATER, LATER, NULL, "an option means it, too" },
	{ LATER, LATER, LATER, NULL, "naming it twice is no contradiction" },
	{ FIRST, LATER, NULL, "two different jobs: '" FIRST "' and '" LATER,
	    "naming two jobs is refused" },
	{ FIRST, NULL, FIRST, NULL,
	    "an id that others begin with means its own job" },
	{ "mapreduce-202602", NULL, LATER, NULL,
	    "a prefix that one job has means it" },
	{ "mapreduce_20260203-080000", NULL, LATER, NULL,
	    "dash and underscore are alike" },
	{ "mapreduce-2026", NULL, NULL, "'mapreduce-2026' is ambiguous: " LATER,
	    "a prefix that several jobs have is refused with their names" },
	{ "session-" LATER, NULL, LATER, NULL,
	    "the session of a job means the job" },
	{ "session-abc", NULL, FIRST, NULL,
	    "a session leads to its job by the mapping" },
	{ "nonsense", NULL, NULL, "no job 'nonsense' in ",
	    "an unknown id is refused" },
	{ "", NULL, NULL, "an empty id", "an empty id is refused" },
};

static bool
jobs_are_found_by_what_was_typed(const struct find *find,
    const struct invocation *ignored, struct error *unused)
{
	(void)ignored;
	(void)unused;
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		const struct request *r = &requests[i];
		autoerror struct error err = { 0 };
		char *words[] = { NULL, NULL };
		autofree char *argument = mem_text(r->argument);
		struct invocation invocation = { .args = words,
			.n_args = r->argument != NULL,
			.path = (char[]){ "prodigy x" } };
		words[0] = argument;
		autofree char *job =
		    find_job_or_newest(find, &invocation, 0, r->option, &err);
		tap_is_text(job, r->job, "%s", r->name);
		if (r->said != NULL)
			program_has(error_text(&err), r->said,
			    "and the message says why");
		else
			tap_is_text(error_text(&err), "",
			    "and nothing is complained of");
	}
	return true;
}

static bool
no_name_means_the_newest(
    const struct find *find, const struct invocation *none, struct error *err)
{
	char *job = NULL;
	tap_ok(find_job(find, none, 0, NULL, &job, err) && job == NULL,
	    "no name is no job, and no error");
	job = find_job_or_newest(find, none, 0, NULL, err);
	tap_is_text(job, LATER, "or the newest one where one is needed");
	free(job);
	job = find_newest_job(find, err);
	tap_is_text(job, LATER, "the newest job is the last one by its id");
	free(job);
	return true;
}

static bool
an_empty_state_has_no_job(
    const struct find *find, const struct invocation *none, struct error *err)
{
	char *job = find_newest_job(find, err);
	tap_ok(job == NULL && err->kind == ERROR_NONE,
	    "without jobs there is no newest one, and no error");
	job = find_job_or_newest(find, none, 0, NULL, err);
	tap_ok(job == NULL, "a command that needs a job gets none");
	program_has(error_text(err), "no job in ", "and is told so");
	return false;
}

static unsigned calls;

static bool
count_call(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	(void)invocation;
	calls++;
	return find->repo.root != NULL && err->kind == ERROR_NONE;
}

static void
a_repository_is_needed(void)
{
	autoerror struct error err = { 0 };
	autofree char *home = home_path("home");
	autofree char *nowhere = home_path("nowhere");
	autofree char *repo = home_path("repo");
	const struct invocation none = { 0 };
	tap_ok(find_with(&none, repo, count_call, &err) && calls == 1,
	    "a function is called with the repository that was named");
	tap_ok(!find_with(&none, home, count_call, &err) && calls == 1,
	    "it is not called where there is no repository");
	program_has(error_text(&err), home, "and the message names the folder");
	error_release(&err);
	tap_ok(!find_with(&none, nowhere, count_call, &err) && calls == 1,
	    "nor where there is no folder");
	program_has(error_text(&err), "nowhere is not a directory",
	    "and the message says that");
}

int
main(void)
{
	autoerror struct error err = { 0 };
	const struct invocation none = { 0 };
	home_make();
	tap_ok(!find_with(&none, NULL, an_empty_state_has_no_job, &err),
	    "a function that fails is a failure");
	error_release(&err);
	make_jobs();
	tap_ok(find_with(&none, NULL, jobs_are_found_by_what_was_typed, &err) &&
		find_with(&none, NULL, no_name_means_the_newest, &err),
	    "without a path it is called with the repository around: %s",
	    error_text(&err));
	a_repository_is_needed();
	home_done();
	return tap_done();
}
