/* SPDX-License-Identifier: MIT */
/* prodigy validate: everything that is wrong with workflow files. */
#include "config.h"

#include <stdio.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "workflow/load.h"

struct validate_values {
	bool strict;
};

static const struct option_spec options[] = {
	{ "strict", 0, OPTION_FLAG, offsetof(struct validate_values, strict),
	    NULL, "warnings count as errors" },
};

static bool
check_file(const char *path, bool strict)
{
	struct workflow workflow = { 0 };
	struct workflow_findings findings = { 0 };
	bool valid = workflow_load(path, &workflow, &findings);
	for (size_t i = 0; i < findings.errors.n; i++)
		log_error("%s", error_text(&findings.errors.items[i]));
	for (size_t i = 0; i < findings.warnings.n; i++)
		log_warn("%s", findings.warnings.items[i]);
	if (strict && findings.warnings.n > 0)
		valid = false;
	output_line("%s: %s", path, valid ? "valid" : "not valid");
	workflow_findings_release(&findings);
	workflow_release(&workflow);
	return valid;
}

static bool
run(struct invocation *invocation, int *status, struct error *err)
{
	const struct validate_values *values = invocation->values;
	(void)err;
	for (size_t i = 0; i < invocation->n_args; i++)
		if (!check_file(invocation->args[i], values->strict))
			*status = 1;
	return true;
}

const struct command cmd_validate = {
	.name = "validate",
	.summary = "Checks workflow files and reports everything it finds",
	.synopsis = "[--strict] WORKFLOW...",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct validate_values),
	.min_args = 1,
	.max_args = (size_t)-1,
	.run = run,
};
