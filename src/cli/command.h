/* SPDX-License-Identifier: MIT */
/*
 * Commands as data: a tree of entries with their options. Parsing, --help and
 * suggestions come from these tables, and tests/unit/cli/manual checks the
 * manual pages against them.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_COUNT, /* unsigned, one more each time */
	OPTION_NUMBER, /* struct option_number, 0 .. max */
	OPTION_TEXT, /* const char *, borrowed from argv */
	OPTION_LIST, /* struct strv, one value each time */
	OPTION_MISSING, /* nothing: known, but not built, and refused by name */
};

struct option_number {
	bool given;
	unsigned long value;
};

struct option_spec {
	const char *name; /* without dashes */
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* of the member in the command's values */
	const char *argument; /* "N", "FILE"; NULL for flags */
	const char *help; /* NULL: an alias that --help does not show */
};

struct global_options {
	unsigned verbose;
	bool quiet;
	bool no_color;
	bool ascii;
	bool help;
	bool version;
};

struct invocation {
	const struct command *command;
	char *path; /* "prodigy dlq show", owned */
	struct global_options global;
	void *values; /* of the command's own struct, zeroed first */
	char **args; /* borrowed from argv */
	size_t n_args;
};

struct command {
	const char *name;
	const char *aliases; /* separated by blanks, or NULL */
	const char *summary; /* one line, no full stop */
	const char *synopsis; /* what follows the name */
	const char *notes; /* paragraphs under the options, or NULL */
	const struct option_spec *options;
	size_t n_options;
	size_t values_size;
	/* Releases what options allocated in values; NULL: nothing. */
	void (*release)(void *values);
	size_t min_args;
	size_t max_args; /* (size_t)-1: any number */
	const struct command *const *children; /* NULL-terminated, or NULL */
	/*
	 * NULL: a group of commands, whose help is printed. True on success;
	 * err otherwise. Both may set *status, which then is the exit status.
	 */
	bool (*run)(
	    struct invocation *invocation, int *status, struct error *err);
	bool is_raw; /* options are not parsed: all words are arguments */
	/*
	 * Words separated by blanks (NULL: none): commands below this one that
	 * are known, but not built. They say so and fail, whatever follows.
	 */
	const char *missing;
};

/* The options that every command takes; they are in struct global_options. */
extern const struct option_spec command_globals[];
extern const size_t command_globals_count;

/*
 * Prints the help of a command on standard output. path is how the user calls
 * it, as in "prodigy dlq show".
 */
void command_help(const struct command *command, const char *path);

#endif
