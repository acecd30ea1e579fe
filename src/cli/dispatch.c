/* SPDX-License-Identifier: MIT */
/* From a command line to the command that it names. */
#include "config.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "agent/agent_main.h"
#include "base/color.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/dispatch.h"
#include "cli/option.h"
#include "cli/output.h"
#include "data/json.h"
#include "proc/inherit.h"

/* Whether a list of words separated by blanks (or NULL) has the word. */
static bool
is_word_of(const char *list, const char *word)
{
	size_t len = strlen(word);
	while (list != NULL && len > 0) {
		const char *end = strchrnul(list, ' ');
		if ((size_t)(end - list) == len &&
		    strncmp(list, word, len) == 0)
			return true;
		list = *end == '\0' ? NULL : end + 1;
	}
	return false;
}

/* Adds the words of such a list. */
static void
add_words(struct strv *words, const char *list)
{
	autofree char *copy = mem_text(list == NULL ? "" : list);
	char *rest = copy;
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			strv_add(words, word);
}

static bool
answers_to(const struct command *command, const char *word)
{
	return strcmp(command->name, word) == 0 ||
	    is_word_of(command->aliases, word);
}

static const struct command *
find_child(const struct command *command, const char *word)
{
	const struct command *const *child = command->children;
	for (; child != NULL && *child != NULL; child++)
		if (answers_to(*child, word))
			return *child;
	return NULL;
}

static bool
unknown_command(const struct command *parent, const char *path,
    const char *word, struct error *err)
{
	autostrv struct strv names = { 0 };
	const struct command *const *child = parent->children;
	for (; *child != NULL; child++) {
		strv_add(&names, (*child)->name);
		add_words(&names, (*child)->aliases);
	}
	if (strcmp(word, "goal-seek") == 0 || strcmp(word, "goal_seek") == 0)
		return error_set(err, ERROR_USAGE,
		    "goal-seek was removed: what it did is a step that checks, "
		    "with on_failure (validate is not supported yet)");
	if (is_word_of(parent->missing, word))
		return error_set(err, ERROR_UNSUPPORTED,
		    "%s %s is not supported yet", path, word);
	const char *near =
	    text_nearest(word, (const char *const *)strv_array(&names));
	if (near != NULL)
		return error_set(err, ERROR_USAGE,
		    "%s: unknown command '%s'; did you mean '%s'?", path, word,
		    near);
	return error_set(
	    err, ERROR_USAGE, "%s: unknown command '%s'", path, word);
}

/*
 * Walks down the tree: the words of the command come first, and global options
 * may stand among them. *argc and *argv then start at the last of the words.
 */
static bool
descend(const struct command **command, struct invocation *invocation,
    int *argc, char ***argv, struct error *err)
{
	while ((*command)->children != NULL) {
		if (!option_parse_leading(
			&invocation->global, argc, argv, invocation->path, err))
			return false;
		if (*argc < 2)
			return true;
		const char *word = (*argv)[1];
		const struct command *child = find_child(*command, word);
		if (child == NULL) {
			/* A group with an action of its own takes arguments. */
			if ((*command)->run != NULL)
				return true;
			return unknown_command(
			    *command, invocation->path, word, err);
		}
		char *path = mem_format("%s %s", invocation->path, child->name);
		free(invocation->path);
		invocation->path = path;
		*command = child;
		(*argc)--;
		(*argv)++;
	}
	return true;
}

static bool
check_count(const struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;
	if (invocation->n_args < command->min_args)
		return error_set(
		    err, ERROR_USAGE, "%s: missing argument", invocation->path);
	if (invocation->n_args > command->max_args)
		return error_set(err, ERROR_USAGE,
		    "%s: unexpected argument '%s'", invocation->path,
		    invocation->args[command->max_args]);
	return true;
}

static void
print_version(void)
{
	printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
}

static void
apply_globals(const struct global_options *global)
{
	if (global->quiet)
		log_set_level(LOG_QUIET);
	else if (global->verbose > 0)
		log_set_level(global->verbose > LOG_TRACE
			? LOG_TRACE
			: (enum log_level)global->verbose);
	if (global->no_color)
		color_forbid();
	output_setup(global->ascii);
}

static bool
run_command(struct invocation *invocation, int *status, struct error *err)
{
	const struct command *command = invocation->command;
	if (invocation->global.help) {
		command_help(command, invocation->path);
		return true;
	}
	if (invocation->global.version) {
		print_version();
		return true;
	}
	if (command->run == NULL) {
		command_help(command, invocation->path);
		return true;
	}
	if (invocation->global.quiet && invocation->global.verbose > 0)
		return error_set(err, ERROR_USAGE,
		    "%s: --quiet and --verbose exclude each other",
		    invocation->path);
	apply_globals(&invocation->global);
	return check_count(invocation, err) &&
	    command->run(invocation, status, err);
}

/*
 * What comes in here goes on as JSON: to agents, and into records. (Other
 * variables of the environment are handed on as they are.)
 */
static bool
check_bytes(int argc, char **argv, struct error *err)
{
	autostrv struct strv env = { 0 };
	for (int i = 1; i < argc; i++) {
		autofree char *what = mem_format("argument %d", i);
		if (!text_check(what, argv[i], strlen(argv[i]), err))
			return false;
	}
	strv_env_inherit(&env);
	for (size_t i = 0; i < env.n; i++) {
		autofree char *name = NULL;
		const char *value = strv_env_split(env.items[i], &name);
		if (value != NULL && text_starts_with(name, "PRODIGY") &&
		    !text_check(name, value, strlen(value), err))
			return false;
	}
	return true;
}

/* "prodigy help dlq show" is "prodigy dlq show --help". */
static void
turn_help_around(int *argc, char ***argv, struct global_options *global)
{
	if (*argc >= 2 && strcmp((*argv)[1], "help") == 0) {
		global->help = true;
		(*argc)--;
		(*argv)++;
	}
}

static bool
run_line(const struct command *root, struct invocation *invocation, int argc,
    char **argv, int *status, struct error *err)
{
	const struct command *command = root;
	turn_help_around(&argc, &argv, &invocation->global);
	if (!descend(&command, invocation, &argc, &argv, err))
		return false;
	invocation->command = command;
	invocation->values = mem_zalloc(command->values_size);
	if (command->is_raw) {
		for (int i = 1; i < argc; i++)
			if (strcmp(argv[i], "--help") == 0 ||
			    strcmp(argv[i], "-h") == 0)
				invocation->global.help = true;
		invocation->args = argv + 1;
		invocation->n_args = (size_t)argc - 1;
		return run_command(invocation, status, err);
	}
	return option_parse(command, invocation, argc, argv, err) &&
	    run_command(invocation, status, err);
}

static void
print_failure(const struct error *err, const char *path)
{
	const char *text = error_text(err);
	if (err->kind == ERROR_NONE)
		BUG("%s failed and did not say why", path);
	/* The program's name stands in front of every complaint once. */
	if (text_starts_with(text, "prodigy: "))
		text += strlen("prodigy: ");
	else if (text_starts_with(text, "prodigy "))
		text += strlen("prodigy ");
	log_error("%s", text);
	if (err->kind == ERROR_USAGE)
		fprintf(
		    stderr, "Try '%s --help' for more information.\n", path);
}

int
dispatch_line(const struct command *root, int argc, char **argv)
{
	autoerror struct error err = { 0 };
	struct invocation invocation = { .path = mem_text(root->name) };
	int status = 0;
	if (!check_bytes(argc, argv, &err) ||
	    !run_line(root, &invocation, argc, argv, &status, &err)) {
		print_failure(&err, invocation.path);
		status = status != 0 ? status : error_exit_code(err.kind);
	}
	if (!output_finish() && status == 0)
		status = 1;
	if (invocation.values != NULL && invocation.command->release != NULL)
		invocation.command->release(invocation.values);
	free(invocation.values);
	free(invocation.path);
	return status;
}

/* --- the program ------------------------------------------------------ */

/* Where 0 to 2 are closed, what is opened later must not become them. */
static void
open_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
program_main(int argc, char **argv)
{
	open_standard_descriptors();
	if (getauxval(AT_SECURE) != 0) {
		log_error("refusing to run with the rights of another user");
		return 1;
	}
	autoerror struct error err = { 0 };
	if (!inherit_prepare(&err)) {
		log_error("%s", error_text(&err));
		return error_exit_code(err.kind);
	}
	json_init();
	if (argc == 2 && strcmp(argv[1], "agent-run") == 0)
		return agent_main();
	return dispatch_line(&commands_root, argc, argv);
}
