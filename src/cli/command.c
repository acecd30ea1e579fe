/* SPDX-License-Identifier: MIT */
/* The options of every command, and the help that tables give. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"

#define HELP_COLUMN 26
#define HELP_WIDTH 80

const struct option_spec command_globals[] = {
	{ "verbose", 'v', OPTION_COUNT,
	    offsetof(struct global_options, verbose), NULL,
	    "say more; twice shows what steps print" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct global_options, quiet),
	    NULL, "say nothing but errors and the result" },
	{ "no-color", 0, OPTION_FLAG, offsetof(struct global_options, no_color),
	    NULL, "no colours" },
	{ "ascii", 0, OPTION_FLAG, offsetof(struct global_options, ascii), NULL,
	    "no characters beyond ASCII" },
	{ "help", 'h', OPTION_FLAG, offsetof(struct global_options, help), NULL,
	    "print this help" },
	{ "version", 'V', OPTION_FLAG, offsetof(struct global_options, version),
	    NULL, "print the version" },
};
const size_t command_globals_count = COUNT_OF(command_globals);

static void
print_option(const struct option_spec *spec)
{
	autostr struct str left = { 0 };
	if (spec->help == NULL)
		return;
	if (spec->letter != 0)
		str_format(&left, "  -%c, --%s", spec->letter, spec->name);
	else
		str_format(&left, "      --%s", spec->name);
	if (spec->argument != NULL)
		str_format(&left, " %s", spec->argument);
	if (left.len + 2 > HELP_COLUMN)
		printf("%s\n%*s", str_text(&left), HELP_COLUMN, "");
	else
		printf("%-*s", HELP_COLUMN, str_text(&left));
	printf("%s\n", spec->help);
}

static void
print_options(const struct command *command)
{
	if (command->n_options > 0) {
		printf("\nOptions:\n");
		for (size_t i = 0; i < command->n_options; i++)
			print_option(&command->options[i]);
	}
	printf("\nEverywhere:\n");
	for (size_t i = 0; i < command_globals_count; i++)
		print_option(&command_globals[i]);
}

/* A list of words, in lines that fit a terminal. */
static void
print_missing(const char *words)
{
	size_t column = (size_t)printf("\nNot supported yet:") - 1;
	while (*words != '\0') {
		size_t len = strcspn(words, " ");
		if (column + 1 + len + 1 > HELP_WIDTH)
			column = (size_t)printf("\n ") - 1;
		column += (size_t)printf(" %.*s", (int)len, words);
		words += len + strspn(words + len, " ");
	}
	printf(".\n");
}

static void
print_children(const struct command *command)
{
	printf("\nCommands:\n");
	const struct command *const *child = command->children;
	for (; *child != NULL; child++) {
		autostr struct str names = { 0 };
		str_format(&names, "  %s", (*child)->name);
		if ((*child)->aliases != NULL)
			str_format(&names, " (%s)", (*child)->aliases);
		printf("%-*s%s\n", HELP_COLUMN, str_text(&names),
		    (*child)->summary);
	}
	if (command->missing != NULL)
		print_missing(command->missing);
}

void
command_help(const struct command *command, const char *path)
{
	printf("Usage: %s%s%s\n", path, command->synopsis[0] == '\0' ? "" : " ",
	    command->synopsis);
	printf("%s.\n", command->summary);
	if (command->children != NULL)
		print_children(command);
	print_options(command);
	if (command->notes != NULL)
		printf("\n%s", command->notes);
}
