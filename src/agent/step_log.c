/* SPDX-License-Identifier: MIT */
/* Log files of steps. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/step_log.h"
#include "base/file.h"
#include "base/text.h"

static const char cut_line[] = "\n[log cut here: it reached its limit]\n";

void
step_log_begin(struct step_log *log, char *path)
{
	*log = (struct step_log){
		.path = path,
		.limit = STEP_LOG_LIMIT,
	};
}

static bool
open_file(struct step_log *log)
{
	if (log->is_open)
		return true;
	if (log->is_written || log->err.kind != ERROR_NONE)
		return false;
	log->fd = file_open_append(log->path, &log->err);
	log->is_open = log->fd != -1;
	log->is_written = log->is_open;
	return log->is_open;
}

static void
close_file(struct step_log *log)
{
	if (log->is_open)
		close(log->fd);
	log->is_open = false;
}

void
step_log_add(struct step_log *log, const void *bytes, size_t len)
{
	if (len == 0 || !open_file(log))
		return;
	uint64_t room = log->limit - log->len;
	bool is_full = len > room;
	size_t fits = is_full ? text_cut(bytes, len, (size_t)room) : len;
	log->len += fits;
	if (!file_write_all(log->fd, bytes, fits, &log->err) ||
	    (is_full &&
		!file_write_all(
		    log->fd, cut_line, strlen(cut_line), &log->err)) ||
	    is_full)
		close_file(log);
}

char *
step_log_end(struct step_log *log)
{
	char *path = log->path;
	close_file(log);
	error_release(&log->err);
	if (!log->is_written) {
		free(path);
		path = NULL;
	}
	*log = (struct step_log){ 0 };
	return path;
}
