/* SPDX-License-Identifier: MIT */
/* Options by the tables of commands: each kind, and what is refused. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/option.h"
#include "program.h"

struct thing_values {
	bool flag;
	unsigned count;
	struct option_number number;
	const char *text;
	struct strv list;
};

#define AT(member) offsetof(struct thing_values, member)

static const struct option_spec options[] = {
	{ "flag", 'f', OPTION_FLAG, AT(flag), NULL, "a flag" },
	{ "count", 'c', OPTION_COUNT, AT(count), NULL, "a count" },
	{ "number", 'n', OPTION_NUMBER, AT(number), "N", "a number" },
	{ "text", 't', OPTION_TEXT, AT(text), "TEXT", "a text" },
	{ "list", 'l', OPTION_LIST, AT(list), "TEXT", "a list" },
	{ "later", 0, OPTION_MISSING, 0, NULL, NULL },
	{ "later-value", 0, OPTION_MISSING, 0, "TEXT", NULL },
};

/* What the command was called with: its values are gone when it is over. */
static struct {
	unsigned runs;
	unsigned releases;
	struct thing_values values;
	char text[64];
	char list[64];
	char args[64];
	struct global_options global;
} seen;

static void
join(char out[64], char *const *items, size_t n)
{
	autostr struct str text = { 0 };
	for (size_t i = 0; i < n; i++)
		str_format(&text, "[%s]", items[i]);
	snprintf(out, 64, "%s", str_text(&text));
}

static bool
run(struct invocation *invocation, int *status, struct error *err)
{
	const struct thing_values *values = invocation->values;
	(void)status;
	(void)err;
	seen.runs++;
	seen.values = *values;
	seen.global = invocation->global;
	join(seen.list, values->list.items, values->list.n);
	join(seen.args, invocation->args, invocation->n_args);
	snprintf(seen.text, sizeof(seen.text), "%s",
	    values->text == NULL ? "(none)" : values->text);
	return true;
}

static void
release(void *values)
{
	struct thing_values *thing = values;
	seen.releases++;
	strv_release(&thing->list);
}

static const struct command thing = {
	.name = "thing",
	.summary = "A thing",
	.synopsis = "[OPTION...]",
	.options = options,
	.n_options = COUNT_OF(options),
	.values_size = sizeof(struct thing_values),
	.release = release,
	.max_args = 3,
	.run = run,
};

static const struct command *const children[] = { &thing, NULL };

static const struct command root = {
	.name = "prodigy",
	.summary = "A program",
	.synopsis = "COMMAND",
	.max_args = (size_t)-1,
	.children = children,
};

static void
reset(void)
{
	memset(&seen, 0, sizeof(seen));
}

static void
each_kind_takes_its_value(struct program *p)
{
	reset();
	program_run(p, "thing", "--flag", "--count", "-cc", "--number", "7",
	    "--text", "a b", "--list", "one", "-l", "two", NULL);
	program_ended(p, 0, "a command line with every kind is run");
	tap_ok(seen.values.flag, "a flag is set");
	tap_is_int(seen.values.count, 3, "a count rises each time");
	tap_ok(seen.values.number.given, "a number that is given is known");
	tap_is_int((long long)seen.values.number.value, 7, "and has its value");
	tap_is_text(seen.text, "a b", "a text is taken as it is");
	tap_is_text(seen.list, "[one][two]", "a list keeps each value");
	tap_is_int(seen.releases, 1, "what options allocated is released");
	reset();
	program_run(p, "thing", NULL);
	tap_ok(!seen.values.flag && seen.values.count == 0 &&
		!seen.values.number.given && seen.values.list.n == 0,
	    "what is not given is zero");
	tap_is_text(seen.text, "(none)", "a text that is not given is NULL");
}

static void
values_come_in_each_way(struct program *p)
{
	static const char *const ways[][3] = {
		{ "--text=x", NULL, "behind an equals sign" },
		{ "--text", "x", "as the next word" },
		{ "-tx", NULL, "right behind the letter" },
		{ "-t", "x", "behind the letter" },
		{ "--te", "x", "behind an abbreviation" },
	};
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		reset();
		program_run(p, "thing", ways[i][0], ways[i][1], NULL);
		tap_is_text(seen.text, "x", "a value comes %s", ways[i][2]);
	}
	reset();
	program_run(p, "thing", "--text=", NULL);
	tap_is_text(seen.text, "", "a value may be empty");
	reset();
	program_run(p, "thing", "--text", "--flag", NULL);
	tap_is_text(seen.text, "--flag", "a value may look like an option");
	reset();
	program_run(p, "thing", "--text=1", "--number=2", "--text=1", "-n2",
	    "--flag", "--flag", NULL);
	program_ended(p, 0, "the same may be said twice");
	tap_is_text(seen.text, "1", "and is still the same");
}

static void
numbers_have_limits(struct program *p)
{
	static const char *const bad[] = { "", "x", "1x", "-1", "1000000001",
		"99999999999999999999", "1.5", " " };
	reset();
	program_run(p, "thing", "--number=0", NULL);
	tap_ok(seen.values.number.given && seen.values.number.value == 0,
	    "zero is a number that is given");
	reset();
	program_run(p, "thing", "--number=1000000000", NULL);
	tap_is_int((long long)seen.values.number.value, 1000000000,
	    "the largest number is taken");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		reset();
		autofree char *word = mem_format("--number=%s", bad[i]);
		autofree char *says =
		    mem_format("prodigy: thing: --number: '%s' is not a number "
			       "from 0 to 1000000000\n",
			bad[i]);
		program_run(p, "thing", word, NULL);
		program_ended(p, 2, "what is no number is wrong usage");
		program_said(p, says, "and the message shows it");
		tap_is_int(seen.runs, 0, "and the command is not run");
		tap_is_int(seen.releases, 1, "and its values are released");
	}
}

/* A command line that is wrong, and what is said about it. */
struct refusal {
	const char *words[3];
	const char *message;
	int status;
};

static const struct refusal refusals[] = {
	{ { "--flog" }, "thing: unknown option '--flog'; did you mean '--flag'",
	    2 },
	{ { "--flog=1" },
	    "thing: unknown option '--flog=1'; did you mean '--flag'", 2 },
	{ { "--verbos=1" }, "thing: option '--verbos=1' takes no argument", 2 },
	{ { "--zebra-crossing" }, "thing: unknown option '--zebra-crossing'\n",
	    2 },
	{ { "-z" }, "thing: unknown option '-z'", 2 },
	{ { "-fz" }, "thing: unknown option '-z'", 2 },
	{ { "--flag=1" }, "thing: option '--flag=1' takes no argument", 2 },
	{ { "--text" }, "thing: option '--text' needs an argument", 2 },
	{ { "-t" }, "thing: option '-t' needs an argument", 2 },
	{ { "-ft" }, "thing: option '-ft' needs an argument", 2 },
	{ { "x", "--number" }, "thing: option '--number' needs an argument",
	    2 },
	{ { "--ver" }, "thing: unknown option '--ver'", 2 },
	{ { "--text=a", "-tb" }, "thing: --text is given twice: 'a' and 'b'\n",
	    2 },
	{ { "--number=1", "-n2" }, "thing: --number is given twice: 1 and 2\n",
	    2 },
	{ { "-q", "-v" }, "thing: --quiet and --verbose exclude each other\n",
	    2 },
	{ { "--later" }, "thing: --later is not supported yet", 1 },
	{ { "--later-value", "x" }, "thing: --later-value is not supported yet",
	    1 },
};

static void
what_is_wrong_is_refused(struct program *p)
{
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *r = &refusals[i];
		autofree char *says = mem_format("prodigy: %s", r->message);
		reset();
		program_run(p, "thing", r->words[0], r->words[1], NULL);
		program_ended(p, r->status, r->message);
		program_said(p, says, "the message names the option");
		bool hint = strstr(str_text(&p->err),
				"Try 'prodigy thing --help'") != NULL;
		tap_ok(hint == (r->status == 2),
		    "wrong usage, and only that, points to the help");
		tap_is_text(str_text(&p->out), "",
		    "nothing is printed on standard output");
		tap_is_int(seen.runs, 0, "the command is not run");
	}
}

static void
help_comes_first(struct program *p)
{
	reset();
	program_run(p, "thing", "--later", "--help", NULL);
	program_ended(p, 0, "--help helps beside an option that is not built");
	program_printed(p, "Usage: prodigy thing", "with the help");
	tap_is_int(seen.runs, 0, "and the command is not run");
}

static void
arguments_stand_anywhere(struct program *p)
{
	reset();
	program_run(p, "thing", "one", "--flag", "two", "-t", "x", NULL);
	tap_is_text(
	    seen.args, "[one][two]", "arguments may stand among the options");
	reset();
	program_run(p, "thing", "--", "--flag", "-t", NULL);
	tap_is_text(
	    seen.args, "[--flag][-t]", "behind -- everything is an argument");
	tap_ok(!seen.values.flag, "and no option");
	reset();
	program_run(p, "thing", "-", NULL);
	tap_is_text(seen.args, "[-]", "a dash alone is an argument");
}

static void
global_options_stand_anywhere(struct program *p)
{
	reset();
	program_run(p, "-v", "thing", "-v", "--no-color", "--ascii", NULL);
	program_ended(p, 0, "global options may stand before a command");
	tap_is_int(seen.global.verbose, 2, "and behind it: both are counted");
	tap_ok(
	    seen.global.no_color && seen.global.ascii, "each of them is set");
	reset();
	program_run(p, "-q", "thing", NULL);
	tap_ok(seen.global.quiet, "and so is --quiet");
	reset();
	program_run(p, "--flag", "thing", NULL);
	program_ended(p, 2, "a command's option in front of it is refused");
	program_said(
	    p, "prodigy: unknown option '--flag'", "and called unknown there");
	program_run(p, "--quiet=1", "thing", NULL);
	program_ended(p, 2, "a global flag with a value is refused");
	tap_is_int(seen.runs, 0, "the command is not run");
}

int
main(void)
{
	autoprogram struct program p = { .root = &root };
	each_kind_takes_its_value(&p);
	values_come_in_each_way(&p);
	numbers_have_limits(&p);
	what_is_wrong_is_refused(&p);
	help_comes_first(&p);
	arguments_stand_anywhere(&p);
	global_options_stand_anywhere(&p);
	return tap_done();
}
