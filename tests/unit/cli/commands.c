/* SPDX-License-Identifier: MIT */
/* The table of every command is whole, and every command prints its help. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option.h"
#include "program.h"

static size_t
size_of_kind(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
		return sizeof(bool);
	case OPTION_COUNT:
		return sizeof(unsigned);
	case OPTION_NUMBER:
		return sizeof(struct option_number);
	case OPTION_TEXT:
		return sizeof(const char *);
	case OPTION_LIST:
		return sizeof(struct strv);
	case OPTION_MISSING:
		return 0;
	}
	return 0;
}

static bool
takes_value(enum option_kind kind)
{
	return kind == OPTION_NUMBER || kind == OPTION_TEXT ||
	    kind == OPTION_LIST;
}

/* A line that goes on behind something else: no capital, no full stop. */
static bool
is_phrase(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && islower((unsigned char)text[0]) &&
	    text[len - 1] != '.' && strchr(text, '\n') == NULL;
}

static bool
is_sentence_without_stop(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && isupper((unsigned char)text[0]) &&
	    text[len - 1] != '.' && strchr(text, '\n') == NULL;
}

static void
check_option(const struct command *command, const struct option_spec *spec,
    const char *path)
{
	if (spec->kind != OPTION_MISSING) {
		tap_ok((spec->argument != NULL) == takes_value(spec->kind),
		    "%s --%s names its value if it takes one", path,
		    spec->name);
		tap_ok(spec->offset + size_of_kind(spec->kind) <=
			command->values_size,
		    "%s --%s lies within the values", path, spec->name);
	}
	if (spec->help != NULL)
		tap_ok(is_phrase(spec->help),
		    "%s --%s is explained by a phrase", path, spec->name);
	if (spec->kind == OPTION_LIST)
		tap_ok(command->release != NULL, "%s releases the list of --%s",
		    path, spec->name);
}

/*
 * Whether the option is the only one of its name in the command, and the only
 * one of its letter at all. The name may stand for a global option, which then
 * is the command's own (checkpoints show --version).
 */
static bool
is_unique(const struct command *command, const struct option_spec *spec)
{
	size_t names = 0;
	size_t letters = 0;
	for (size_t i = 0; i < command->n_options; i++) {
		names += strcmp(command->options[i].name, spec->name) == 0;
		letters += command->options[i].letter == spec->letter;
	}
	for (size_t i = 0; i < command_globals_count; i++)
		letters += command_globals[i].letter == spec->letter;
	return names == 1 && (spec->letter == 0 || letters == 1);
}

static void
check_options(const struct command *command, const char *path)
{
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option_spec *spec = &command->options[i];
		check_option(command, spec, path);
		tap_ok(is_unique(command, spec),
		    "%s has one option --%s, and its letter once", path,
		    spec->name);
	}
}

/* A help line of each option that is shown, and of no other. */
static void
check_help(struct program *p, const struct command *command, const char *path)
{
	autofree char *usage =
	    mem_format("Usage: %s %s\n", path, command->synopsis);
	program_ended(p, 0, path);
	tap_ok(text_starts_with(str_text(&p->out), usage),
	    "the help of %s begins with its usage", path);
	program_printed(p, command->summary, "and tells its summary");
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option_spec *spec = &command->options[i];
		autofree char *name = mem_format(" --%s%s%s", spec->name,
		    spec->argument == NULL ? "" : " ",
		    spec->argument == NULL ? "" : spec->argument);
		if (spec->help == NULL)
			continue;
		program_printed(p, name, "and each option with its value");
		program_printed(p, spec->help, "and what it is for");
	}
	for (size_t i = 0; i < command_globals_count; i++)
		program_printed(p, command_globals[i].help,
		    "and the options that every command takes");
}

/* Prints the help of the command that the words of path lead to. */
static void
print_help(struct program *p, const char *path)
{
	autofree char *words = mem_text(path);
	char *one = strchr(words, ' ');
	char *two = NULL;
	if (one != NULL) {
		*one++ = '\0';
		two = strchr(one, ' ');
	}
	if (two != NULL)
		*two++ = '\0';
	program_run(p, "help", one, two, NULL);
}

static bool
is_listed(const char *list, const char *word)
{
	autofree char *words = mem_format(" %s ", list == NULL ? "" : list);
	autofree char *wanted = mem_format(" %s ", word);
	return strstr(words, wanted) != NULL;
}

/* Among what stands beside it, a name means one command. */
static void
check_names(const struct command *parent, const struct command *command,
    const char *path)
{
	size_t found = 0;
	const struct command *const *other = parent->children;
	for (; *other != NULL; other++)
		found += strcmp((*other)->name, command->name) == 0 ||
		    is_listed((*other)->aliases, command->name);
	tap_is_int((long long)found, 1, "%s is one command", path);
	tap_ok(!is_listed(parent->missing, command->name),
	    "%s is not among those that are not built", path);
	other = parent->children;
	for (; command->aliases != NULL && *other != NULL; other++)
		tap_ok(!is_listed(command->aliases, (*other)->name),
		    "no other name of %s is that of another command", path);
}

static void
check_command(
    struct program *p, const struct command *command, const char *path)
{
	tap_ok(is_sentence_without_stop(command->summary),
	    "the summary of %s is a sentence without its full stop", path);
	tap_ok(command->synopsis != NULL, "%s has a synopsis", path);
	tap_ok(command->run != NULL || command->children != NULL,
	    "%s does something", path);
	tap_ok(command->min_args <= command->max_args,
	    "%s takes as many arguments as it needs", path);
	check_options(command, path);
	print_help(p, path);
	check_help(p, command, path);
	const struct command *const *child = command->children;
	for (; child != NULL && *child != NULL; child++) {
		autofree char *below =
		    mem_format("%s %s", path, (*child)->name);
		check_names(command, *child, below);
		check_command(p, *child, below);
	}
}

static void
check_missing(
    struct program *p, const struct command *command, const char *path)
{
	autostrv struct strv words = { 0 };
	autofree char *copy =
	    mem_text(command->missing == NULL ? "" : command->missing);
	for (char *word = copy; word != NULL && *word != '\0';) {
		char *end = strchr(word, ' ');
		if (end != NULL)
			*end++ = '\0';
		strv_add(&words, word);
		word = end;
	}
	for (size_t i = 0; i < words.n; i++) {
		const char *group = strchr(path, ' ');
		autofree char *says = mem_format("%s%s %s is not supported yet",
		    "prodigy:", group == NULL ? "" : group, words.items[i]);
		if (group == NULL)
			program_run(p, words.items[i], "--any", "x", NULL);
		else
			program_run(
			    p, group + 1, words.items[i], "--any", "x", NULL);
		program_ended(p, 1, "a command that is not built fails");
		program_said(p, says, "and says so, whatever follows");
	}
	const struct command *const *child = command->children;
	for (; child != NULL && *child != NULL; child++) {
		autofree char *below =
		    mem_format("%s %s", path, (*child)->name);
		check_missing(p, *child, below);
	}
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	check_command(&p, &commands_root, "prodigy");
	check_missing(&p, &commands_root, "prodigy");
	program_run(&p, "resume", "--force", "some-id", NULL);
	program_ended(&p, 1, "resume fails");
	program_said(&p, "prodigy: resume: resuming is not supported yet",
	    "and says that it is not built, whatever options follow");
	program_said(
	    &p, "merged by 'worktree merge'", "and names what brings the work");
	program_run(&p, "resume-job", "--help", NULL);
	program_ended(&p, 0, "its help is printed");
	program_printed(&p, "(not supported yet)", "and is honest, too");
	return tap_done();
}
