/* SPDX-License-Identifier: MIT */
/*
 * The list of commands. A new one is a file cmd_NAME.c that defines
 * cmd_NAME, a line here, its file in local.mk, and its place in the manual.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

/* In the order of --help. */
#define COMMANDS(COMMAND)                                                      \
	COMMAND(cmd_run)                                                       \
	COMMAND(cmd_items)                                                     \
	COMMAND(cmd_validate)                                                  \
	COMMAND(cmd_events)                                                    \
	COMMAND(cmd_dlq)                                                       \
	COMMAND(cmd_sessions)                                                  \
	COMMAND(cmd_checkpoints)                                               \
	COMMAND(cmd_worktree)                                                  \
	COMMAND(cmd_salvage)                                                   \
	COMMAND(cmd_resume)                                                    \
	COMMAND(cmd_resume_job)

#define COMMAND_DECLARATION(identifier) extern const struct command identifier;
COMMANDS(COMMAND_DECLARATION)
#undef COMMAND_DECLARATION

/* "prodigy" itself, above all others. */
extern const struct command commands_root;

#endif
