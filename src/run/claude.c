/* SPDX-License-Identifier: MIT */
/* How a run starts claude, out of all that has a say in it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/words.h"
#include "run/claude.h"

/* --- a word in the place of the prompt -------------------------------- */

/* Options that take as many words as there are. */
static const char *const take_many[] = {
	"--add-dir",
	"--allowedTools",
	"--allowed-tools",
	"--betas",
	"--disallowedTools",
	"--disallowed-tools",
	"--file",
	"--mcp-config",
	"--plugin-dir",
	"--tools",
	NULL,
};

/* Options that take none. One that we do not know may take one. */
static const char *const take_none[] = {
	"-c",
	"--continue",
	"--dangerously-skip-permissions",
	"--disable-slash-commands",
	"--fork-session",
	"--ide",
	"--include-partial-messages",
	"--no-session-persistence",
	"-p",
	"--print",
	"--replay-user-messages",
	"--strict-mcp-config",
	"--verbose",
	NULL,
};

static bool
is_among(const char *word, const char *const *options)
{
	while (*options != NULL && strcmp(*options, word) != 0)
		options++;
	return *options != NULL;
}

/* How many words that are no options may follow this one. */
static size_t
room_behind(const char *option)
{
	if (is_among(option, take_many))
		return SIZE_MAX;
	return strchr(option, '=') != NULL || is_among(option, take_none) ? 0
									  : 1;
}

/*
 * The prompt is the first word that belongs to no option, and ours stands last.
 * NULL when no other would be taken for it.
 */
static const char *
find_stray(const struct strv *arguments)
{
	size_t room = 0;
	for (size_t i = 0; i < arguments->n; i++) {
		const char *word = arguments->items[i];
		if (strcmp(word, "--") == 0)
			return word;
		if (word[0] == '-')
			room = room_behind(word);
		else if (room-- == 0)
			return word;
	}
	return NULL;
}

static bool
check_arguments(const struct claude_config *config,
    const struct strv *arguments, enum error_kind kind, const char *source,
    struct error *err)
{
	const char *stray = config->plain ? NULL : find_stray(arguments);
	if (stray == NULL)
		return true;
	return error_set(err, kind,
	    "%s: claude would take '%s' for the prompt, as it belongs to no "
	    "option: a value with blanks needs quotes",
	    source, stray);
}

/* --- what has a say --------------------------------------------------- */

static bool
read_variable(const char *name, struct strv *words, struct error *err)
{
	autoerror struct error why = { 0 };
	const char *text = getenv(name);
	if (text == NULL || words_split(text, words, &why))
		return true;
	return error_set(err, ERROR_USAGE, "%s: %s", name, error_text(&why));
}

static bool
read_environment(
    struct claude_config *config, struct strv *arguments, struct error *err)
{
	const char *dialect = getenv("PRODIGY_CLAUDE_DIALECT");
	config->plain = dialect != NULL && strcmp(dialect, "plain") == 0;
	return read_variable("PRODIGY_CLAUDE_COMMAND", &config->command, err) &&
	    read_variable("PRODIGY_CLAUDE_ARGS", arguments, err) &&
	    check_arguments(
		config, arguments, ERROR_USAGE, "PRODIGY_CLAUDE_ARGS", err);
}

/* A conflict of a map is resolved by claude, whatever its steps are. */
static bool
may_need_claude(const struct workflow *workflow)
{
	return workflow->mapreduce || workflow_uses_claude(workflow);
}

bool
claude_configure(const struct run_options *options,
    const struct workflow *workflow, struct claude_config *config,
    struct error *err)
{
	autostrv struct strv arguments = { 0 };
	const char *mode = options->permission_mode;
	if (may_need_claude(workflow) &&
	    (!read_environment(config, &arguments, err) ||
		!check_arguments(config, &workflow->claude_arguments,
		    ERROR_INPUT, "claude.arguments", err)))
		return false;
	if (config->command.n == 0)
		strv_copy(&config->command, &workflow->claude_command);
	if (config->command.n == 0)
		strv_add(&config->command, "claude");
	strv_copy(&config->arguments, &workflow->claude_arguments);
	strv_copy(&config->arguments, &arguments);
	if (mode == NULL)
		mode = workflow->permissions;
	config->permission_mode =
	    mem_text(mode == NULL ? "bypassPermissions" : mode);
	return true;
}
