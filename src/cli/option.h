/* SPDX-License-Identifier: MIT */
/* Parsing of options by the tables of commands, over getopt_long(3). */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "base/defs.h"
#include "base/error.h"
#include "cli/command.h"

/* The options every command takes. */
extern const struct option_spec option_globals[];
extern const size_t option_globals_count;

/*
 * Takes the global options in front of the next command word off argv;
 * (*argv)[0] stays in front of what is left.
 */
bool option_parse_leading(struct global_options *global, int *argc,
    char ***argv, const char *path, struct error *err) MUST_USE;

/* Parses all options of command and the rest as arguments. */
bool option_parse(const struct command *command, struct invocation *invocation,
    int argc, char **argv, struct error *err) MUST_USE;

#endif
