/* SPDX-License-Identifier: MIT */
/* The program: what comes before the commands. */
#ifndef CLI_ENTRY_H
#define CLI_ENTRY_H

/*
 * Runs the program: the agent process when that is asked for, otherwise the
 * command of the command line. Returns the exit status.
 */
int program_main(int argc, char **argv);

#endif
