/* SPDX-License-Identifier: MIT */
/*
 * "prodigy agent-run": the process that carries out one spec. See
 * plan/frame.h for what it reads and writes.
 */
#ifndef AGENT_AGENT_MAIN_H
#define AGENT_AGENT_MAIN_H

/*
 * Runs the agent on standard input and output. Gives the exit status of the
 * process, which is 0 whenever a result was sent.
 */
int agent_main(void);

#endif
