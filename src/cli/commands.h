/* SPDX-License-Identifier: MIT */
/* The top-level commands, each in a file of its own. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command cmd_run;

#endif
