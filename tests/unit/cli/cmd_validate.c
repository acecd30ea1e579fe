/* SPDX-License-Identifier: MIT */
/* prodigy validate: all that is wrong with files is told. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "home.h"
#include "program.h"

static void
make_files(void)
{
	home_write("repo/good.yml", "- shell: \"true\"\n");
	home_write("repo/odd.yml",
	    "name: odd\ncommands:\n  - shell: \"true\"\n    colour: red\n");
	home_write("repo/bad.yml",
	    "name: bad\nmode: mapreduce\nmap:\n  input: 3\n"
	    "  filter: \"(\"\n");
}

static void
files_are_judged(struct program *p)
{
	program_run(p, "validate", "good.yml", NULL);
	program_ended(p, 0, "a file without faults is valid");
	tap_is_text(str_text(&p->out), "good.yml: valid\n", "and called so");
	tap_is_text(str_text(&p->err), "", "and nothing else is said");
	program_run(p, "validate", "--strict", "good.yml", NULL);
	program_ended(p, 0, "also under --strict");
	program_run(p, "validate", "odd.yml", NULL);
	program_ended(p, 0, "warnings leave a file valid");
	tap_is_text(str_text(&p->out), "odd.yml: valid\n", "and called so");
	program_said(p,
	    "prodigy: warning: odd.yml:4:5: ", "but are told with their place");
	program_run(p, "validate", "--strict", "odd.yml", NULL);
	program_ended(p, 1, "under --strict they are errors");
	tap_is_text(
	    str_text(&p->out), "odd.yml: not valid\n", "for the verdict, too");
}

static void
every_fault_is_told(struct program *p)
{
	program_run(p, "validate", "bad.yml", "good.yml", "missing.yml", NULL);
	program_ended(p, 1, "one file that is not valid is enough to fail");
	tap_is_text(str_text(&p->out),
	    "bad.yml: not valid\ngood.yml: valid\nmissing.yml: not valid\n",
	    "each file gets its verdict");
	program_said(p, "prodigy: bad.yml:5:13: map.filter: ",
	    "an error names file, line, column and key");
	program_said(p, "agent_template", "all errors are told at once");
	program_said(p, "missing.yml", "and a file that cannot be read");
	program_run(p, "validate", NULL);
	program_ended(p, 2, "without a file there is nothing to do");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	make_files();
	files_are_judged(&p);
	every_fault_is_told(&p);
	home_done();
	return tap_done();
}
