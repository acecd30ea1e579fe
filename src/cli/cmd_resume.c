/* SPDX-License-Identifier: MIT */
/* prodigy resume, prodigy resume-job: not built yet, and say so. */
#include "config.h"

#include "cli/commands.h"

static bool
run(struct invocation *invocation, int *status, struct error *err)
{
	(void)status;
	return error_set(err, ERROR_UNSUPPORTED,
	    "%s: resuming is not supported yet: the state of the run is kept",
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
