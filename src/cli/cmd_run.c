/* SPDX-License-Identifier: MIT */
/* prodigy run: runs a workflow. */
#include "config.h"

#include <string.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "run/dry.h"
#include "run/phases.h"

struct run_values {
	bool yes;
	bool dry_run;
	bool no_merge;
	bool fail_on_dlq;
	bool fail_on_empty;
	bool json;
	bool ignored; /* --worktree, --metrics: kept for old scripts */
	const char *path;
	const char *output;
	const char *permission_mode;
	struct option_number max_parallel;
	struct option_number max_items;
	struct option_number offset;
	struct strv arguments;
};

#define AT(member) offsetof(struct run_values, member)

static const struct option_spec options[] = {
	{ "yes", 'y', OPTION_FLAG, AT(yes), NULL,
	    "merge the result without asking" },
	{ "auto-merge", 0, OPTION_FLAG, AT(yes), NULL, NULL },
	{ "no-merge", 0, OPTION_FLAG, AT(no_merge), NULL,
	    "leave the result on its branch" },
	{ "dry-run", 0, OPTION_FLAG, AT(dry_run), NULL,
	    "print what would be run, touch nothing" },
	{ "max-parallel", 0, OPTION_NUMBER, AT(max_parallel), "N",
	    "agents at once, instead of the file's max_parallel" },
	{ "max-items", 0, OPTION_NUMBER, AT(max_items), "N",
	    "work on the first N items only" },
	{ "offset", 0, OPTION_NUMBER, AT(offset), "N",
	    "leave out the first N items" },
	{ "args", 0, OPTION_LIST, AT(arguments), "VALUE",
	    "argument $1, $2, ... of the workflow; may be repeated" },
	{ "permission-mode", 0, OPTION_TEXT, AT(permission_mode), "MODE",
	    "permission mode of claude (default bypassPermissions)" },
	{ "output", 0, OPTION_TEXT, AT(output), "FORMAT",
	    "jsonl: print events on standard output as they happen" },
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "as --output jsonl; with --dry-run one document" },
	{ "fail-on-dlq", 0, OPTION_FLAG, AT(fail_on_dlq), NULL,
	    "exit with 1 when items failed" },
	{ "fail-on-empty", 0, OPTION_FLAG, AT(fail_on_empty), NULL,
	    "exit with 1 when there are no items" },
	{ "path", 'p', OPTION_TEXT, AT(path), "DIR",
	    "run in the repository at DIR" },
	{ "worktree", 'w', OPTION_FLAG, AT(ignored), NULL, NULL },
	{ "metrics", 0, OPTION_FLAG, AT(ignored), NULL, NULL },
	{ "max-iterations", 'n', OPTION_MISSING, 0, "N", NULL },
	{ "map", 0, OPTION_MISSING, 0, "GLOB", NULL },
	{ "fail-fast", 0, OPTION_MISSING, 0, NULL, NULL },
	{ "resume", 0, OPTION_MISSING, 0, "ID", NULL },
	{ "param", 0, OPTION_MISSING, 0, "KEY=VALUE", NULL },
	{ "param-file", 0, OPTION_MISSING, 0, "FILE", NULL },
	{ "profile", 0, OPTION_MISSING, 0, "NAME", NULL },
};

static void
release(void *values)
{
	struct run_values *run = values;
	strv_release(&run->arguments);
}

static bool
check_values(const struct run_values *values, struct error *err)
{
	if (values->output != NULL && strcmp(values->output, "jsonl") != 0 &&
	    strcmp(values->output, "human") != 0)
		return error_set(err, ERROR_USAGE,
		    "--output: '%s' is not jsonl or human", values->output);
	if (values->max_parallel.given && values->max_parallel.value == 0)
		return error_set(
		    err, ERROR_USAGE, "--max-parallel: must be at least 1");
	return true;
}

static bool
run(struct invocation *invocation, int *status, struct error *err)
{
	const struct run_values *values = invocation->values;
	if (!check_values(values, err))
		return false;
	struct run_options run_options = {
		.workflow = invocation->args[0],
		.directory = values->path,
		.yes = values->yes,
		.no_merge = values->no_merge,
		.fail_on_dlq = values->fail_on_dlq,
		.fail_on_empty = values->fail_on_empty,
		.quiet = invocation->global.quiet,
		.ascii = output_ascii(),
		.verbose = invocation->global.verbose,
		.events_on_stdout = values->json ||
		    (values->output != NULL &&
			strcmp(values->output, "jsonl") == 0),
		.max_parallel = (unsigned)values->max_parallel.value,
		.has_max_items = values->max_items.given,
		.max_items = values->max_items.value,
		.has_offset = values->offset.given,
		.offset = values->offset.value,
		.permission_mode = values->permission_mode,
		.arguments = &values->arguments,
		.can_ask = output_can_ask(),
	};
	if (values->dry_run)
		return run_dry(&run_options, values->json, err);
	return run_workflow(&run_options, status, err);
}

const struct command cmd_run = {
	.name = "run",
	.aliases = "cook",
	.summary = "Runs a workflow in a tree of its own; offers the merge",
	.synopsis = "[OPTION...] WORKFLOW",
	.notes = "Exit status: 0 done (some items may have failed), 1 failed, "
		 "2 wrong usage,\n"
		 "130 or 143 ended by a signal after a checkpoint.\n",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct run_values),
	.release = release,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
