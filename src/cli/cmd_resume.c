/* SPDX-License-Identifier: MIT */
/* prodigy resume, prodigy resume-job: not built yet, and say so. */
#include "config.h"

#include <string.h>

#include "cli/commands.h"

/* Options are not parsed, so that any of them gets the same answer. */
static bool
run(struct invocation *invocation, int *status, struct error *err)
{
	(void)status;
	for (size_t i = 0; i < invocation->n_args; i++) {
		const char *word = invocation->args[i];
		if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			command_help(invocation->command, invocation->path);
			return true;
		}
	}
	return error_set(err, ERROR_UNSUPPORTED,
	    "%s: resuming is not supported yet; "
	    "what a run has made so far is merged by 'worktree merge'",
	    invocation->path);
}

const struct command cmd_resume = {
	.name = "resume",
	.summary = "Goes on with an interrupted run (not supported yet)",
	.synopsis = "[OPTION...] [ID]",
	.max_args = (size_t)-1,
	.run = run,
	.is_raw = true,
};

const struct command cmd_resume_job = {
	.name = "resume-job",
	.summary = "Goes on with an interrupted job (not supported yet)",
	.synopsis = "[OPTION...] JOB",
	.max_args = (size_t)-1,
	.run = run,
	.is_raw = true,
};
