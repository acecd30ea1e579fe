/* SPDX-License-Identifier: MIT */
/* How a run starts claude, out of all that has a say in it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/claude.h"

#define ARGUMENTS "PRODIGY_CLAUDE_ARGS"
#define COMMAND "PRODIGY_CLAUDE_COMMAND"
#define DIALECT "PRODIGY_CLAUDE_DIALECT"

/* Command and arguments in <>, or the error. */
static char *
configure(const struct workflow *workflow, const char *mode, struct error *err)
{
	const struct run_options options = { .permission_mode = mode };
	autostr struct str text = { 0 };
	struct claude_config config = { 0 };
	if (!claude_configure(&options, workflow, &config, err))
		str_add(&text, error_text(err));
	for (size_t i = 0; i < config.command.n && err->kind == ERROR_NONE; i++)
		str_format(&text, "<%s>", config.command.items[i]);
	for (size_t i = 0; i < config.arguments.n && err->kind == ERROR_NONE;
	     i++)
		str_format(&text, "<%s>", config.arguments.items[i]);
	if (mode != NULL)
		str_format(&text, " %s", config.permission_mode);
	record_release(&claude_config_table, &config);
	return str_take(&text);
}

static void
expect(const struct workflow *workflow, const char *want, const char *what)
{
	autoerror struct error err = { 0 };
	autofree char *got = configure(workflow, NULL, &err);
	tap_is_text(got, want, "%s", what);
}

static void
test_sources(void)
{
	autoerror struct error err = { 0 };
	struct workflow workflow = { .mapreduce = true };
	expect(&workflow, "<claude>", "without a setting it is claude");
	setenv(COMMAND, "", 1);
	expect(&workflow, "<claude>", "an empty command is none");
	strv_add(&workflow.claude_command, "mine");
	strv_add(&workflow.claude_command, "in two words");
	strv_add(&workflow.claude_arguments, "--model");
	strv_add(&workflow.claude_arguments, "x");
	expect(&workflow, "<mine><in two words><--model><x>",
	    "the workflow's command and arguments count");
	setenv(COMMAND, "'the program' -q", 1);
	setenv(ARGUMENTS, "--append-system-prompt \"be brief\"", 1);
	expect(&workflow,
	    "<the program><-q><--model><x><--append-system-prompt><be brief>",
	    "the environment's command is taken, its arguments are added");
	setenv(COMMAND, "'the program", 1);
	expect(&workflow, COMMAND ": a ' is not closed",
	    "a command that is not quoted well is named");
	unsetenv(COMMAND);
	unsetenv(ARGUMENTS);
	workflow.permissions = mem_text("plan");
	autofree char *got = configure(&workflow, "acceptEdits", &err);
	tap_is_text(got, "<mine><in two words><--model><x> acceptEdits",
	    "the permissions of the options come first");
	workflow_release(&workflow);
}

/* Arguments, and the word that claude would take for the prompt. */
static const struct {
	const char *arguments;
	const char *stray;
} strays[] = {
	{ "", NULL },
	{ "--verbose", NULL },
	{ "--model x --verbose", NULL },
	{ "--model=x --verbose", NULL },
	{ "--of-tomorrow x -y z", NULL },
	{ "--allowedTools A B 'C(d e)' --model x", NULL },
	{ "--append-system-prompt '- be brief'", NULL },
	{ "be brief", "be" },
	{ "--append-system-prompt be brief", "brief" },
	{ "--of-tomorrow x y", "y" },
	{ "--model=x y", "y" },
	{ "--verbose x", "x" },
	{ "--allowedTools A B -p x", "x" },
	{ "--model x -- y", "--" },
};

static void
test_strays(void)
{
	struct workflow workflow = { .mapreduce = true };
	for (size_t i = 0; i < COUNT_OF(strays); i++) {
		autoerror struct error err = { 0 };
		setenv(ARGUMENTS, strays[i].arguments, 1);
		autofree char *got = configure(&workflow, NULL, &err);
		autofree char *quoted = mem_format("'%s'", strays[i].stray);
		if (strays[i].stray == NULL)
			tap_is_int(err.kind, ERROR_NONE,
			    "each word belongs to an option: %s",
			    strays[i].arguments);
		else
			tap_ok(err.kind == ERROR_USAGE &&
				strstr(got, quoted) != NULL,
			    "a word would be the prompt: %s", got);
	}
	setenv(DIALECT, "plain", 1);
	setenv(ARGUMENTS, "exec --json", 1);
	expect(&workflow, "<claude><exec><--json>",
	    "another program may have words as it likes");
	unsetenv(DIALECT);
	unsetenv(ARGUMENTS);
	autoerror struct error err = { 0 };
	strv_add(&workflow.claude_arguments, "be");
	autofree char *got = configure(&workflow, NULL, &err);
	tap_ok(err.kind == ERROR_INPUT &&
		strstr(got, "claude.arguments: ") != NULL,
	    "the workflow's arguments are looked at, too: %s", got);
	workflow.mapreduce = false;
	setenv(ARGUMENTS, "'not closed", 1);
	expect(&workflow, "<claude><be>",
	    "a workflow that cannot need claude does not ask for it");
	unsetenv(ARGUMENTS);
	workflow_release(&workflow);
}

int
main(void)
{
	unsetenv(COMMAND);
	unsetenv(ARGUMENTS);
	unsetenv(DIALECT);
	test_sources();
	test_strays();
	return tap_done();
}
