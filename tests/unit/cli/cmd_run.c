/* SPDX-License-Identifier: MIT */
/*
 * prodigy run: what is refused before anything starts, and the dry run. Runs
 * themselves start agents and are tested from end to end (tests/e2e).
 */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "home.h"
#include "program.h"

static void
bad_lines_are_refused(struct program *p)
{
	static const struct {
		const char *option;
		int status;
		const char *said;
	} lines[] = {
		{ "--output=xml", 2, "--output: 'xml' is not jsonl or human" },
		{ "--max-parallel=0", 2, "--max-parallel: must be at least 1" },
		{ "--max-parallel=many", 2, "'many' is not a number" },
		{ "--map=*.c", 1, "run: --map is not supported yet" },
		{ "--resume=x", 1, "run: --resume is not supported yet" },
		{ "--param=a=b", 1, "run: --param is not supported yet" },
		{ "-n3", 1, "run: --max-iterations is not supported yet" },
	};
	autofree char *state = home_path("state/state");
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		program_run(p, "run", lines[i].option, "map.yml", NULL);
		program_ended(p, lines[i].status, lines[i].option);
		program_said(p, lines[i].said, "is refused with its reason");
	}
	program_run(p, "run", NULL);
	program_ended(p, 2, "a workflow must be named");
	program_run(p, "run", "map.yml", "other.yml", NULL);
	program_ended(p, 2, "and only one");
	program_run(p, "run", "missing.yml", NULL);
	program_ended(p, 1, "a file that is not there is refused");
	program_said(p, "missing.yml", "by its name");
	program_run(p, "run", "bad.yml", NULL);
	program_ended(p, 1, "a file with errors is refused");
	program_said(p, "bad.yml:1:", "with their place");
	tap_ok(!path_exists(state), "and nothing was started");
}

static void
a_dry_run_tells_the_plan(struct program *p)
{
	autojson json_t *plan = NULL;
	program_run(p, "cook", "--dry-run", "map.yml", NULL);
	program_ended(p, 0, "a dry run succeeds");
	program_printed(p, "[DRY RUN] map: 3 items\n", "it counts the items");
	program_printed(p, "[DRY RUN] map: at most 10 agents at once\n",
	    "tells how many agents there would be");
	program_printed(p, "Would execute: shell: true", "and their steps");
	program_run(p, "run", "--dry-run", "--max-parallel=2", "--max-items=1",
	    "--offset=1", "map.yml", NULL);
	program_printed(p, "[DRY RUN] map: at most 2 agents at once\n",
	    "--max-parallel counts");
	program_printed(p, "[DRY RUN] map: 1 items\n            2\n",
	    "--offset and --max-items, too");
	program_run(p, "run", "--dry-run", "--json", "map.yml", NULL);
	plan = program_json(p);
	tap_is_int(json_get_int(plan, "items", -1), 3,
	    "--json prints it as a document");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	home_write("repo/items.json", "[1, 2, 3]\n");
	home_write("repo/map.yml",
	    "name: map\nmode: mapreduce\nmap:\n  input: items.json\n"
	    "  agent_template:\n    - shell: \"true\"\n");
	home_write("repo/bad.yml", "nonsense\n");
	bad_lines_are_refused(&p);
	a_dry_run_tells_the_plan(&p);
	home_done();
	return tap_done();
}
