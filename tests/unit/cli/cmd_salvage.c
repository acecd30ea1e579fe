/* SPDX-License-Identifier: MIT */
/* prodigy salvage: names, lists, questions. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "home.h"
#include "program.h"

#define OLD "mapreduce-20260101_100000"
#define NEW "mapreduce-20260202_100000"
#define UUID "session-11111111-2222-4333-8444-555555555555"

static void
keep(const char *run, const char *item, const char *date)
{
	autofree char *ref =
	    mem_format("refs/prodigy/salvage/%s/%s", run, item);
	autofree char *text =
	    mem_format("committer prodigy <prodigy@localhost> %s +0000", date);
	autofree char *command = mem_format(
	    "!f() { printf 'tree %%s\\nparent %%s\\nauthor a <a> 1 +0000\\n"
	    "%s\\n\\nKept\\n\\nProdigy-Salvage: index\\n' "
	    "$(git write-tree) $(git rev-parse HEAD) "
	    "| git hash-object -w -t commit --stdin "
	    "| xargs git update-ref %s; }; f",
	    text, ref);
	autofree char *alias = mem_format("alias.keep=%s", command);
	home_git("repo", "-c", alias, "keep", NULL);
}

static void
nothing(struct program *p)
{
	program_run(p, "salvage", "list", NULL);
	tap_is_text(str_text(&p->out), "Nothing is kept.\n",
	    "an empty list is one line");
	program_run(p, "salvage", "list", "--json", NULL);
	tap_is_text(str_text(&p->out), "[]\n", "or an empty document");
	program_run(p, "salvage", "drop", "-y", NULL);
	program_ended(p, 1, "nothing can be deleted");
}

static void
names(struct program *p)
{
	program_run(p, "salvage", "list", NULL);
	program_printed(p,
	    "JOB                                           ITEM      N  "
	    "KIND   FILES  COMMIT        DATE                 WHAT\n" OLD
	    "                     item_0    1  index  0      ",
	    "the list is a table");
	program_printed(p, "\n4 kept\n", "and counted");
	program_run(p, "salvage", "show", NULL);
	program_printed(p, "item_1/2 of " NEW ": Kept\n",
	    "without a job the newest is meant");
	program_run(p, "salvage", "show", "session-" OLD, NULL);
	program_printed(p, "item_0/1 of " OLD, "a job's session means it");
	program_run(p, "salvage", "list", NEW "-0123abcd", NULL);
	program_printed(p, "\n2 kept\n", "and so does its run");
	program_run(p, "salvage", "show", "11111111", NULL);
	program_printed(p, "workflow/1 of " UUID, "or the start of a uuid");
	program_run(p, "salvage", "show", "mapreduce-2026", NULL);
	program_ended(p, 1, "a prefix of several jobs means none");
	program_said(p, "is ambiguous", "which is said");
	program_run(p, "salvage", "list", NEW, "item_1/2", "--json", NULL);
	autojson json_t *document = program_json(p);
	tap_ok(json_array_size(document) == 1, "a piece can be named");
	program_run(p, "salvage", "list", NEW, "9", NULL);
	program_ended(p, 1, "an item without any is refused");
}

static void
questions(struct program *p)
{
	program_run(p, "salvage", "apply", NEW, NULL);
	program_said(p, "has: item_1/1 item_1/2", "one piece comes at a time");
	program_run(p, "salvage", "drop", OLD, NULL);
	program_printed(p,
	    "Nothing was deleted. Delete it with: "
	    "prodigy salvage drop -y " OLD "\n",
	    "without an answer nothing goes");
	program_run(p, "salvage", "drop", "-y", NEW, NULL);
	program_ended(p, 0, "with a yes it does");
	program_run(p, "salvage", "list", NEW, NULL);
	program_ended(p, 1, "a job of which nothing is kept is not known");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	nothing(&p);
	keep(OLD "-0123abcd", "item_0", "1767225600");
	keep(NEW "-0123abcd", "item_1/1", "1769990400");
	keep(NEW "-0123abcd", "item_1/2", "1769990400");
	keep(UUID, "workflow/1", "1767225600");
	names(&p);
	questions(&p);
	home_done();
	return tap_done();
}
