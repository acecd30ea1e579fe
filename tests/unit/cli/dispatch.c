/* SPDX-License-Identifier: MIT */
/* Commands by their table: which one a line names, and how it ends. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "cli/command.h"
#include "cli/output.h"
#include "program.h"

static enum error_kind kind_to_fail_with;
static const char *message_to_fail_with;
static int status_to_set;

static bool
act(struct invocation *invocation, int *status, struct error *err)
{
	output_line("%s runs", invocation->path);
	for (size_t i = 0; i < invocation->n_args; i++)
		output_line("argument %s", invocation->args[i]);
	*status = status_to_set;
	if (message_to_fail_with != NULL)
		return error_set(
		    err, kind_to_fail_with, "%s", message_to_fail_with);
	return true;
}

static const struct command leaf = {
	.name = "leaf",
	.aliases = "blade needle",
	.summary = "A leaf",
	.synopsis = "FROM [TO]",
	.min_args = 1,
	.max_args = 2,
	.run = act,
};

static const struct command raw = {
	.name = "raw",
	.summary = "Takes all words",
	.synopsis = "...",
	.max_args = (size_t)-1,
	.run = act,
	.is_raw = true,
};

static const struct command *const twigs[] = { &leaf, NULL };

static const struct command branch = {
	.name = "branch",
	.summary = "A group",
	.synopsis = "COMMAND",
	.max_args = (size_t)-1,
	.children = twigs,
	.missing = "root bark",
};

static const struct command active = {
	.name = "active",
	.summary = "A group that does something itself",
	.synopsis = "[COMMAND | ARGUMENT]",
	.max_args = 1,
	.children = twigs,
	.run = act,
};

static const struct command *const children[] = { &branch, &leaf, &raw, &active,
	NULL };

static const struct command root = {
	.name = "prodigy",
	.summary = "A program",
	.synopsis = "COMMAND",
	.max_args = (size_t)-1,
	.children = children,
	.missing = "later",
	.notes = "A note.\n",
};

static void
words_lead_to_a_command(struct program *p)
{
	program_run(p, "leaf", "x", NULL);
	tap_is_text(str_text(&p->out), "prodigy leaf runs\nargument x\n",
	    "a name leads to its command");
	program_run(p, "needle", "x", NULL);
	tap_is_text(str_text(&p->out), "prodigy leaf runs\nargument x\n",
	    "each other name leads to it, too");
	program_run(p, "branch", "blade", "x", "y", NULL);
	tap_is_text(str_text(&p->out),
	    "prodigy branch leaf runs\nargument x\nargument y\n",
	    "a group leads to its commands");
	program_run(p, "-q", "branch", "--ascii", "leaf", "x", NULL);
	program_ended(p, 0, "global options may stand among the words");
	program_run(p, "active", NULL);
	tap_is_text(str_text(&p->out), "prodigy active runs\n",
	    "a group with an action runs it");
	program_run(p, "active", "x", NULL);
	tap_is_text(str_text(&p->out), "prodigy active runs\nargument x\n",
	    "and takes a word that is no command as argument");
	program_run(p, "active", "leaf", "x", NULL);
	tap_is_text(str_text(&p->out), "prodigy active leaf runs\nargument x\n",
	    "but a command of it comes first");
	program_run(p, "raw", "--flag", "-z", NULL);
	tap_is_text(str_text(&p->out),
	    "prodigy raw runs\nargument --flag\nargument -z\n",
	    "a raw command gets every word");
}

struct wrong_line {
	const char *words[3];
	const char *said; /* all of standard error */
	int status;
};

static const struct wrong_line wrong_lines[] = {
	{ { "lief" },
	    "prodigy: unknown command 'lief'; did you mean 'leaf'?\n"
	    "Try 'prodigy --help' for more information.\n",
	    2 },
	{ { "nedele" },
	    "prodigy: unknown command 'nedele'; did you mean 'needle'?\n"
	    "Try 'prodigy --help' for more information.\n",
	    2 },
	{ { "branch", "leef" },
	    "prodigy: branch: unknown command 'leef'; did you mean 'leaf'?\n"
	    "Try 'prodigy branch --help' for more information.\n",
	    2 },
	{ { "hovercraft" },
	    "prodigy: unknown command 'hovercraft'\n"
	    "Try 'prodigy --help' for more information.\n",
	    2 },
	{ { "" },
	    "prodigy: unknown command ''\n"
	    "Try 'prodigy --help' for more information.\n",
	    2 },
	{ { "leaf" },
	    "prodigy: leaf: missing argument\n"
	    "Try 'prodigy leaf --help' for more information.\n",
	    2 },
	{ { "goal-seek" },
	    "prodigy: goal-seek was removed: "
	    "what it did is a step that checks, "
	    "with on_failure (validate is not supported yet)\n"
	    "Try 'prodigy --help' for more information.\n",
	    2 },
	{ { "active", "x", "y" },
	    "prodigy: active: unexpected argument 'y'\n"
	    "Try 'prodigy active --help' for more information.\n",
	    2 },
	{ { "later" }, "prodigy: later is not supported yet\n", 1 },
	{ { "branch", "bark", "--what=ever" },
	    "prodigy: branch bark is not supported yet\n", 1 },
	{ { "bark" },
	    "prodigy: unknown command 'bark'\n"
	    "Try 'prodigy --help' for more information.\n",
	    2 },
};

static void
a_wrong_line_is_refused(struct program *p)
{
	for (size_t i = 0; i < COUNT_OF(wrong_lines); i++) {
		const struct wrong_line *line = &wrong_lines[i];
		program_run(
		    p, line->words[0], line->words[1], line->words[2], NULL);
		tap_is_text(str_text(&p->err), line->said,
		    "a wrong line is refused with its reason (%zu)", i);
		program_ended(p, line->status, "and the exit status tells");
		tap_is_text(str_text(&p->out), "", "nothing is run");
	}
	program_run(p, "leaf", "a", "b", "c", NULL);
	program_said(p, "leaf: unexpected argument 'c'",
	    "the first argument too many is named");
}

static void
help_is_printed(struct program *p)
{
	static const char leaf_help[] =
	    "Usage: prodigy branch leaf FROM [TO]\nA leaf.\n\nEverywhere:\n";
	program_run(p, NULL);
	program_ended(p, 0, "without a word the help is printed");
	program_printed(p, "Usage: prodigy COMMAND\nA program.\n\nCommands:\n",
	    "it tells usage and summary, then the commands");
	program_printed(p, "  leaf (blade needle)     A leaf\n",
	    "a command is listed with its other names and its summary");
	program_printed(p, "\n\nA note.\n", "notes come last");
	program_run(p, "branch", "leaf", "--help", NULL);
	program_printed(p, leaf_help, "--help prints the help of a command");
	program_ended(p, 0, "although its argument is missing");
	program_run(p, "-h", "branch", "leaf", NULL);
	program_printed(p, leaf_help, "-h may stand in front");
	program_run(p, "help", "branch", "leaf", NULL);
	program_printed(p, leaf_help, "\"help\" in front does the same");
	program_run(p, "help", "raw", NULL);
	program_printed(p, "Usage: prodigy raw ...\n",
	    "and gives the help of a raw command");
	program_run(p, "raw", "word", "--help", NULL);
	program_printed(
	    p, "Usage: prodigy raw ...\n", "--help among its words does, too");
	program_run(p, "help", "branch", NULL);
	program_printed(p, "\nNot supported yet: root bark.\n",
	    "what is known, but not built, is said to be that");
	program_run(p, "branch", NULL);
	program_printed(p, "Usage: prodigy branch COMMAND\n",
	    "a group without an action prints its help");
	program_ended(p, 0, "which is no failure");
	program_run(p, "help", "lief", NULL);
	program_ended(p, 2, "there is no help for what is unknown");
}

static void
version_is_printed(struct program *p)
{
	static const char version[] = PACKAGE_NAME " " PACKAGE_VERSION "\n";
	program_run(p, "--version", NULL);
	tap_is_text(str_text(&p->out), version, "--version prints the version");
	program_run(p, "leaf", "-V", NULL);
	tap_is_text(str_text(&p->out), version, "behind a command, too");
	program_ended(p, 0, "and the command is not run");
}

static void
the_end_is_the_exit_status(struct program *p)
{
	static const struct {
		enum error_kind kind;
		int status;
	} ends[] = { { ERROR_USAGE, 2 }, { ERROR_INPUT, 1 }, { ERROR_STATE, 1 },
		{ ERROR_GIT, 1 }, { ERROR_UNSUPPORTED, 1 } };
	message_to_fail_with = "prodigy branch leaf: it broke";
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		kind_to_fail_with = ends[i].kind;
		program_run(p, "branch", "leaf", "x", NULL);
		program_ended(p, ends[i].status, "an error gives the status");
		program_said(p, "prodigy: branch leaf: it broke\n",
		    "it is printed with the name of the program once");
	}
	message_to_fail_with = "prodigy: it broke";
	program_run(p, "leaf", "x", NULL);
	program_said(p, "prodigy: it broke\n",
	    "a name that is there already is not doubled");
	status_to_set = 130;
	program_run(p, "leaf", "x", NULL);
	program_ended(p, 130, "a status that the command sets wins");
	message_to_fail_with = NULL;
	program_run(p, "leaf", "x", NULL);
	program_ended(p, 130, "also when it succeeds");
	status_to_set = 0;
}

int
main(void)
{
	autoprogram struct program p = { .root = &root };
	words_lead_to_a_command(&p);
	a_wrong_line_is_refused(&p);
	help_is_printed(&p);
	version_is_printed(&p);
	the_end_is_the_exit_status(&p);
	return tap_done();
}
