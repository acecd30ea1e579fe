/* SPDX-License-Identifier: MIT */
/* Live and plain progress on standard error. */
#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/color.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/frame.h"
#include "run/progress.h"

#define REPAINT_MS 250
#define AGENT_LINES 10
#define NARROWEST 40
#define DEFAULT_COLUMNS 80

struct agent_line {
	char *item;
	char *who;
	unsigned slot;
	char *title;
	int64_t since;
};

struct progress {
	struct streams *streams;
	enum progress_mode mode;
	bool ascii;
	bool mapping;
	size_t total;
	size_t done;
	size_t failed;
	size_t running;
	size_t merging;
	int64_t map_start;
	struct agent_line agents[AGENT_LINES];
	size_t n_agents;
	size_t painted; /* live lines on the screen now */
	struct timer *repaint; /* pending while mapping */
};

static size_t
columns_of(int fd)
{
	struct winsize size;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_COLUMNS;
}

static size_t
rows_of(int fd)
{
	struct winsize size;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		return size.ws_row;
	return 24;
}

static bool
terminal_can_repaint(void)
{
	return isatty(STDERR_FILENO) && color_is_allowed() &&
	    columns_of(STDERR_FILENO) >= NARROWEST;
}

enum progress_mode
progress_choose(bool quiet)
{
	const char *wish = getenv("PRODIGY_PROGRESS_MODE");
	if (quiet || (wish != NULL && strcmp(wish, "none") == 0))
		return PROGRESS_NONE;
	if (wish != NULL && strcmp(wish, "simple") == 0)
		return PROGRESS_PLAIN;
	return terminal_can_repaint() ? PROGRESS_LIVE : PROGRESS_PLAIN;
}

/* Takes the live lines off: the cursor stands below the last of them. */
static void
add_erase(struct progress *progress, struct str *out)
{
	if (progress->painted > 0)
		str_format(out, "\033[%zuA\r\033[J", progress->painted);
	progress->painted = 0;
}

static void
add_fitted(struct progress *progress, struct str *out, const char *line)
{
	autostr struct str shown = { 0 };
	text_visible(&shown, line, strlen(line), true);
	text_fit(out, str_text(&shown), columns_of(STDERR_FILENO) - 1,
	    progress->ascii);
	str_add_char(out, '\n');
	progress->painted++;
}

static void
add_expected_end(const struct progress *progress, struct str *line)
{
	size_t ended = progress->done + progress->failed;
	int64_t elapsed = clock_now() - progress->map_start;
	autofree char *so_far = clock_duration_text(elapsed);
	str_format(line, ", %s", so_far);
	if (ended == 0 || ended >= progress->total)
		return;
	int64_t left = (int64_t)((double)elapsed / (double)ended *
	    (double)(progress->total - ended));
	autofree char *to_go = clock_duration_text(left / 1000 * 1000);
	str_format(line, ", about %s to go", to_go);
}

static void
add_status(struct progress *progress, struct str *out)
{
	autostr struct str line = { 0 };
	size_t ended = progress->done + progress->failed;
	str_format(&line, "map %zu/%zu (%zu%%)", ended, progress->total,
	    progress->total == 0 ? 100 : ended * 100 / progress->total);
	str_format(&line, ", %zu running", progress->running);
	if (progress->merging > 0)
		str_format(&line, ", %zu merging", progress->merging);
	if (progress->failed > 0)
		str_format(&line, ", %zu failed", progress->failed);
	add_expected_end(progress, &line);
	add_fitted(progress, out, str_text(&line));
}

static void
add_agents(struct progress *progress, struct str *out)
{
	size_t room = rows_of(STDERR_FILENO);
	for (size_t i = 0; i < progress->n_agents && i + 3 < room; i++) {
		const struct agent_line *agent = &progress->agents[i];
		autofree char *since =
		    clock_duration_text(clock_now() - agent->since);
		autofree char *slot = agent->slot == 0
		    ? mem_text("")
		    : mem_format("%3u", agent->slot);
		autofree char *line = mem_format(
		    "%s  %s  %s  %s", slot, agent->who, since, agent->title);
		add_fitted(progress, out, line);
	}
}

static void
add_live(struct progress *progress, struct str *out)
{
	if (progress->mode != PROGRESS_LIVE || !progress->mapping)
		return;
	add_status(progress, out);
	add_agents(progress, out);
}

/* Takes the live lines off for good, or until something else is written. */
static void
erase(struct progress *progress)
{
	autostr struct str out = { 0 };
	add_erase(progress, &out);
	if (out.len > 0)
		streams_say(progress->streams, out.data, out.len);
}

/* What was left out has painted nothing and erased nothing. */
static void
show(struct progress *progress, const struct str *out, size_t painted)
{
	if (out->len > 0 &&
	    !streams_show(progress->streams, out->data, out->len))
		progress->painted = painted;
}

/* A terminal that is slow gets the next one. */
static void
repaint(void *arg)
{
	struct progress *progress = arg;
	autostr struct str out = { 0 };
	size_t painted = progress->painted;
	if (outlet_is_idle(progress->streams->err)) {
		add_erase(progress, &out);
		add_live(progress, &out);
		show(progress, &out, painted);
	}
	progress->repaint =
	    loop_after(progress->streams->loop, REPAINT_MS, repaint, progress);
}

/* A line that is fit for the terminal, above the live lines. */
static void
add_line(
    struct progress *progress, const char *line, size_t len, struct str *out)
{
	add_erase(progress, out);
	str_add_n(out, line, len);
	add_live(progress, out);
}

/* Of base/log.h. */
static void
log_came(const char *line, size_t len, bool is_detail, void *arg)
{
	struct progress *progress = arg;
	autostr struct str out = { 0 };
	size_t painted = progress->painted;
	add_line(progress, line, len, &out);
	if (is_detail)
		show(progress, &out, painted);
	else
		streams_say(progress->streams, out.data, out.len);
}

struct progress *
progress_new(struct streams *streams, enum progress_mode mode, bool ascii)
{
	struct progress *progress = mem_zalloc(sizeof(*progress));
	progress->streams = streams;
	progress->mode = mode;
	progress->ascii = ascii;
	log_set_writer(log_came, progress);
	return progress;
}

static void
drop_agent(struct progress *progress, size_t index)
{
	free(progress->agents[index].item);
	free(progress->agents[index].who);
	free(progress->agents[index].title);
	progress->n_agents--;
	memmove(&progress->agents[index], &progress->agents[index + 1],
	    (progress->n_agents - index) * sizeof(progress->agents[0]));
}

void
progress_map_end(struct progress *progress)
{
	timer_remove(progress->repaint);
	progress->repaint = NULL;
	progress->mapping = false;
	erase(progress);
	while (progress->n_agents > 0)
		drop_agent(progress, progress->n_agents - 1);
}

void
progress_free(struct progress *progress)
{
	if (progress == NULL)
		return;
	progress_map_end(progress);
	log_set_writer(NULL, NULL);
	free(progress);
}

PRINTF_LIKE(2, 0)
static void
say(struct progress *progress, const char *fmt, va_list args)
{
	autostr struct str line = { 0 };
	autostr struct str shown = { 0 };
	autostr struct str out = { 0 };
	size_t painted = progress->painted;
	str_vformat(&line, fmt, args);
	text_visible(&shown, str_text(&line), line.len, false);
	str_add_char(&shown, '\n');
	add_line(progress, shown.data, shown.len, &out);
	show(progress, &out, painted);
}

void
progress_say(struct progress *progress, const char *fmt, ...)
{
	if (progress->mode == PROGRESS_NONE)
		return;
	va_list args;
	va_start(args, fmt);
	say(progress, fmt, args);
	va_end(args);
}

void
progress_say_item(struct progress *progress, const char *fmt, ...)
{
	if (progress->mode != PROGRESS_PLAIN)
		return;
	va_list args;
	va_start(args, fmt);
	say(progress, fmt, args);
	va_end(args);
}

void
progress_say_failed(
    struct progress *progress, const char *item, const char *why)
{
	autostr struct str shown = { 0 };
	autostr struct str out = { 0 };
	autofree char *head = mem_format("%s failed", item);
	if (progress->mode == PROGRESS_NONE)
		return;
	color_add(&shown, STDERR_FILENO, COLOR_BAD, head);
	str_add(&shown, ": ");
	text_visible(&shown, why, strlen(why), false);
	str_add_char(&shown, '\n');
	add_line(progress, shown.data, shown.len, &out);
	streams_say(progress->streams, out.data, out.len);
}

void
progress_say_step(struct progress *progress, const char *who,
    const struct steps *steps, const json_t *frame, bool with_end)
{
	const struct step *step = frame_step_of(frame, steps);
	const char *state = json_get_text(frame, "state");
	if (step == NULL)
		return;
	const size_t number = (size_t)(step - steps->items) + 1;
	const char *title = json_get_text(frame, "title");
	autofree char *took = clock_duration_text(json_get_int(frame, "ms", 0));
	if (strcmp(state, "start") == 0)
		progress_say(
		    progress, "%s [%zu/%zu]: %s", who, number, steps->n, title);
	else if (strcmp(state, "skipped") == 0)
		progress_say(progress, "%s [%zu/%zu] skipped: %s", who, number,
		    steps->n, title);
	else if (with_end)
		progress_say(progress, "%s [%zu/%zu] ended with %lld (%s)", who,
		    number, steps->n, json_get_int(frame, "rc", 0), took);
}

void
progress_output(struct progress *progress, const char *label, const char *text)
{
	autofree char *copy = mem_text(text);
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0' || rest != NULL)
			progress_say(progress, "  %s%s%s",
			    label == NULL ? "" : label,
			    label == NULL ? "" : ": ", line);
}

void
progress_map(struct progress *progress, size_t total)
{
	progress->mapping = true;
	progress->total = total;
	progress->map_start = clock_now();
	if (progress->mode == PROGRESS_LIVE)
		repaint(progress);
}

void
progress_counts(struct progress *progress, size_t done, size_t failed,
    size_t running, size_t merging)
{
	progress->done = done;
	progress->failed = failed;
	progress->running = running;
	progress->merging = merging;
}

static size_t
find_agent(const struct progress *progress, const char *item)
{
	size_t i = 0;
	while (i < progress->n_agents &&
	    strcmp(progress->agents[i].item, item) != 0)
		i++;
	return i;
}

void
progress_agent_gone(struct progress *progress, const char *item)
{
	size_t i = find_agent(progress, item);
	if (i < progress->n_agents)
		drop_agent(progress, i);
}

/* Makes room for a new row in the order of the slots. */
static struct agent_line *
insert_agent(struct progress *progress, const struct progress_row *row)
{
	size_t i = progress->n_agents;
	while (i > 0 && progress->agents[i - 1].slot > row->slot)
		i--;
	memmove(&progress->agents[i + 1], &progress->agents[i],
	    (progress->n_agents - i) * sizeof(progress->agents[0]));
	progress->n_agents++;
	progress->agents[i] = (struct agent_line){
		.item = mem_text(row->item),
		.who = mem_text(row->who),
		.slot = row->slot,
		.since = clock_now(),
	};
	return &progress->agents[i];
}

void
progress_agent(struct progress *progress, const struct progress_row *row)
{
	if (progress->mode != PROGRESS_LIVE)
		return;
	size_t i = find_agent(progress, row->item);
	if (i == AGENT_LINES)
		return;
	struct agent_line *agent = i == progress->n_agents
	    ? insert_agent(progress, row)
	    : &progress->agents[i];
	free(agent->title);
	agent->title = mem_text(row->title);
}
