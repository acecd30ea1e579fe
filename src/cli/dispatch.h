/* SPDX-License-Identifier: MIT */
/* From a command line to the command that it names. */
#ifndef CLI_DISPATCH_H
#define CLI_DISPATCH_H

#include "cli/command.h"

/*
 * Runs what a command line says: finds its command below root, parses the
 * options, prints help, or calls the command. An error is printed on standard
 * error. Returns the exit status.
 */
int dispatch_line(const struct command *root, int argc, char **argv);

/* --- the program ------------------------------------------------------ */

/*
 * Runs the program: the agent process when that is asked for, otherwise the
 * command of the command line. Returns the exit status.
 */
int program_main(int argc, char **argv);

#endif
