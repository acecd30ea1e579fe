/* SPDX-License-Identifier: MIT */
/* Parsing of options by the tables of commands, over getopt_long(3). */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "base/defs.h"
#include "base/error.h"
#include "cli/command.h"

/*
 * Parses the global options in front of the next word of the command and takes
 * them off *argc and *argv; (*argv)[0] stays in front of what is left. path is
 * the command so far, for messages. ERROR_USAGE when one is wrong.
 */
bool option_parse_leading(struct global_options *global, int *argc,
    char ***argv, const char *path, struct error *err) MUST_USE;

/*
 * Parses the options of command into invocation->values and the global ones;
 * what is no option becomes invocation->args. argv is reordered. ERROR_USAGE
 * when one is wrong, ERROR_UNSUPPORTED for an OPTION_MISSING.
 */
bool option_parse(const struct command *command, struct invocation *invocation,
    int argc, char **argv, struct error *err) MUST_USE;

#endif
