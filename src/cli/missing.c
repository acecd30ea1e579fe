/* SPDX-License-Identifier: MIT */
/* Commands that have a name but are not built: they say so and fail. */
#include "config.h"

#include "cli/commands.h"

bool
command_missing(struct invocation *invocation, int *status, struct error *err)
{
	(void)status;
	return error_set(err, ERROR_UNSUPPORTED, "%s is not supported yet",
	    invocation->path);
}

struct resume_values {
	const char *text;
	struct option_number number;
	bool flag;
};

#define AT(member) offsetof(struct resume_values, member)

static const struct option_spec resume_options[] = {
	{ "force", 'f', OPTION_FLAG, AT(flag), NULL, NULL },
	{ "yes", 'y', OPTION_FLAG, AT(flag), NULL, NULL },
	{ "skip-validation", 0, OPTION_FLAG, AT(flag), NULL, NULL },
	{ "dry-run", 0, OPTION_FLAG, AT(flag), NULL, NULL },
	{ "json", 0, OPTION_FLAG, AT(flag), NULL, NULL },
	{ "from-checkpoint", 0, OPTION_TEXT, AT(text), "V", NULL },
	{ "path", 'p', OPTION_TEXT, AT(text), "DIR", NULL },
	{ "max-parallel", 0, OPTION_NUMBER, AT(number), "N", NULL },
	{ "max-additional-retries", 0, OPTION_NUMBER, AT(number), "N", NULL },
	{ "max-retries", 0, OPTION_NUMBER, AT(number), "N", NULL },
};

static bool
run_resume(struct invocation *invocation, int *status, struct error *err)
{
	(void)status;
	return error_set(err, ERROR_UNSUPPORTED,
	    "%s: resuming is not "
	    "supported yet: the state of the run is kept",
	    invocation->path);
}

const struct command cmd_resume = {
	.name = "resume",
	.summary = "Goes on with an interrupted run (not supported yet)",
	.synopsis = "[OPTION...] [ID]",
	.options = resume_options,
	.n_options = COUNT_OF(resume_options),
	.values_size = sizeof(struct resume_values),
	.max_args = 1,
	.run = run_resume,
};

const struct command cmd_resume_job = {
	.name = "resume-job",
	.summary = "Goes on with an interrupted job (not supported yet)",
	.synopsis = "[OPTION...] JOB",
	.options = resume_options,
	.n_options = COUNT_OF(resume_options),
	.values_size = sizeof(struct resume_values),
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};

/* Any option and argument: what they will mean is not decided here. */
#define MISSING(identifier, word)                                              \
	const struct command identifier = {                                    \
		.name = word,                                                  \
		.summary = "Not supported yet",                                \
		.synopsis = "...",                                             \
		.max_args = (size_t)-1,                                        \
		.run = command_missing,                                        \
		.hidden = true,                                                \
		.is_raw = true,                                                \
	}

MISSING(cmd_exec, "exec");
MISSING(cmd_batch, "batch");
MISSING(cmd_progress, "progress");
MISSING(cmd_logs, "logs");
MISSING(cmd_clean, "clean");
MISSING(cmd_init, "init");
MISSING(cmd_template, "template");
MISSING(cmd_config, "config");
MISSING(cmd_completions, "completions");
MISSING(cmd_migrate_yaml, "migrate-yaml");
MISSING(cmd_analytics, "analytics");
