/* SPDX-License-Identifier: MIT */
/*
 * Runs agent_main() as a process of its own, as the supervisor would: spec on
 * its standard input, frames from its standard output.
 */
#ifndef UNIT_AGENT_HARNESS_H
#define UNIT_AGENT_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "plan/frame.h"

struct harness {
	char *root; /* temporary directory of the test, absolute */
	char *tree; /* git work tree within it */
	char *logs;
	struct frame_spec spec; /* fill in steps, then run */
	pid_t pid;
	int in; /* the lifeline */
	int out;
	struct str frames; /* everything that came */
	struct str output; /* of "out" frames, as text */
	struct str notes;
	struct str events; /* types of events, a newline after each */
	unsigned started; /* steps */
	unsigned asked; /* for trees, all answered */
	bool has_result;
	struct frame_result result;
	int status; /* wait status after harness_run() */
	int64_t ms; /* from start to result */
};

/* A repository with one commit, and a spec of the phase. */
void harness_open(struct harness *harness, enum frame_phase phase);
void harness_close(struct harness *harness);
struct step *harness_shell(struct harness *harness, const char *script);
struct step *harness_claude(struct harness *harness, const char *prompt);
/* Sets a variable of the spec: JSON text. */
void harness_set(struct harness *harness, const char *name, const char *json,
    const char *class);
void harness_start(struct harness *harness);
/* Reads frames until the result, the end, or ms have passed. */
void harness_read(struct harness *harness, int64_t ms);
/* Waits for the end of the process; its wait status. */
int harness_wait(struct harness *harness);
/* start, read, wait. */
void harness_run(struct harness *harness);
/* sh -c in the tree; output appended to out unless NULL; its status. */
int harness_sh(
    const struct harness *harness, const char *script, struct str *out);
/* Processes that carry the token of this harness's agent. */
unsigned harness_survivors(const struct harness *harness);

bool harness_has(const char *text, const char *part); /* text may be NULL */
/* Checks: the attempt succeeded, or failed with this in its message. */
void harness_succeeded(const struct harness *harness, const char *what);
void harness_failed(const struct harness *harness, enum failure_cause cause,
    const char *part, const char *what);

#endif
