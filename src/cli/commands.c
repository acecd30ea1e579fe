/* SPDX-License-Identifier: MIT */
/* The tree of commands. */
#include "config.h"

#include "cli/commands.h"

#define COMMAND_ADDRESS(identifier) &identifier,
static const struct command *const commands[] = { COMMANDS(COMMAND_ADDRESS)
	    NULL };

const struct command commands_root = {
	.name = "prodigy",
	.summary = "Runs coding agents over a git repository, many at once, "
		   "and merges what they do",
	.synopsis = "COMMAND [ARGUMENT...]",
	.notes = "See prodigy(1), "
		 "and prodigy-workflow(5) for the files it runs.\n",
	.max_args = (size_t)-1,
	.children = commands,
	.missing = "exec batch progress logs clean init template config "
		   "completions migrate-yaml analytics",
};
