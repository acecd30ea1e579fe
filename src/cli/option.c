/* SPDX-License-Identifier: MIT */
/* Parsing of options by the tables of commands, over getopt_long(3). */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/option.h"

#define FIRST_LONG 256 /* what getopt_long() gives is above any letter */
#define NUMBER_MAX 1000000000L

/* The tables of getopt_long, made of the specs of a command. */
struct option_table {
	struct option *longs;
	struct str letters;
	size_t n;
	size_t cap;
	const struct option_spec **specs;
	size_t specs_cap;
	size_t n_own; /* so many, the first ones, are the command's own */
	const struct option_spec *missing; /* the first that is not built */
};

static void
table_release(struct option_table *table)
{
	free(table->longs);
	free(table->specs);
	str_release(&table->letters);
}

static void
table_add(struct option_table *table, const struct option_spec *spec)
{
	bool takes = spec->argument != NULL;
	table->longs = mem_grow(
	    table->longs, &table->cap, table->n + 2, sizeof(*table->longs));
	table->specs = mem_grow(table->specs, &table->specs_cap, table->n + 1,
	    sizeof(*table->specs));
	table->longs[table->n] = (struct option){
		.name = spec->name,
		.has_arg = takes ? required_argument : no_argument,
		.val = FIRST_LONG + (int)table->n,
	};
	table->specs[table->n] = spec;
	table->n++;
	table->longs[table->n] = (struct option){ 0 };
	if (spec->letter != 0)
		str_format(
		    &table->letters, "%c%s", spec->letter, takes ? ":" : "");
}

static void
table_make(
    struct option_table *table, const struct command *command, const char *mode)
{
	str_add(&table->letters, mode);
	for (size_t i = 0; command != NULL && i < command->n_options; i++)
		table_add(table, &command->options[i]);
	table->n_own = table->n;
	for (size_t i = 0; i < command_globals_count; i++)
		table_add(table, &command_globals[i]);
}

static const struct option_spec *
find_spec(const struct option_table *table, int value, bool *own)
{
	for (size_t i = 0; i < table->n; i++) {
		if (value == FIRST_LONG + (int)i ||
		    value == table->specs[i]->letter) {
			*own = i < table->n_own;
			return table->specs[i];
		}
	}
	BUG("getopt gave %d, which is no option", value);
}

static bool
set_number(struct option_number *number, const struct option_spec *spec,
    const char *text, const char *path, struct error *err)
{
	char *end = NULL;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < 0 ||
	    value > NUMBER_MAX)
		return error_set(err, ERROR_USAGE,
		    "%s: --%s: '%s' is not a number from 0 to %ld", path,
		    spec->name, text, NUMBER_MAX);
	if (number->given && number->value != (unsigned long)value)
		return error_set(err, ERROR_USAGE,
		    "%s: --%s is given twice: %lu and %ld", path, spec->name,
		    number->value, value);
	number->given = true;
	number->value = (unsigned long)value;
	return true;
}

/* Two wishes cannot both come true, and to guess may cost a night. */
static bool
set_text(const char **place, const struct option_spec *spec, const char *text,
    const char *path, struct error *err)
{
	if (*place != NULL && strcmp(*place, text) != 0)
		return error_set(err, ERROR_USAGE,
		    "%s: --%s is given twice: '%s' and '%s'", path, spec->name,
		    *place, text);
	*place = text;
	return true;
}

static bool
set_value(const struct option_spec *spec, char *base, const char *text,
    const char *path, struct error *err)
{
	void *place = base + spec->offset;
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)place = true;
		return true;
	case OPTION_COUNT:
		(*(unsigned *)place)++;
		return true;
	case OPTION_NUMBER:
		return set_number(place, spec, text, path, err);
	case OPTION_TEXT:
		return set_text(place, spec, text, path, err);
	case OPTION_LIST:
		strv_add(place, text);
		return true;
	case OPTION_MISSING:
		return true;
	}
	return true;
}

/*
 * What getopt_long() answers with '?' or ':': the message says which word it
 * was, and which option is near.
 */
static bool
complain(const struct option_table *table, int code, const char *word,
    const char *path, struct error *err)
{
	if (code == ':')
		return error_set(err, ERROR_USAGE,
		    "%s: option '%s' needs an argument", path, word);
	if (optopt > 0 && optopt < FIRST_LONG)
		return error_set(
		    err, ERROR_USAGE, "%s: unknown option '-%c'", path, optopt);
	if (optopt >= FIRST_LONG)
		return error_set(err, ERROR_USAGE,
		    "%s: option '%s' takes no argument", path, word);
	autostrv struct strv names = { 0 };
	for (size_t i = 0; i < table->n; i++)
		strv_add(&names, table->specs[i]->name);
	autofree char *bare = mem_text(word + strspn(word, "-"));
	bare[strcspn(bare, "=")] = '\0';
	const char *near =
	    text_nearest(bare, (const char *const *)strv_array(&names));
	if (near != NULL)
		return error_set(err, ERROR_USAGE,
		    "%s: unknown option '%s'; did you mean '--%s'?", path, word,
		    near);
	return error_set(
	    err, ERROR_USAGE, "%s: unknown option '%s'", path, word);
}

/* Who asks for help gets it, whatever else the line says. */
static bool
check_missing(const struct option_table *table,
    const struct global_options *global, const char *path, struct error *err)
{
	return table->missing == NULL || global->help ||
	    error_set(err, ERROR_UNSUPPORTED, "%s: --%s is not supported yet",
		path, table->missing->name);
}

static bool
parse(struct option_table *table, struct global_options *global, char *values,
    int argc, char **argv, const char *path, struct error *err)
{
	optind = 0; /* GNU: start anew, with the mode in front of letters */
	opterr = 0;
	for (;;) {
		int at = optind == 0 ? 1 : optind;
		int code = getopt_long(
		    argc, argv, str_text(&table->letters), table->longs, NULL);
		if (code == -1)
			return check_missing(table, global, path, err);
		if (code == '?' || code == ':') {
			const char *word = optind > at && optind - 1 < argc
			    ? argv[optind - 1]
			    : argv[at];
			return complain(table, code, word, path, err);
		}
		bool own = false;
		const struct option_spec *spec = find_spec(table, code, &own);
		if (spec->kind == OPTION_MISSING && table->missing == NULL)
			table->missing = spec;
		if (!set_value(
			spec, own ? values : (char *)global, optarg, path, err))
			return false;
	}
}

bool
option_parse_leading(struct global_options *global, int *argc, char ***argv,
    const char *path, struct error *err)
{
	struct option_table table = { 0 };
	table_make(&table, NULL, "+:");
	bool parsed =
	    parse(&table, global, (char *)global, *argc, *argv, path, err);
	table_release(&table);
	if (!parsed)
		return false;
	char *program = (*argv)[0];
	*argc -= optind - 1;
	*argv += optind - 1;
	(*argv)[0] = program;
	return true;
}

bool
option_parse(const struct command *command, struct invocation *invocation,
    int argc, char **argv, struct error *err)
{
	struct option_table table = { 0 };
	table_make(&table, command, ":");
	bool parsed = parse(&table, &invocation->global, invocation->values,
	    argc, argv, invocation->path, err);
	table_release(&table);
	if (!parsed)
		return false;
	invocation->args = argv + optind;
	invocation->n_args = (size_t)(argc - optind);
	return true;
}
