/* SPDX-License-Identifier: MIT */
/* The help text of a command, made from its table. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/*
 * Prints the help of a command on standard output. path is how the user calls
 * it, as in "prodigy dlq show".
 */
void help_print(const struct command *command, const char *path);

#endif
