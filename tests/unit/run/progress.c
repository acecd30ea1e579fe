/* SPDX-License-Identifier: MIT */
/* What a person sees while a run is on, on a terminal and elsewhere. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/color.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/items.h"
#include "plan/label.h"
#include "run/progress.h"

#define REPAINT_MS 250

static int64_t now_ms = 1000000;

static int64_t
fake_clock(void)
{
	return now_ms;
}

/* --- standard error is a terminal or a pipe --------------------------- */

struct screen {
	int saved; /* the real standard error */
	int from; /* what is written comes out here */
	struct loop *loop;
	struct streams streams;
	struct progress *progress;
	struct str shown;
};

static void
set_size(unsigned short columns, unsigned short rows)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };
	if (ioctl(STDERR_FILENO, TIOCSWINSZ, &size) != 0)
		BUG("no size");
}

static void
begin(struct screen *screen, int from, int to)
{
	*screen = (struct screen){ .from = from };
	screen->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	if (from < 0 || to < 0 || screen->saved < 0 ||
	    dup2(to, STDERR_FILENO) < 0 ||
	    fcntl(from, F_SETFL, O_NONBLOCK) != 0)
		BUG("no standard error");
	close(to);
	screen->loop = loop_new();
	streams_open(&screen->streams, screen->loop);
}

/* A terminal that shows bytes as they are. */
static void
open_terminal(struct screen *screen, unsigned short columns)
{
	char name[64];
	struct termios mode;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
	    ptsname_r(master, name, sizeof(name)) != 0)
		BUG("no pseudo terminal");
	begin(screen, master, open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
	tcgetattr(STDERR_FILENO, &mode);
	mode.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(STDERR_FILENO, TCSANOW, &mode);
	set_size(columns, 24);
}

static void
open_pipe(struct screen *screen)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		BUG("no pipe");
	begin(screen, ends[0], ends[1]);
}

/* What came since the last look. */
static const char *
look(struct screen *screen)
{
	char buffer[4096];
	ssize_t n;
	str_clear(&screen->shown);
	while ((n = read(screen->from, buffer, sizeof(buffer))) > 0)
		str_add_n(&screen->shown, buffer, (size_t)n);
	return str_text(&screen->shown);
}

static void
close_screen(struct screen *screen)
{
	progress_free(screen->progress);
	streams_close(&screen->streams);
	loop_free(screen->loop);
	dup2(screen->saved, STDERR_FILENO);
	close(screen->saved);
	close(screen->from);
	str_release(&screen->shown);
}

static void
pass(struct screen *screen, int64_t ms)
{
	autoerror struct error err = { 0 };
	now_ms += ms;
	if (!loop_turn(screen->loop, 0, &err))
		BUG("%s", error_text(&err));
}

static void
at_step(struct screen *screen, const char *item, const char *title)
{
	progress_agent(screen->progress,
	    &(struct progress_row){
		.item = item, .who = item, .slot = 0, .title = title });
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* --- live ------------------------------------------------------------- */

static void
test_live(void)
{
	struct screen screen;
	open_terminal(&screen, 80);
	screen.progress = progress_new(&screen.streams, PROGRESS_LIVE, false);
	progress_map(screen.progress, 4);
	autofree char *first = mem_text(look(&screen));
	progress_counts(screen.progress, 1, 1, 2, 1);
	at_step(&screen, "item_2", "shell: make test");
	at_step(&screen, "item_3", "shell: make test");
	autofree char *between = mem_text(look(&screen));
	pass(&screen, REPAINT_MS - 1);
	autofree char *early = mem_text(look(&screen));
	pass(&screen, 9751);
	autofree char *second = mem_text(look(&screen));
	progress_agent_gone(screen.progress, "item_2");
	progress_agent_gone(screen.progress, "item_9");
	pass(&screen, REPAINT_MS);
	autofree char *third = mem_text(look(&screen));
	progress_map_end(screen.progress);
	autofree char *end = mem_text(look(&screen));
	pass(&screen, 10 * REPAINT_MS);
	autofree char *after = mem_text(look(&screen));
	close_screen(&screen);
	tap_is_text(first, "map 0/4 (0%), 0 running, 0ms\n",
	    "the map phase begins with a line of how it stands");
	tap_is_text(between, "", "a change is not painted at once");
	tap_is_text(early, "", "nor before the next repaint");
	tap_is_text(second,
	    "\033[1A\r\033[J"
	    "map 2/4 (50%), 2 running, 1 merging, 1 failed, 10.0s,"
	    " about 10.0s to go\n"
	    "  item_2  10.0s  shell: make test\n"
	    "  item_3  10.0s  shell: make test\n",
	    "a repaint takes the old line off and shows agents and their step");
	tap_ok(strncmp(third, "\033[3A\r\033[J", 8) == 0 &&
		!has(third, "item_2") && has(third, "item_3"),
	    "an agent that is gone is shown no more");
	tap_is_text(end, "\033[2A\r\033[J", "the end leaves no live line");
	tap_is_text(after, "", "and nothing is painted after it");
}

static void
test_lines_between(void)
{
	struct screen screen;
	open_terminal(&screen, 80);
	screen.progress = progress_new(&screen.streams, PROGRESS_LIVE, false);
	progress_map(screen.progress, 2);
	look(&screen);
	log_warn("the disk is slow");
	autofree char *warning = mem_text(look(&screen));
	progress_say(screen.progress, "item_1: %s", "a line that stays");
	autofree char *said = mem_text(look(&screen));
	progress_say_item(screen.progress, "item_1 done");
	autofree char *item = mem_text(look(&screen));
	progress_say_failed(screen.progress, "item_1", "it \033[2J broke");
	autofree char *failed = mem_text(look(&screen));
	color_forbid();
	progress_say_failed(screen.progress, "item_1", "again");
	autofree char *plain = mem_text(look(&screen));
	close_screen(&screen);
	tap_is_text(warning,
	    "\033[1A\r\033[J\033[33mprodigy: warning: \033[0m"
	    "the disk is slow\n"
	    "map 0/2 (0%), 0 running, 0ms\n",
	    "a line of the log stands above the live lines");
	tap_is_text(said,
	    "\033[1A\r\033[Jitem_1: a line that stays\n"
	    "map 0/2 (0%), 0 running, 0ms\n",
	    "and so does a line that stays");
	tap_is_text(item, "", "items that end well have no line of their own");
	tap_is_text(failed,
	    "\033[1A\r\033[J\033[31mitem_1 failed\033[0m: it \\e[2J broke\n"
	    "map 0/2 (0%), 0 running, 0ms\n",
	    "one that failed stands out, and its reason is made harmless");
	tap_is_text(plain,
	    "\033[1A\r\033[Jitem_1 failed: again\n"
	    "map 0/2 (0%), 0 running, 0ms\n",
	    "without colours it says the same");
}

static void
test_no_items_live(void)
{
	struct screen screen;
	open_terminal(&screen, 80);
	screen.progress = progress_new(&screen.streams, PROGRESS_LIVE, false);
	progress_say(screen.progress, "before the map");
	autofree char *before = mem_text(look(&screen));
	progress_map(screen.progress, 0);
	autofree char *none = mem_text(look(&screen));
	close_screen(&screen);
	tap_is_text(before, "before the map\n",
	    "there are no live lines before the map phase");
	tap_is_text(none, "map 0/0 (100%), 0 running, 0ms\n",
	    "no items at all are 100 percent");
}

static void
test_fit(bool ascii)
{
	struct screen screen;
	open_terminal(&screen, 40);
	set_size(40, 5);
	screen.progress = progress_new(&screen.streams, PROGRESS_LIVE, ascii);
	static const char title[] =
	    "shell: printf 'a\\n\033[31mred' and a long tail that does not fit";
	for (int i = 0; i < 12; i++) {
		autofree char *item = mem_format("item_%d", i);
		at_step(&screen, item, title);
	}
	progress_map(screen.progress, 12);
	autofree char *low = mem_text(look(&screen));
	set_size(40, 24);
	pass(&screen, REPAINT_MS);
	autofree char *high = mem_text(look(&screen));
	set_size(60, 24);
	pass(&screen, REPAINT_MS);
	autofree char *wide = mem_text(look(&screen));
	close_screen(&screen);
	const char *tail = ascii ? "...\n" : "\u2026\n";
	tap_ok(has(low, "item_1 ") && !has(low, "item_2 "),
	    "a low terminal shows as many agents as have room");
	tap_ok(has(low, tail), "a long line is cut with an ellipsis (%s)",
	    ascii ? "ASCII" : "UTF-8");
	tap_ok(!has(low, "\033[31m"),
	    "text from outside cannot command the terminal");
	tap_ok(strncmp(high, "\033[3A", 4) == 0,
	    "as many lines are taken off as were painted");
	tap_ok(has(high, "item_9 ") && !has(high, "item_10 "),
	    "at most ten agents are shown");
	tap_ok(strlen(wide) > strlen(high),
	    "a terminal that became wider shows more");
}

static void
test_same_agent(void)
{
	struct screen screen;
	open_terminal(&screen, 80);
	screen.progress = progress_new(&screen.streams, PROGRESS_LIVE, false);
	progress_map(screen.progress, 1);
	at_step(&screen, "item_0", "shell: first");
	look(&screen);
	now_ms += 1750;
	at_step(&screen, "item_0", "shell: second");
	pass(&screen, REPAINT_MS);
	autofree char *shown = mem_text(look(&screen));
	close_screen(&screen);
	tap_ok(has(shown, "  item_0  2.0s  shell: second\n"),
	    "an agent's next step keeps the time of the agent");
	tap_ok(!has(shown, "first"), "and replaces the step before");
}

static void
test_slots(void)
{
	static const unsigned slots[] = { 2, 12, 1 };
	struct screen screen;
	open_terminal(&screen, 80);
	screen.progress = progress_new(&screen.streams, PROGRESS_LIVE, false);
	for (size_t i = 0; i < COUNT_OF(slots); i++) {
		autofree char *item = items_id(i);
		autofree char *who = label_beside(item, "a name");
		progress_agent(screen.progress,
		    &(struct progress_row){ .item = item,
			.who = who,
			.slot = slots[i],
			.title = "shell: true" });
	}
	progress_map(screen.progress, 3);
	autofree char *shown = mem_text(look(&screen));
	close_screen(&screen);
	tap_ok(has(shown,
		   "  1  item_2 (a name)  0ms  shell: true\n"
		   "  2  item_0 (a name)  0ms  shell: true\n"
		   " 12  item_1 (a name)  0ms  shell: true\n"),
	    "agents stand in the order of their slots, with their labels");
}

/* --- plain and none --------------------------------------------------- */

static void
test_plain(void)
{
	struct screen screen;
	open_pipe(&screen);
	screen.progress = progress_new(&screen.streams, PROGRESS_PLAIN, false);
	progress_map(screen.progress, 3);
	at_step(&screen, "item_0", "shell: true");
	pass(&screen, 4 * REPAINT_MS);
	autofree char *map = mem_text(look(&screen));
	progress_say(screen.progress, "a %s", "\033[2Jb");
	progress_say_item(screen.progress, "item_0 done");
	autofree char *said = mem_text(look(&screen));
	progress_map_end(screen.progress);
	autofree char *end = mem_text(look(&screen));
	close_screen(&screen);
	tap_is_text(map, "", "plain progress repaints nothing");
	tap_is_text(said, "a \\e[2Jb\nitem_0 done\n",
	    "plain progress is lines, made harmless");
	tap_is_text(end, "", "and its end is silent");
}

static void
test_output(void)
{
	struct screen screen;
	open_pipe(&screen);
	screen.progress = progress_new(&screen.streams, PROGRESS_PLAIN, false);
	progress_output(screen.progress, NULL, "one\n\ntwo");
	progress_output(screen.progress, "item_1", "three\n");
	progress_output(screen.progress, "item_1", "");
	autofree char *shown = mem_text(look(&screen));
	close_screen(&screen);
	tap_is_text(shown, "  one\n  \n  two\n  item_1: three\n",
	    "output is shown line by line, with its label");
}

static void
test_none(void)
{
	struct screen screen;
	open_pipe(&screen);
	screen.progress = progress_new(&screen.streams, PROGRESS_NONE, false);
	progress_map(screen.progress, 3);
	progress_say(screen.progress, "a line");
	progress_say_item(screen.progress, "an item");
	progress_output(screen.progress, NULL, "output\n");
	pass(&screen, 4 * REPAINT_MS);
	autofree char *shown = mem_text(look(&screen));
	close_screen(&screen);
	tap_is_text(shown, "", "no progress is silence");
}

/* --- the choice ------------------------------------------------------- */

static void
test_choice(void)
{
	struct screen screen;
	open_terminal(&screen, 80);
	unsetenv("NO_COLOR");
	unsetenv("PRODIGY_PROGRESS_MODE");
	setenv("TERM", "xterm", 1);
	enum progress_mode live = progress_choose(false);
	enum progress_mode quiet = progress_choose(true);
	setenv("PRODIGY_PROGRESS_MODE", "simple", 1);
	enum progress_mode simple = progress_choose(false);
	setenv("PRODIGY_PROGRESS_MODE", "none", 1);
	enum progress_mode none = progress_choose(false);
	unsetenv("PRODIGY_PROGRESS_MODE");
	setenv("NO_COLOR", "1", 1);
	enum progress_mode colourless = progress_choose(false);
	setenv("NO_COLOR", "", 1);
	enum progress_mode empty = progress_choose(false);
	setenv("TERM", "dumb", 1);
	enum progress_mode dumb = progress_choose(false);
	unsetenv("TERM");
	enum progress_mode nameless = progress_choose(false);
	setenv("TERM", "xterm", 1);
	set_size(39, 24);
	enum progress_mode narrow = progress_choose(false);
	set_size(40, 24);
	enum progress_mode least = progress_choose(false);
	set_size(0, 0);
	enum progress_mode unknown = progress_choose(false);
	close_screen(&screen);
	open_pipe(&screen);
	enum progress_mode piped = progress_choose(false);
	close_screen(&screen);
	tap_ok(live == PROGRESS_LIVE, "a terminal has live progress");
	tap_ok(quiet == PROGRESS_NONE, "unless it is to be quiet");
	tap_ok(simple == PROGRESS_PLAIN, "or plain lines are wished for");
	tap_ok(none == PROGRESS_NONE, "or nothing is");
	tap_ok(colourless == PROGRESS_PLAIN, "NO_COLOR means plain lines");
	tap_ok(empty == PROGRESS_LIVE, "an empty NO_COLOR means nothing");
	tap_ok(dumb == PROGRESS_PLAIN, "a dumb terminal has plain lines");
	tap_ok(nameless == PROGRESS_PLAIN, "and so has one without a name");
	tap_ok(narrow == PROGRESS_PLAIN, "39 columns are too few");
	tap_ok(least == PROGRESS_LIVE, "40 columns are enough");
	tap_ok(unknown == PROGRESS_LIVE, "an unknown width is taken for 80");
	tap_ok(piped == PROGRESS_PLAIN, "a pipe has plain lines");
}

int
main(void)
{
	clock_set_source(fake_clock);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	test_live();
	test_lines_between();
	test_no_items_live();
	test_fit(false);
	test_fit(true);
	test_same_agent();
	test_slots();
	test_plain();
	test_output();
	test_none();
	test_choice();
	return tap_done();
}
