/* SPDX-License-Identifier: MIT */
/* The program: the tree of commands and what comes before them. */
#ifndef CLI_ENTRY_H
#define CLI_ENTRY_H

/* What main() does; returns the exit status. */
int program_main(int argc, char **argv);

#endif
