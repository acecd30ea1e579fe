/* SPDX-License-Identifier: MIT */
/* Opening a journal again, with its torn end put aside. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "state/journal.h"

/* Kept, for whoever wants to know what was lost. */
static bool
keep_tail(const struct journal *journal, uint64_t from, uint64_t len,
    struct error *err)
{
	char stamp[CLOCK_STAMP_SIZE];
	autostr struct str tail = { 0 };
	autofree char *aside = mem_format(
	    "%s.torn-%s", journal->path, clock_stamp(clock_wall(), stamp));
	return file_read_at(journal->fd, from, (size_t)len, &tail, err) &&
	    file_replace(aside, str_text(&tail), tail.len, err);
}

static bool
cut_tail(struct journal *journal, struct error *err)
{
	if (ftruncate(journal->fd, (off_t)journal->size) != 0)
		return error_system(err, "cutting the torn end");
	return file_sync(journal->fd, err);
}

static bool
repair(struct journal *journal, struct error *err)
{
	struct stat st;
	if (fstat(journal->fd, &st) != 0)
		return error_system(err, "looking at it");
	uint64_t size = (uint64_t)st.st_size;
	if (size < journal->size)
		return error_set(err, ERROR_STATE,
		    "it is shorter than what was read from it");
	return size == journal->size ||
	    (keep_tail(journal, journal->size, size - journal->size, err) &&
		cut_tail(journal, err));
}

bool
journal_reopen(struct journal *journal, const char *path,
    const struct journal_report *report, struct error *err)
{
	*journal = (struct journal){
		.path = mem_text(path),
		.last_crc = report->last_crc,
		.size = report->valid_bytes,
	};
	journal->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (journal->fd < 0)
		return error_system(err, "opening journal %s", path);
	return repair(journal, err) || error_wrap(err, "journal %s", path);
}
