/* SPDX-License-Identifier: MIT */
/* The program: the tree of commands and what comes before them. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

/* What main() does; returns the exit status. */
int program_main(int argc, char **argv);

#endif
