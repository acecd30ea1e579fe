/* SPDX-License-Identifier: MIT */
/* prodigy items: the items of a workflow, of a file, of standard input. */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "home.h"
#include "program.h"

static const char input[] = "[{\"n\":3,\"k\":\"a\"},{\"n\":1,\"k\":\"b\"},"
			    "{\"n\":2,\"k\":\"a\"}]";

static void
is_lines(const struct program *p, const char *want, const char *name)
{
	program_ended(p, 0, name);
	tap_is_text(str_text(&p->out), want, "%s", name);
}

static void
options_select(struct program *p)
{
	p->input = input;
	program_run(p, "items", "--input", "-", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"a\",\"n\":3},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":3}\"}\n"
	    "{\"data\":{\"k\":\"b\",\"n\":1},\"id\":\"item_1\","
	    "\"label\":\"{\\\"k\\\":\\\"b\\\",\\\"n\\\":1}\"}\n"
	    "{\"data\":{\"k\":\"a\",\"n\":2},\"id\":\"item_2\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":2}\"}\n",
	    "items of standard input are printed with their ids");
	program_run(p, "items", "--input=-", "--filter=n > 2", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"a\",\"n\":3},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":3}\"}\n",
	    "--filter keeps those for which it holds");
	program_run(p, "items", "--input=-", "--sort-by=k", "--sort-by=n DESC",
	    "--json-path=$[*].n", "--max-items=1", NULL);
	is_lines(p, "{\"data\":3,\"id\":\"item_0\",\"label\":\"3\"}\n",
	    "--json-path selects and --max-items ends the list");
	program_run(p, "items", "--input=-", "--sort-by=n", "--offset=1",
	    "--json-path=$[?@.k=='a']", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"a\",\"n\":3},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":3}\"}\n",
	    "--sort-by orders before --offset leaves out");
	program_run(
	    p, "items", "--input=-", "--distinct=k", "--filter=n < 3", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"b\",\"n\":1},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"b\\\",\\\"n\\\":1}\"}\n"
	    "{\"data\":{\"k\":\"a\",\"n\":2},\"id\":\"item_1\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":2}\"}\n",
	    "--distinct keeps the first of each value");
	program_run(p, "items", "--input=-", "--filter=false", NULL);
	is_lines(p, "", "no items are no lines");
	program_said(p, "no items\n", "which is said on standard error");
	p->input = NULL;
}

static void
controls_are_escaped(struct program *p)
{
	p->input = "[\"\\u001b\\u007f\\u009b\\u202e\\u2066\\u061c\\u00e4\"]";
	program_run(p, "items", "--input=-", NULL);
	is_lines(p,
	    "{\"data\":\"\\u001b\\u007f\\u009b\\u202e\\u2066\\u061c\xc3\xa4\","
	    "\"id\":\"item_0\",\"label\":\"\\\\e\\\\x7f\\\\x9b"
	    "\\\\u202e\\\\u2066\\\\u061c\xc3\xa4\"}\n",
	    "controls of every kind are escaped, as JSON has it");
	p->input = NULL;
}

static void
input_is_checked(struct program *p)
{
	program_run(p, "items", NULL);
	program_ended(p, 2, "one of workflow and --input is needed");
	program_said(
	    p, "items: a workflow or --input, one of both", "and it is said");
	program_run(p, "items", "--input=-", "workflow.yml", NULL);
	program_ended(p, 2, "both are refused");
	program_run(p, "items", "--input", "missing.json", NULL);
	program_ended(p, 1, "a file that is not there is refused");
	program_said(p, "missing.json", "by its name");
	p->input = "[1, }";
	program_run(p, "items", "--input=-", NULL);
	program_ended(p, 1, "what is no JSON is refused");
	program_said(p, ":1:", "with its place");
	p->input = input;
	program_run(p, "items", "--input=-", "--filter=n >", NULL);
	program_ended(p, 1, "an expression that is wrong is refused");
	program_run(p, "items", "--input=-", "--sort-by=n UP", NULL);
	program_ended(p, 1, "a sort key that is wrong is refused");
	p->input = NULL;
}

static void
make_workflows(void)
{
	home_write("repo/items.json", input);
	home_write("repo/map.yml",
	    "name: map\nmode: mapreduce\nmap:\n  input: items.json\n"
	    "  filter: \"n < 3\"\n  sort_by: \"n\"\n"
	    "  agent_template:\n    - shell: \"true\"\n");
	home_write("repo/command.yml",
	    "name: map\nmode: mapreduce\nmap:\n  input: \"seq 3\"\n"
	    "  agent_template:\n    - shell: \"true\"\n");
	home_write("repo/plain.yml", "- shell: \"true\"\n");
	home_write("repo/wrong.yml", "name: [\n");
}

static void
workflows_have_items(struct program *p)
{
	program_run(p, "items", "map.yml", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"b\",\"n\":1},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"b\\\",\\\"n\\\":1}\"}\n"
	    "{\"data\":{\"k\":\"a\",\"n\":2},\"id\":\"item_1\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":2}\"}\n",
	    "a workflow's own keys select");
	program_run(p, "items", "map.yml", "--filter", "n > 1", "--sort-by",
	    "n DESC", "--max-items=1", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"a\",\"n\":3},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":3}\"}\n",
	    "options stand for its keys");
	program_run(p, "items", "map.yml", "--json-path=$[*].n",
	    "--filter=true", "--distinct=k", "--sort-by=n", "--offset=2", NULL);
	program_ended(p, 0, "each of the options may be given");
	program_run(
	    p, "items", "map.yml", "--filter=true", "--distinct=k", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"b\",\"n\":1},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"b\\\",\\\"n\\\":1}\"}\n"
	    "{\"data\":{\"k\":\"a\",\"n\":2},\"id\":\"item_1\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":2}\"}\n",
	    "--distinct is added to them");
	program_run(p, "items", "map.yml", "--filter=true",
	    "--json-path=$[?@.n==3]", NULL);
	is_lines(p,
	    "{\"data\":{\"k\":\"a\",\"n\":3},\"id\":\"item_0\","
	    "\"label\":\"{\\\"k\\\":\\\"a\\\",\\\"n\\\":3}\"}\n",
	    "so is --json-path");
	autofree char *repo = home_path("repo");
	autofree char *file = home_path("repo/map.yml");
	if (chdir("/") != 0)
		BUG("no root folder");
	program_run(p, "items", "--path", repo, file, NULL);
	program_printed(p, "\"item_1\"", "--path is where input files lie");
	if (chdir(repo) != 0)
		BUG("no repository");
	program_run(p, "items", "command.yml", NULL);
	program_ended(p, 1, "a command has no items before it is run");
	program_said(p,
	    "map.input: no file 'seq 3' yet: it is a command, or setup makes "
	    "it",
	    "which is said");
	program_run(p, "items", "plain.yml", NULL);
	program_ended(p, 1, "a workflow without map has no items");
	program_said(p, "a workflow without map has no items", "nor does it");
	program_run(p, "items", "wrong.yml", NULL);
	program_ended(p, 1, "a workflow that is wrong is refused");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	options_select(&p);
	controls_are_escaped(&p);
	input_is_checked(&p);
	make_workflows();
	workflows_have_items(&p);
	home_done();
	return tap_done();
}
