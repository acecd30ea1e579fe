/* SPDX-License-Identifier: MIT */
/*
 * Every command and option is in its manual page, and what the manual names
 * exists. scripts/check-manual does the same for keys of workflows, types of
 * events and environment variables.
 *
 * The commands are the entries of the list in prodigy.1 whose names are words
 * marked with Cm; the options of a command are the entries marked with Fl of
 * the list within its entry. Two lists of options stand for many commands:
 * those that every command takes, and those that mean the same in several.
 * The options of run are those of prodigy-run.1.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option.h"

/* An entry of the list of commands. */
struct entry {
	struct strv commands; /* "dlq list" */
	struct strv options; /* "limit", and "-y" for letters */
};

struct manual {
	struct entry entries[64];
	size_t n;
	struct strv everywhere; /* options that every command takes */
	struct strv shared; /* options that mean the same in several */
	struct strv of_run; /* of the list in prodigy-run.1 */
	struct strv of_run_synopsis;
	struct str text; /* of prodigy.1 */
};

/* --- reading ---------------------------------------------------------- */

static void
read_page(const char *name, struct str *text)
{
	autoerror struct error err = { 0 };
	const char *top = getenv("top_srcdir");
	autofree char *path =
	    mem_format("%s/man/%s", top == NULL ? "." : top, name);
	if (!file_read(path, (size_t)1024 * 1024, text, &err))
		BUG("%s", error_text(&err));
}

/* The options that a line marks with Fl: "y" as "-y", "-yes" as "yes". */
static void
add_options(struct strv *options, const char *line)
{
	const char *at = line;
	while ((at = strstr(at, "Fl ")) != NULL) {
		at += strlen("Fl ");
		const char *name = at + (*at == '-');
		size_t len = strcspn(name, " ");
		strv_give(options,
		    mem_format(
			"%s%.*s", *at == '-' ? "" : "-", (int)len, name));
	}
}

/*
 * The commands that a line marks with Cm: each is one or two words, up to the
 * first that is a macro or a comma.
 */
static void
add_commands(struct strv *commands, const char *line)
{
	const char *at = line;
	while ((at = strstr(at, "Cm ")) != NULL) {
		autostr struct str name = { 0 };
		at += strlen("Cm ");
		while (*at >= 'a' && *at <= 'z') {
			size_t len = strcspn(at, " ");
			if (name.len > 0)
				str_add_char(&name, ' ');
			str_add_n(&name, at, len);
			at += len + (at[len] == ' ');
		}
		strv_give(commands, str_take(&name));
	}
}

/* Which list the reader is in: what the last line of text announced. */
enum place {
	PLACE_ELSEWHERE,
	PLACE_EVERYWHERE,
	PLACE_COMMANDS,
	PLACE_SHARED,
};

static enum place
place_of(const char *line)
{
	if (strcmp(line, "The options that every command takes are:") == 0)
		return PLACE_EVERYWHERE;
	if (strcmp(line, "The commands are:") == 0)
		return PLACE_COMMANDS;
	if (strcmp(line,
		"Options that mean the same in several commands are:") == 0)
		return PLACE_SHARED;
	return PLACE_ELSEWHERE;
}

static void
read_entry(struct manual *manual, enum place place, const char *line)
{
	if (place == PLACE_EVERYWHERE) {
		add_options(&manual->everywhere, line);
	} else if (place == PLACE_SHARED) {
		add_options(&manual->shared, line);
	} else if (place == PLACE_COMMANDS &&
	    text_starts_with(line, ".It Cm ")) {
		if (manual->n == COUNT_OF(manual->entries))
			BUG("too many commands in the manual");
		add_commands(&manual->entries[manual->n++].commands, line);
	} else if (place == PLACE_COMMANDS && manual->n > 0) {
		add_options(&manual->entries[manual->n - 1].options, line);
	}
}

static void
read_prodigy(struct manual *manual)
{
	read_page("prodigy.1", &manual->text);
	autofree char *copy = mem_text(str_text(&manual->text));
	enum place place = PLACE_ELSEWHERE;
	unsigned depth = 0;
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (depth == 0 && place_of(line) != PLACE_ELSEWHERE)
			place = place_of(line);
		if (text_starts_with(line, ".Bl "))
			depth++;
		else if (text_starts_with(line, ".El") && --depth == 0)
			place = PLACE_ELSEWHERE;
		else if (text_starts_with(line, ".It "))
			read_entry(manual, place, line);
	}
}

static void
read_run(struct manual *manual)
{
	autostr struct str text = { 0 };
	read_page("prodigy-run.1", &text);
	autofree char *copy = mem_text(str_text(&text));
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (text_starts_with(line, ".It Fl "))
			add_options(&manual->of_run, line);
		else if (text_starts_with(line, ".Op Fl "))
			add_options(&manual->of_run_synopsis, line);
	}
}

static void
manual_release(struct manual *manual)
{
	for (size_t i = 0; i < manual->n; i++) {
		strv_release(&manual->entries[i].commands);
		strv_release(&manual->entries[i].options);
	}
	strv_release(&manual->everywhere);
	strv_release(&manual->shared);
	strv_release(&manual->of_run);
	strv_release(&manual->of_run_synopsis);
	str_release(&manual->text);
}

/* --- looking up ------------------------------------------------------- */

static bool
has(const struct strv *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->items[i], word) == 0)
			return true;
	return false;
}

static const struct entry *
find_entry(const struct manual *manual, const char *command)
{
	for (size_t i = 0; i < manual->n; i++)
		if (has(&manual->entries[i].commands, command))
			return &manual->entries[i];
	return NULL;
}

static const struct command *
find_command(const struct command *parent, const char *words)
{
	size_t len = strcspn(words, " ");
	const struct command *const *child = parent->children;
	for (; child != NULL && *child != NULL; child++) {
		if (strlen((*child)->name) != len ||
		    strncmp((*child)->name, words, len) != 0)
			continue;
		return words[len] == '\0'
		    ? *child
		    : find_command(*child, words + len + 1);
	}
	return NULL;
}

/* Whether a name of the manual ("limit", "-y") is an option that is shown. */
static bool
has_option(const struct option_spec *options, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const struct option_spec *spec = &options[i];
		if (spec->help == NULL)
			continue;
		if (name[0] == '-' ? name[1] == spec->letter && name[2] == '\0'
				   : strcmp(name, spec->name) == 0)
			return true;
	}
	return false;
}

/* --- what the program has is in the manual ---------------------------- */

/* shared: NULL, or the list that stands for many commands. */
static void
check_option(const struct strv *list, const struct strv *shared,
    const struct option_spec *spec, const char *path)
{
	const char letter[] = { '-', spec->letter, '\0' };
	if (spec->help == NULL)
		return;
	if (shared != NULL && !has(list, spec->name))
		list = shared;
	tap_ok(has(list, spec->name), "%s --%s is in the manual", path,
	    spec->name);
	if (spec->letter != 0)
		tap_ok(
		    has(list, letter), "%s %s is in the manual", path, letter);
}

/* A sentence such as ".Cm dlq ls / is another name of it." */
static void
check_alias(const struct manual *manual, const char *group, const char *alias)
{
	autofree char *line = mem_format("\n.Cm %s%s%s\nis another name of",
	    group, *group == '\0' ? "" : " ", alias);
	tap_ok(strstr(str_text(&manual->text), line) != NULL,
	    "the manual says what '%s' is another name of", alias);
}

static void
check_aliases(const struct manual *manual, const struct command *command,
    const char *path)
{
	autofree char *group = mem_text(path);
	char *blank = strrchr(group, ' ');
	*(blank == NULL ? group : blank) = '\0';
	autofree char *aliases =
	    mem_text(command->aliases == NULL ? "" : command->aliases);
	char *rest = aliases;
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			check_alias(manual, group, word);
}

static void
check_run(const struct manual *manual, const struct option_spec *spec)
{
	const char letter[] = { '-', spec->letter, '\0' };
	check_option(&manual->of_run, NULL, spec, "run");
	if (spec->help != NULL)
		tap_ok(has(&manual->of_run_synopsis, spec->name) ||
			has(&manual->of_run_synopsis, letter),
		    "run --%s is in the synopsis", spec->name);
}

static void
check_leaf(const struct manual *manual, const struct command *command,
    const char *path)
{
	const struct entry *entry = find_entry(manual, path);
	if (!tap_ok(entry != NULL, "'%s' has an entry in prodigy.1", path))
		return;
	for (size_t i = 0; i < command->n_options; i++) {
		const struct option_spec *spec = &command->options[i];
		if (strcmp(path, "run") == 0)
			check_run(manual, spec);
		else
			check_option(
			    &entry->options, &manual->shared, spec, path);
	}
}

static void
check_commands(
    const struct manual *manual, const struct command *parent, const char *path)
{
	const struct command *const *child = parent->children;
	for (; child != NULL && *child != NULL; child++) {
		autofree char *below = mem_format(
		    "%s%s%s", path, *path == '\0' ? "" : " ", (*child)->name);
		check_aliases(manual, *child, below);
		if ((*child)->run != NULL)
			check_leaf(manual, *child, below);
		check_commands(manual, *child, below);
	}
}

/* --- what the manual names exists ------------------------------------- */

static void
check_entry(const struct entry *entry)
{
	const struct command *first = NULL;
	for (size_t i = 0; i < entry->commands.n; i++) {
		const char *name = entry->commands.items[i];
		const struct command *command =
		    find_command(&commands_root, name);
		tap_ok(command != NULL && command->run != NULL,
		    "the manual's '%s' is a command", name);
		first = i == 0 ? command : first;
	}
	for (size_t i = 0; i < entry->options.n; i++)
		tap_ok(first != NULL &&
			has_option(first->options, first->n_options,
			    entry->options.items[i]),
		    "'%s' has the manual's option %s", entry->commands.items[0],
		    entry->options.items[i]);
}

/* In how many commands an option is. */
static size_t
count_option(const struct command *parent, const char *name)
{
	size_t count = 0;
	const struct command *const *child = parent->children;
	for (; child != NULL && *child != NULL; child++)
		count += count_option(*child, name) +
		    has_option((*child)->options, (*child)->n_options, name);
	return count;
}

static void
check_lists(const struct manual *manual)
{
	const struct command *run = find_command(&commands_root, "run");
	for (size_t i = 0; i < command_globals_count; i++)
		check_option(
		    &manual->everywhere, NULL, &command_globals[i], "prodigy");
	for (size_t i = 0; i < manual->everywhere.n; i++)
		tap_ok(has_option(command_globals, command_globals_count,
			   manual->everywhere.items[i]),
		    "every command takes %s", manual->everywhere.items[i]);
	for (size_t i = 0; i < manual->shared.n; i++)
		tap_ok(
		    count_option(&commands_root, manual->shared.items[i]) > 1,
		    "several commands take %s", manual->shared.items[i]);
	for (size_t i = 0; i < manual->of_run.n; i++)
		tap_ok(has_option(run->options, run->n_options,
			   manual->of_run.items[i]),
		    "run takes %s of its page", manual->of_run.items[i]);
	for (size_t i = 0; i < manual->of_run_synopsis.n; i++)
		tap_ok(has_option(run->options, run->n_options,
			   manual->of_run_synopsis.items[i]),
		    "run takes %s of its synopsis",
		    manual->of_run_synopsis.items[i]);
}

int
main(void)
{
	struct manual manual = { 0 };
	read_prodigy(&manual);
	read_run(&manual);
	check_commands(&manual, &commands_root, "");
	for (size_t i = 0; i < manual.n; i++)
		check_entry(&manual.entries[i]);
	check_lists(&manual);
	manual_release(&manual);
	return tap_done();
}
