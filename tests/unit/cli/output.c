/* SPDX-License-Identifier: MIT */
/* What commands print: lines, JSON, tables, and how printing fails. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "cli/output.h"
#include "data/json.h"
#include "program.h"

static void
lines_are_harmless(struct program *p)
{
	program_begin(p);
	output_line("%s|%d", "a\033[31mb\tc", 3);
	output_line("%s", "");
	program_end(p);
	tap_ok(strchr(str_text(&p->out), '\033') == NULL,
	    "no escape character from outside reaches the terminal");
	program_printed(p, "|3\n\n", "a line ends with a newline");
}

static void
json_is_printed(struct program *p)
{
	autojson json_t *json =
	    json_pack("{s:i, s:[s, b]}", "b", 1, "a", "x\n", 1);
	program_begin(p);
	output_json_line(json);
	program_end(p);
	tap_is_text(str_text(&p->out), "{\"a\":[\"x\\n\",true],\"b\":1}\n",
	    "a JSON line has sorted members and no blanks");
	program_begin(p);
	output_json(json);
	program_end(p);
	program_printed(p, "\n  \"b\": 1\n}\n",
	    "a JSON document is indented and ends with a newline");
}

static const char *const cells[] = { "NAME", "N", "TEXT", "a", "100", "short",
	"longer name", "2", "what is longer than the terminal",
	"\303\244\346\274\242", "", "" };

static void
print_table(struct program *p)
{
	struct output_table table = { .columns = 3 };
	program_begin(p);
	for (size_t i = 0; i < COUNT_OF(cells); i++)
		output_table_add(&table, cells[i]);
	output_table_print(&table);
	program_end(p);
	tap_is_int((long long)table.cells.n, 0,
	    "a table is empty after it was printed");
}

static void
tables_have_columns(struct program *p)
{
	output_setup(false);
	print_table(p);
	tap_is_text(str_text(&p->out),
	    "NAME         N    TEXT\n"
	    "a            100  short\n"
	    "longer name  2    what is longer than the terminal\n"
	    "\303\244\346\274\242\n",
	    "columns are as wide as their content, rows end without blanks");
}

static void
a_terminal_cuts_the_last_column(struct program *p)
{
	static const struct {
		unsigned short columns;
		bool ascii;
		const char *row;
	} widths[] = {
		{ 80, false,
		    "longer name  2    what is longer than the terminal\n" },
		{ 28, false, "longer name  2    what is l\342\200\246\n" },
		{ 28, true, "longer name  2    what is...\n" },
		{ 18, false, "longer name  2\n" },
		{ 5, false, "longer name  2\n" },
	};
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		struct pty pty;
		if (!pty_open(&pty, widths[i].columns)) {
			tap_skip("there are no pseudo terminals here");
			continue;
		}
		p->pty = &pty;
		output_setup(widths[i].ascii);
		print_table(p);
		program_has(str_text(&p->out), widths[i].row,
		    "the last column ends with the terminal's width");
		p->pty = NULL;
		pty_close(&pty);
	}
	output_setup(false);
}

static void
an_empty_table_is_a_header(struct program *p)
{
	struct output_table table = { .columns = 2 };
	program_begin(p);
	output_table_add(&table, "ONE");
	output_table_add(&table, "TWO\nLINES");
	output_table_print(&table);
	program_end(p);
	tap_ok(
	    strchr(str_text(&p->out), '\n') == strrchr(str_text(&p->out), '\n'),
	    "a newline within a cell does not make another row");
}

static void
ascii_is_chosen(void)
{
	output_setup(true);
	tap_ok(output_ascii(), "--ascii asks for ASCII");
	output_setup(false);
	tap_ok(!output_ascii(), "a UTF-8 locale has more than ASCII");
	const char *before = getenv("LC_ALL");
	setenv("LC_ALL", "C", 1);
	output_setup(false);
	tap_ok(output_ascii(), "the locale C has ASCII only");
	setenv("LC_ALL", before == NULL ? "C.UTF-8" : before, 1);
	output_setup(false);
}

/* What was typed, and what it means with yes and with no as the default. */
static const struct {
	const char *keys;
	bool when_yes;
	bool when_no;
	const char *name;
} answers[] = {
	{ "y\n", true, true, "y is yes" },
	{ "Yes\n", true, true, "a word that begins with y is yes" },
	{ "n\n", false, false, "n is no" },
	{ "\n", true, false, "Enter alone takes the default" },
	{ "what\n", false, false, "anything else is no" },
	{ "\004", false, false, "end of input is no" },
};

static bool
ask(struct program *p, const char *keys, bool default_yes)
{
	pty_type(p->pty, keys);
	program_begin(p);
	bool yes = output_confirm("Really?", default_yes);
	program_end(p);
	return yes;
}

static void
a_terminal_is_asked(struct program *p)
{
	struct pty pty;
	if (!pty_open(&pty, 80)) {
		tap_skip("there are no pseudo terminals here");
		return;
	}
	p->pty = &pty;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		bool yes = ask(p, answers[i].keys, true);
		tap_ok(yes == answers[i].when_yes, "%s (default yes)",
		    answers[i].name);
		program_printed(
		    p, "Really? [Y/n] ", "the question shows the default yes");
		yes = ask(p, answers[i].keys, false);
		tap_ok(yes == answers[i].when_no, "%s (default no)",
		    answers[i].name);
		program_printed(
		    p, "Really? [y/N] ", "the question shows the default no");
	}
	setenv("PRODIGY_AUTOMATION", "true", 1);
	tap_ok(!ask(p, "y\n", true), "PRODIGY_AUTOMATION is never asked");
	tap_is_text(str_text(&p->out), "", "and sees no question");
	unsetenv("PRODIGY_AUTOMATION");
	p->pty = NULL;
	pty_close(&pty);
}

static void
no_terminal_is_no(struct program *p)
{
	p->input = "y\n";
	program_begin(p);
	bool can = output_can_ask();
	bool yes = output_confirm("Really?", true);
	program_end(p);
	p->input = NULL;
	tap_ok(!can && !yes, "without a terminal the answer is no");
	tap_is_text(str_text(&p->err), "", "and nothing is asked");
}

/*
 * Prints to a descriptor that fails, in a process of its own: the first
 * failure is remembered for good. Gives what output_finish() said.
 */
static bool
finish_on(int fd)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY);
		dup2(fd, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		output_line("text");
		_exit(output_finish() ? 0 : 1);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		BUG("no exit status of a child");
	return WEXITSTATUS(status) == 0;
}

static void
failing_output_is_told(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int ends[2];
	if (full < 0)
		tap_skip("there is no /dev/full here");
	else
		tap_ok(!finish_on(full), "a full disk is a failure");
	close(full);
	if (pipe2(ends, O_CLOEXEC) != 0)
		BUG("no pipe");
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	tap_ok(finish_on(ends[1]), "a reader that has gone is none");
	close(ends[1]);
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	output_setup(false);
	lines_are_harmless(&p);
	json_is_printed(&p);
	tables_have_columns(&p);
	a_terminal_cuts_the_last_column(&p);
	an_empty_table_is_a_header(&p);
	ascii_is_chosen();
	a_terminal_is_asked(&p);
	no_terminal_is_no(&p);
	failing_output_is_told();
	return tap_done();
}
