/* SPDX-License-Identifier: MIT */
/* Writing the event log of a job. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "state/event.h"

#define BUFFER_LIMIT 65536
#define HOST_SIZE 256

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
	    strcmp(type, "agent_progress") == 0 ||
	    text_starts_with(type, "worktree_") ||
	    strcmp(type, "agent_started") == 0;
}

void
event_emit(struct event_log *log, const char *type, json_t *members)
{
	char id[ID_UUID_SIZE];
	char now[CLOCK_RFC3339_SIZE];
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
	size_t start = log->buffer.len;
	json_compact(event, &log->buffer, false);
	str_add_char(&log->buffer, '\n');
	if (log->tee != NULL)
		log->tee(log->buffer.data + start, log->buffer.len - start,
		    log->tee_arg);
	if (!is_frequent(type) || log->buffer.len > BUFFER_LIMIT)
		event_flush(log);
}

/* What failed before may have left a part of a line. */
static bool
end_partial_line(const struct event_log *log)
{
	return log->failure.kind == ERROR_NONE || write(log->fd, "\n", 1) == 1;
}

void
event_flush(struct event_log *log)
{
	struct error err = { 0 };
	if (log->buffer.len == 0)
		return;
	bool failed = log->fd >= 0 &&
	    (!end_partial_line(log) ||
		!file_write_all(
		    log->fd, log->buffer.data, log->buffer.len, &err));
	if (failed && log->failure.kind == ERROR_NONE)
		error_move(&log->failure, &err);
	error_release(&err);
	str_clear(&log->buffer);
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
