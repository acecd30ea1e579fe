/* SPDX-License-Identifier: MIT */
/*
 * Commands as data: a tree of entries with their options. Parsing, --help,
 * suggestions and the check of the manual all come from these tables.
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
	OPTION_MISSING, /* known, but not built: refused by name */
};

struct option_number {
	bool given;
	unsigned long value;
};

struct option_spec {
	const char *name; /* without dashes */
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* into the command's values */
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
	/* True on success; err otherwise. *status may be set besides. */
	bool (*run)(
	    struct invocation *invocation, int *status, struct error *err);
	bool hidden;
	bool is_raw; /* options are not parsed: all words are arguments */
};

/*
 * Runs what the command line says below root: parses, prints help or errors,
 * calls the command. Returns the exit status.
 */
int command_main(const struct command *root, int argc, char **argv);

/* The help text of one command on standard output. */
void command_help(const struct command *command, const char *path);

#endif
