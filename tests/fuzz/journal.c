/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a journal: what is replayed is whole, and the counts of the
 * report add up to the file.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "state/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool
take(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	size_t *n = arg;
	(void)err;
	if (record == NULL || place->len == 0)
		abort();
	(*n)++;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	autoerror struct error err = { 0 };
	struct journal_report report;
	size_t n = 0;
	char path[] = "/tmp/prodigy-fuzz.XXXXXX";
	int fd = mkstemp(path);
	if (fd < 0 || !file_write_all(fd, bytes, len, &err))
		abort();
	close(fd);
	if (journal_replay(path, take, &n, &report, &err) &&
	    (report.records != n ||
		report.valid_bytes + report.torn_bytes != len))
		abort();
	unlink(path);
	return 0;
}
