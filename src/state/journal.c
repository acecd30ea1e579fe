/* SPDX-License-Identifier: MIT */
/* Appending to the journal of a job. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "state/journal.h"

bool
journal_create(struct journal *journal, const char *path, json_t *header,
    struct error *err)
{
	autofree char *dir = path_parent(path);
	*journal = (struct journal){ .fd = -1, .path = mem_text(path) };
	journal->fd = open(path,
	    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (journal->fd < 0) {
		json_decref(header);
		return error_system(err, "creating journal %s", path);
	}
	journal_add(journal, header, NULL);
	return journal_flush(journal, true, err) && file_sync_dir(dir, err);
}

void
journal_add(
    struct journal *journal, json_t *record, struct journal_place *place)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str line = { 0 };
	json_set_text(record, "t", clock_rfc3339(clock_wall(), now));
	json_compact(record, &line, false);
	json_decref(record);
	str_cut(&line, line.len - 1); /* the brace comes back at the end */
	str_format(&line, ",\"prev\":\"%08x\"", journal->last_crc);
	journal->last_crc = digest_crc32c(0, line.data, line.len);
	str_format(&line, ",\"crc\":\"%08x\"}\n", journal->last_crc);
	if (place != NULL)
		*place = (struct journal_place){
			.offset = journal->size + journal->buffer.len,
			.len = (uint32_t)line.len,
		};
	str_add_str(&journal->buffer, &line);
}

static bool
write_buffer(struct journal *journal, struct error *err)
{
	if (journal->buffer.len == 0)
		return true;
	if (!file_write_all(
		journal->fd, journal->buffer.data, journal->buffer.len, err)) {
		/* A part of a record must not stay in front of the rest. */
		if (ftruncate(journal->fd, (off_t)journal->size) != 0 ||
		    err->kind != ERROR_NO_SPACE) {
			journal->broken = true;
			err->kind = ERROR_STORAGE;
		}
		return false;
	}
	journal->size += journal->buffer.len;
	str_clear(&journal->buffer);
	journal->unsynced = true;
	return true;
}

bool
journal_flush(struct journal *journal, bool sync, struct error *err)
{
	if (journal->broken)
		return error_set(err, ERROR_STORAGE,
		    "journal %s: storage failed before", journal->path);
	if (!write_buffer(journal, err))
		return error_wrap(err, "journal %s", journal->path);
	if (!sync || !journal->unsynced)
		return true;
	if (!file_sync(journal->fd, err)) {
		journal->broken = true;
		return error_wrap(err, "journal %s", journal->path);
	}
	journal->unsynced = false;
	return true;
}

json_t *
journal_read(const struct journal *journal, const struct journal_place *place,
    struct error *err)
{
	autostr struct str line = { 0 };
	if (place->offset >= journal->size) {
		/* Not written yet: it waits in the buffer. */
		size_t at = (size_t)(place->offset - journal->size);
		if (at + place->len > journal->buffer.len)
			BUG("a journal place beyond its end");
		str_add_n(&line, journal->buffer.data + at, place->len);
	} else if (!file_read_at(
		       journal->fd, place->offset, place->len, &line, err)) {
		return NULL;
	}
	return json_load_record(str_text(&line), line.len, journal->path, err);
}

void
journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->path);
	str_release(&journal->buffer);
	*journal = (struct journal){ .fd = -1 };
}
