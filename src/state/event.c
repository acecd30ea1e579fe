/* SPDX-License-Identifier: MIT */
/* Writing the event log of a job. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "data/json.h"
#include "state/event.h"

#define BUFFER_LIMIT 65536
#define WAITING_LIMIT ((size_t)1024 * 1024)
#define HOST_SIZE 256

/* scripts/check-docs compares it with docs/FORMATS.md and with the sources. */
static const char *const event_types[] = {
	"job_started",
	"job_completed",
	"job_failed",
	"job_paused",
	"map_phase_started",
	"map_phase_completed",
	"reduce_phase_started",
	"reduce_phase_completed",
	"agent_started",
	"agent_completed",
	"agent_failed",
	"agent_stopped",
	"step_started",
	"step_completed",
	"worktree_created",
	"worktree_merged",
	"worktree_cleaned",
	"merge_started",
	"merge_completed",
	"merge_conflict",
	"merge_conflict_resolved",
	"merge_conflict_unresolved",
	"dlq_item_added",
	"checkpoint_created",
	"checkpoint_failed",
	"admission_reduced",
	"users_side_changed",
	"waiting",
	"control",
	"claude_session_started",
	"claude_message",
	"claude_tool_invoked",
	"claude_token_usage",
	"claude_api_retry",
	"claude_rate_limit",
};

bool
event_is_known(const char *type)
{
	for (size_t i = 0; i < COUNT_OF(event_types); i++)
		if (strcmp(event_types[i], type) == 0)
			return true;
	return false;
}

static void
add_snake_case(struct str *out, const char *type)
{
	for (const char *c = type; *c != '\0'; c++) {
		bool upper = isupper((unsigned char)*c) != 0;
		bool word = upper && c > type && !isupper((unsigned char)c[-1]);
		if (word && out->len > 0 && out->data[out->len - 1] != '_')
			str_add_char(out, '_');
		str_add_char(
		    out, *c == '-' ? '_' : (char)tolower((unsigned char)*c));
	}
}

char *
event_canonical_type(const char *type)
{
	struct str out = { 0 };
	add_snake_case(&out, type);
	if (text_starts_with(str_text(&out), "d_l_q_")) {
		char *fixed = mem_format("dlq_%s", out.data + 6);
		str_release(&out);
		return fixed;
	}
	return str_take(&out);
}

static char *
host_name(void)
{
	char host[HOST_SIZE];
	if (gethostname(host, sizeof(host)) != 0)
		return mem_text("unknown");
	host[sizeof(host) - 1] = '\0';
	return mem_text(host);
}

bool
event_open(struct event_log *log, const char *dir, const char *correlation_id,
    struct error *err)
{
	char stamp[CLOCK_STAMP_SIZE];
	*log = (struct event_log){ .fd = -1 };
	if (!path_make_dirs(dir, err))
		return false;
	log->path = mem_format("%s/events-%s-%ld.jsonl", dir,
	    clock_stamp(clock_wall(), stamp), (long)getpid());
	log->correlation_id = mem_text(correlation_id);
	log->host = host_name();
	log->fd = file_open_append(log->path, err);
	return log->fd >= 0;
}

/* What comes many times in a second may wait for company. */
static bool
is_frequent(const char *type)
{
	return text_starts_with(type, "claude_") ||
	    text_starts_with(type, "step_") ||
	    strcmp(type, "merge_started") == 0 ||
	    strcmp(type, "merge_completed") == 0 ||
	    strcmp(type, "agent_progress") == 0 ||
	    text_starts_with(type, "worktree_") ||
	    strcmp(type, "agent_started") == 0;
}

void
event_emit(struct event_log *log, const char *type, json_t *members)
{
	char id[ID_UUID_SIZE];
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	if (members == NULL)
		members = json_object();
	json_set_text(members, "event_type", type);
	autojson json_t *event = json_pack(
	    "{s:s, s:s, s:o, s:o, s:{s:o, s:i, s:s}}", "id", id_uuid(id),
	    "timestamp", clock_rfc3339(clock_wall(), now), "correlation_id",
	    json_text(log->correlation_id == NULL ? "" : log->correlation_id),
	    "event", members, "metadata", "host",
	    json_text(log->host == NULL ? "" : log->host), "pid", (int)getpid(),
	    "thread", "main");
	json_compact(event, &text, false);
	/* People look at this file in a terminal. */
	text_visible_json(&log->buffer, str_text(&text), text.len);
	str_add_char(&log->buffer, '\n');
	if (!is_frequent(type) || log->on_growth != NULL ||
	    log->buffer.len > BUFFER_LIMIT)
		event_flush(log);
}

static bool
write_rest(struct event_log *log, struct error *err)
{
	while (log->written < log->buffer.len) {
		ssize_t n = write(log->fd, log->buffer.data + log->written,
		    log->buffer.len - log->written);
		if (n >= 0)
			log->written += (size_t)n;
		else if (errno != EINTR)
			return error_system(err, "writing %s", log->path);
	}
	return true;
}

/* Of what waits, only the line stays of which a part was written. */
static void
drop_waiting(struct event_log *log)
{
	size_t keep = 0;
	if (log->written > 0 && log->buffer.data[log->written - 1] != '\n') {
		const char *end = memchr(log->buffer.data + log->written, '\n',
		    log->buffer.len - log->written);
		if (end != NULL)
			keep = (size_t)(end - log->buffer.data) + 1;
	} else {
		keep = log->written;
	}
	str_cut(&log->buffer, keep);
	log->has_lost = true;
}

/*
 * What cannot be written waits for the next time: a disk that was full for a
 * while loses nothing, and a line that was cut is continued where it ends.
 */
void
event_flush(struct event_log *log)
{
	struct error err = { 0 };
	if (log->fd < 0 || write_rest(log, &err)) {
		str_clear(&log->buffer);
		log->written = 0;
		if (!log->has_lost)
			error_release(&log->failure);
		if (log->on_growth != NULL)
			log->on_growth(log->growth_arg);
		return;
	}
	if (!log->has_lost) {
		error_release(&log->failure);
		error_move(&log->failure, &err);
	}
	error_release(&err);
	if (log->buffer.len > WAITING_LIMIT)
		drop_waiting(log);
}

void
event_close(struct event_log *log)
{
	event_flush(log);
	if (log->fd >= 0)
		close(log->fd);
	free(log->path);
	free(log->correlation_id);
	free(log->host);
	str_release(&log->buffer);
	error_release(&log->failure);
	*log = (struct event_log){ .fd = -1 };
}

/* --- reading ---------------------------------------------------------- */

#define BLOCK ((size_t)65536)

/* A file being read, with the event that stands first in it. */
struct event_source {
	FILE *file;
	const char *path; /* borrowed */
	bool backwards;
	struct str held; /* forwards: a line; backwards: those to come */
	uint64_t start; /* backwards: where held begins in the file */
	bool cut; /* backwards: the last line of held has lost its front */
	json_t *next; /* NULL: at its end */
	int64_t time; /* of next, in ms */
};

/* --- the files -------------------------------------------------------- */

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The event files of a folder, oldest first. */
static bool
list_files(const char *dir, struct strv *paths, struct error *err)
{
	autostrv struct strv names = { 0 };
	if (!path_list(dir, &names, err))
		return false;
	for (size_t i = 0; i < names.n; i++)
		if (text_starts_with(names.items[i], "events-") &&
		    strstr(names.items[i], ".jsonl") != NULL)
			strv_give(paths, path_join(dir, names.items[i]));
	if (paths->n > 0)
		qsort(paths->items, paths->n, sizeof(*paths->items),
		    compare_texts);
	return true;
}

/* --- lines ------------------------------------------------------------ */

/* A whole line without its newline. */
struct event_line {
	const char *text; /* NULL: there is none any more */
	size_t len;
	bool cut; /* it is too long to be an event */
};

/* At the end there may be a part of a line, which is still being written. */
static bool
line_forwards(struct event_source *source, struct event_line *line,
    struct event_tally *tally, struct error *err)
{
	uint64_t n =
	    file_read_line(source->file, EVENT_LINE_LIMIT, &source->held);
	size_t held = source->held.len;
	tally->bytes += n;
	if (ferror(source->file) != 0)
		return error_system(err, "reading");
	line->cut = n > held;
	if (!line->cut && (n == 0 || source->held.data[held - 1] != '\n'))
		return true;
	line->text = source->held.data;
	line->len = line->cut ? held : held - 1;
	return true;
}

/*
 * Reads what stands before the held bytes: at least as much as they are, so
 * that the time for a line of many blocks grows with its length only.
 */
static bool
read_before(
    struct event_source *source, struct event_tally *tally, struct error *err)
{
	struct str grown = { 0 };
	size_t want = source->held.len > BLOCK ? source->held.len : BLOCK;
	if (want > source->start)
		want = (size_t)source->start;
	source->start -= want;
	if (!file_read_at(
		fileno(source->file), source->start, want, &grown, err)) {
		str_release(&grown);
		return false;
	}
	tally->bytes += want;
	str_add_n(&grown, source->held.data, source->held.len);
	str_release(&source->held);
	source->held = grown;
	return true;
}

/*
 * How many of the held bytes, but for the last ones behind them, end with the
 * last newline among them. More is read until there is one or the file begins;
 * of a line that is too long its end is forgotten meanwhile.
 */
static bool
find_end(struct event_source *source, size_t behind, size_t *end,
    struct event_tally *tally, struct error *err)
{
	for (;;) {
		size_t limit = source->held.len - behind;
		const char *found =
		    limit == 0 ? NULL : memrchr(source->held.data, '\n', limit);
		*end =
		    found == NULL ? 0 : (size_t)(found - source->held.data) + 1;
		if (found != NULL || source->start == 0)
			return true;
		if (limit > EVENT_LINE_LIMIT) {
			str_drop(&source->held, limit);
			source->cut = true;
		}
		if (!read_before(source, tally, err))
			return false;
	}
}

/* The line before those given out. */
static bool
line_backwards(struct event_source *source, struct event_line *line,
    struct event_tally *tally, struct error *err)
{
	size_t end;
	if (source->held.len == 0 && source->start == 0)
		return true;
	/* The held bytes end with the newline of the line that is asked for. */
	source->cut = false;
	if (!find_end(source, source->held.len > 0, &end, tally, err))
		return false;
	if (source->held.len == 0)
		return true;
	line->text = source->held.data + end;
	line->len = source->held.len - end - 1;
	line->cut = source->cut;
	source->held.len = end;
	return true;
}

/* --- events ----------------------------------------------------------- */

static bool
is_event(const json_t *json, int64_t *time)
{
	const char *when = json_get_text(json, "timestamp");
	return when != NULL && clock_parse_rfc3339(when, time) &&
	    json_get_text(json_get(json, "event"), "event_type") != NULL;
}

static bool
next_line(struct event_source *source, struct event_line *line,
    struct event_tally *tally, struct error *err)
{
	*line = (struct event_line){ .text = NULL };
	return source->backwards ? line_backwards(source, line, tally, err)
				 : line_forwards(source, line, tally, err);
}

/* Moves on to the next whole event. */
static bool
find_next(
    struct event_source *source, struct event_tally *tally, struct error *err)
{
	for (;;) {
		autoerror struct error ignored = { 0 };
		struct event_line line;
		if (!next_line(source, &line, tally, err))
			return false;
		if (line.text == NULL)
			return true;
		if (line.len == 0 && !line.cut)
			continue;
		if (!line.cut)
			source->next = json_load_record(
			    line.text, line.len, "event", &ignored);
		if (is_event(source->next, &source->time))
			return true;
		json_decref(source->next);
		source->next = NULL;
		tally->malformed++;
	}
}

/* A file that cannot be read any more is told, and has no more events. */
static void
advance(struct event_source *source, struct event_tally *tally)
{
	autoerror struct error why = { 0 };
	json_decref(source->next);
	source->next = NULL;
	if (!find_next(source, tally, &why)) {
		error_wrap(&why, "%s", source->path);
		strv_add(&tally->unread, error_text(&why));
	}
}

/* Leaves out a last line that is still being written. */
static bool
find_last_line(
    struct event_source *source, struct event_tally *tally, struct error *err)
{
	struct stat st;
	size_t end;
	if (fstat(fileno(source->file), &st) != 0)
		return error_system(err, "reading events");
	source->backwards = true;
	source->start = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	if (!find_end(source, 0, &end, tally, err))
		return false;
	source->held.len = end;
	return true;
}

static bool
try_to_open(struct event_source *source, bool backwards,
    struct event_tally *tally, struct error *err)
{
	int fd = file_open_regular(source->path, err);
	if (fd < 0)
		return false;
	source->file = fdopen(fd, "r");
	if (source->file == NULL) {
		error_system(err, "reading %s", source->path);
		close(fd);
		return false;
	}
	return !backwards || find_last_line(source, tally, err) ||
	    error_wrap(err, "%s", source->path);
}

/* A file may have been removed since it was listed. */
static void
open_source(
    struct event_source *source, bool backwards, struct event_tally *tally)
{
	autoerror struct error why = { 0 };
	if (try_to_open(source, backwards, tally, &why))
		advance(source, tally);
	else if (why.code != ENOENT)
		strv_add(&tally->unread, error_text(&why));
}

static void
close_source(struct event_source *source)
{
	if (source->file != NULL)
		fclose(source->file);
	json_decref(source->next);
	str_release(&source->held);
}

/*
 * Which event comes next. Of those at one time the first file's comes first,
 * and so the last file's when it is read from the end.
 */
static struct event_source *
choose(struct event_source *sources, size_t n, bool backwards)
{
	struct event_source *best = NULL;
	for (size_t i = 0; i < n; i++) {
		struct event_source *s = &sources[i];
		if (s->next != NULL &&
		    (best == NULL ||
			(backwards ? s->time >= best->time
				   : s->time < best->time)))
			best = s;
	}
	return best;
}

static bool
read_merged(const char *dir, bool backwards, event_read_fn *fn, void *arg,
    struct event_tally *tally, struct error *err)
{
	autostrv struct strv paths = { 0 };
	*tally = (struct event_tally){ 0 };
	if (!list_files(dir, &paths, err))
		return false;
	struct event_source *sources = mem_array(paths.n, sizeof(*sources));
	for (size_t i = 0; i < paths.n; i++) {
		sources[i].path = paths.items[i];
		open_source(&sources[i], backwards, tally);
	}
	struct event_source *source;
	while ((source = choose(sources, paths.n, backwards)) != NULL &&
	    fn(source->next, arg))
		advance(source, tally);
	for (size_t i = 0; i < paths.n; i++)
		close_source(&sources[i]);
	free(sources);
	return true;
}

void
event_tally_release(struct event_tally *tally)
{
	strv_release(&tally->unread);
}

bool
event_read(const char *dir, event_read_fn *fn, void *arg,
    struct event_tally *tally, struct error *err)
{
	return read_merged(dir, false, fn, arg, tally, err);
}

bool
event_read_backwards(const char *dir, event_read_fn *fn, void *arg,
    struct event_tally *tally, struct error *err)
{
	return read_merged(dir, true, fn, arg, tally, err);
}
