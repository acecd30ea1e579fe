/* SPDX-License-Identifier: MIT */
/*
 * A shell script of the workflow made ready to run: its references filled in
 * (data/template_shell.h), and what the system does not take as an argument or
 * in an environment put into files, of which the script cannot tell.
 *
 *	struct script script = { 0 };
 *	chain_environment(chain, step, &script.env, &err);
 *	script_expand(&script, chain, text, &err) &&
 *	    script_place(&script, chain, &err)
 *	... run script.argv with script.env ...
 *	script_release(&script);
 */
#ifndef AGENT_SCRIPT_H
#define AGENT_SCRIPT_H

#include <stdbool.h>

#include "agent/chain.h"
#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"

struct script {
	struct strv env; /* of the command; the caller fills it in first */
	struct strv values; /* NAME=VALUE: what the references stand for */
	struct str text;
	struct strv argv; /* sh and its arguments, once it is placed */
	char *values_file; /* NULL: all values fit */
	char *text_file; /* NULL: the text is an argument */
};

/* Fills in the references. What is wrong is the text or a value. */
bool script_expand(struct script *script, const struct chain *chain,
    const char *text, struct error *err) MUST_USE;
/*
 * Completes argv and env. A value that is too large for the environment, alone
 * or with the others, is a variable that the shell reads from a file: the
 * script has it as it has the others, and only what it starts has not.
 */
bool script_place(struct script *script, const struct chain *chain,
    struct error *err) MUST_USE;
/* Removes its files as well: after the command has ended. */
void script_release(struct script *script);

#endif
