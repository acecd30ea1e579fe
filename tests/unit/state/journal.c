/* SPDX-License-Identifier: MIT */
/*
 * The journal under damage: whatever happens to its bytes, what is read back
 * is a prefix of what was written, a bad end is repaired, and damage in the
 * middle is refused.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "scratch.h"
#include "state/journal.h"

#define RECORDS 20

/* The journal of the damage tests, and where its lines start. */
static struct str whole;
static size_t starts[RECORDS + 2];

static char *copy_path;

struct seen {
	size_t n;
	bool in_order;
};

static bool
see(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	struct seen *seen = arg;
	(void)err;
	if (json_get_int(record, "n", -1) != (int64_t)seen->n ||
	    place->offset != starts[seen->n])
		seen->in_order = false;
	seen->n++;
	return true;
}

static void
write_whole(void)
{
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path("whole.jsonl");
	struct journal journal;
	if (!journal_create(&journal, path,
		scratch_json("{\"op\":\"journal\",\"n\":0}"), &err))
		BUG("%s", error_text(&err));
	for (int i = 1; i < RECORDS; i++)
		journal_add(&journal,
		    json_pack("{s:s, s:i, s:{s:s}}", "op", "done", "n", i,
			"result", "output", "a {\"b\"} c"),
		    NULL);
	if (!journal_flush(&journal, true, &err))
		BUG("%s", error_text(&err));
	journal_close(&journal);
	scratch_read(path, &whole);
	size_t line = 0;
	for (size_t i = 0; i < whole.len; i++)
		if (whole.data[i] == '\n')
			starts[++line] = i + 1;
	tap_is_int(
	    (long long)line, RECORDS, "a journal has one line for each record");
}

enum outcome {
	WHOLE, /* all records, nothing torn */
	REPAIRED, /* a prefix of the records, the rest torn */
	REFUSED,
	WRONG,
};

static enum outcome
replay_bytes(const char *bytes, size_t len, size_t *records)
{
	autoerror struct error err = { 0 };
	struct journal_report report;
	struct seen seen = { .in_order = true };
	scratch_write(copy_path, bytes, len);
	bool ok = journal_replay(copy_path, see, &seen, &report, &err);
	*records = seen.n;
	if (!seen.in_order || seen.n > RECORDS)
		return WRONG;
	if (!ok)
		return err.kind == ERROR_STATE ? REFUSED : WRONG;
	if (report.valid_bytes + report.torn_bytes != len ||
	    report.valid_bytes != starts[seen.n])
		return WRONG;
	return report.torn_bytes == 0 ? WHOLE : REPAIRED;
}

/* The record that byte i belongs to. */
static size_t
record_of(size_t i)
{
	size_t r = 0;
	while (starts[r + 1] <= i)
		r++;
	return r;
}

static void
test_truncation(void)
{
	size_t wrong = 0, records;
	for (size_t len = 0; len < whole.len; len++) {
		enum outcome o = replay_bytes(whole.data, len, &records);
		size_t want = record_of(len);
		bool at_start = starts[want] == len;
		if (o != (at_start ? WHOLE : REPAIRED) || records != want)
			wrong++;
	}
	tap_is_int((long long)wrong, 0,
	    "a journal cut at any of %zu bytes gives the records before",
	    whole.len);
}

static void
test_bit_flips(void)
{
	size_t wrong = 0, repaired = 0, refused = 0, records;
	autostr struct str bytes = { 0 };
	str_add_str(&bytes, &whole);
	for (size_t i = 0; i < whole.len; i++) {
		char flip = (char)(1u << (i % 8));
		bytes.data[i] ^= flip;
		enum outcome o = replay_bytes(bytes.data, bytes.len, &records);
		bytes.data[i] ^= flip;
		size_t r = record_of(i);
		enum outcome want = r == RECORDS - 1 ? REPAIRED : REFUSED;
		if (o != want || records != r) {
			tap_note("byte %zu of record %zu: %d", i, r, (int)o);
			wrong++;
		}
		repaired += o == REPAIRED;
		refused += o == REFUSED;
	}
	tap_is_int((long long)wrong, 0,
	    "a bit flipped in any byte is noticed (%zu repaired, %zu refused)",
	    repaired, refused);
}

static void
test_zero_fill(void)
{
	size_t wrong = 0, records;
	for (size_t i = 0; i < whole.len; i++) {
		autostr struct str bytes = { 0 };
		str_add_str(&bytes, &whole);
		size_t end = (i / 512 + 1) * 512;
		if (end > bytes.len)
			end = bytes.len;
		memset(bytes.data + i, 0, end - i);
		enum outcome o = replay_bytes(bytes.data, bytes.len, &records);
		size_t first = record_of(i);
		bool tail = end > starts[RECORDS - 1];
		if (o != (tail ? REPAIRED : REFUSED) || records != first)
			wrong++;
	}
	tap_is_int((long long)wrong, 0,
	    "zeros from any byte to the end of its block are noticed");
}

static void
add_line(struct str *out, size_t r)
{
	str_add_n(out, whole.data + starts[r], starts[r + 1] - starts[r]);
}

static void
test_moved_lines(void)
{
	size_t wrong = 0, records;
	for (size_t r = 0; r < RECORDS; r++) {
		autostr struct str doubled = { 0 };
		autostr struct str missing = { 0 };
		autostr struct str swapped = { 0 };
		for (size_t i = 0; i < RECORDS; i++) {
			size_t other = i == r ? r + 1 : i == r + 1 ? r : i;
			add_line(&doubled, i);
			if (i == r)
				add_line(&doubled, i);
			else
				add_line(&missing, i);
			if (r + 1 < RECORDS)
				add_line(&swapped, other);
		}
		wrong += replay_bytes(doubled.data, doubled.len, &records) !=
		    REFUSED;
		if (r + 1 == RECORDS)
			continue;
		wrong += replay_bytes(missing.data, missing.len, &records) !=
		    REFUSED;
		wrong += replay_bytes(swapped.data, swapped.len, &records) !=
		    REFUSED;
	}
	tap_is_int((long long)wrong, 0,
	    "lines that are doubled, missing or swapped are refused");
}

/* A line that is whole in itself, but of another journal. */
static void
test_foreign_lines(void)
{
	size_t wrong = 0, records;
	autostr struct str foreign = { 0 };
	str_add(&foreign, "{\"op\":\"done\",\"n\":7,\"prev\":\"0badcafe\"");
	str_format(&foreign, ",\"crc\":\"%08x\"}\n",
	    digest_crc32c(0, foreign.data, foreign.len));
	for (size_t r = 0; r <= RECORDS; r++) {
		autostr struct str bytes = { 0 };
		autostr struct str garbage = { 0 };
		for (size_t i = 0; i <= RECORDS; i++) {
			if (i == r) {
				str_add_str(&bytes, &foreign);
				str_add(&garbage, "{\"op\":\"done\"}\n");
			}
			if (i < RECORDS) {
				add_line(&bytes, i);
				add_line(&garbage, i);
			}
		}
		wrong +=
		    replay_bytes(bytes.data, bytes.len, &records) != REFUSED;
		wrong += replay_bytes(garbage.data, garbage.len, &records) !=
		    (r < RECORDS ? REFUSED : REPAIRED);
	}
	tap_is_int((long long)wrong, 0,
	    "foreign lines, whole or garbage, are refused");
}

static size_t
torn_copies(void)
{
	return scratch_count(scratch_dir());
}

/* A torn end is kept aside, cut, and the journal goes on. */
static void
test_repair(void)
{
	autoerror struct error err = { 0 };
	struct journal journal;
	struct journal_report report;
	struct seen seen = { .in_order = true };
	size_t cut = starts[RECORDS - 1] + 10;
	size_t files = torn_copies();
	scratch_write(copy_path, whole.data, cut);
	tap_ok(journal_replay(copy_path, see, &seen, &report, &err),
	    "a journal with a torn end is read");
	tap_is_int(
	    (long long)report.torn_bytes, 10, "the torn bytes are counted");
	tap_ok(journal_reopen(&journal, copy_path, &report, &err),
	    "a journal with a torn end is opened: %s", error_text(&err));
	tap_is_int((long long)torn_copies(), (long long)files + 1,
	    "the torn bytes are kept in a file of their own");
	journal_add(&journal,
	    json_pack("{s:s, s:i}", "op", "x", "n", RECORDS - 1), NULL);
	tap_ok(journal_flush(&journal, true, &err),
	    "a repaired journal takes records");
	journal_close(&journal);
	seen = (struct seen){ .in_order = true };
	tap_ok(journal_replay(copy_path, see, &seen, &report, &err),
	    "a repaired journal is read: %s", error_text(&err));
	tap_is_int(
	    (long long)seen.n, RECORDS, "a repaired journal has every record");
	tap_ok(seen.in_order, "a repaired journal has its records in order");
	tap_is_int((long long)report.torn_bytes, 0,
	    "a repaired journal has no torn end");
}

static void
test_reopen_refuses(void)
{
	autoerror struct error err = { 0 };
	struct journal journal;
	struct journal_report report = { .valid_bytes = 10 };
	scratch_write(copy_path, "short", 5);
	tap_ok(!journal_reopen(&journal, copy_path, &report, &err),
	    "a journal shorter than what was read is refused");
	journal_close(&journal);
}

static void
test_read_back(void)
{
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path("places.jsonl");
	struct journal journal;
	struct journal_place places[3];
	if (!journal_create(
		&journal, path, json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	for (int i = 0; i < 3; i++) {
		journal_add(&journal, json_pack("{s:i}", "n", i), &places[i]);
		if (i == 1 && !journal_flush(&journal, false, &err))
			BUG("%s", error_text(&err));
	}
	for (int i = 0; i < 3; i++) {
		autojson json_t *record =
		    journal_read(&journal, &places[i], &err);
		tap_is_int(json_get_int(record, "n", -1), i,
		    "record %d is read back", i);
	}
	journal_close(&journal);
	tap_ok(!journal_create(&journal, path, json_object(), &err),
	    "an existing journal is not overwritten");
	journal_close(&journal);
}

/* A write that ends in the middle of a line leaves nothing of it. */
static void
test_partial_write(void)
{
	autoerror struct error err = { 0 };
	autofree char *path = scratch_path("partial.jsonl");
	struct journal journal;
	struct stat st;
	struct rlimit old;
	if (!journal_create(
		&journal, path, json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	getrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = { journal.size + 20, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	journal_add(&journal, json_pack("{s:s}", "op", "too long"), NULL);
	bool wrote = journal_flush(&journal, true, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	tap_ok(!wrote, "a write that fails is an error");
	tap_is_int(
	    (int)err.kind, ERROR_STORAGE, "the error is a failure of storage");
	tap_ok(
	    fstat(journal.fd, &st) == 0 && (uint64_t)st.st_size == journal.size,
	    "nothing of a line that could not be written stays");
	error_release(&err);
	tap_ok(
	    !journal_flush(&journal, true, &err) && err.kind == ERROR_STORAGE,
	    "a journal takes nothing after a failed write");
	journal_close(&journal);
}

static void
test_failed_sync(void)
{
	autoerror struct error err = { 0 };
	int ends[2];
	struct journal journal = { .path = mem_text("pipe") };
	if (pipe(ends) != 0)
		BUG("pipe");
	journal.fd = ends[1]; /* takes bytes, cannot be synced */
	journal_add(&journal, json_pack("{s:s}", "op", "x"), NULL);
	tap_ok(!journal_flush(&journal, true, &err),
	    "a sync that fails is an error");
	tap_is_int(
	    (int)err.kind, ERROR_STORAGE, "the error is a failure of storage");
	error_release(&err);
	journal_add(&journal, json_pack("{s:s}", "op", "y"), NULL);
	tap_ok(
	    !journal_flush(&journal, false, &err) && err.kind == ERROR_STORAGE,
	    "a journal takes nothing after a failed sync");
	journal_close(&journal);
	close(ends[0]);
}

/* A really full disk: nothing partial, and the records go out later. */
static void
test_full_disk(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("disk");
	autofree char *path = path_join(dir, "journal.jsonl");
	autofree char *filler = path_join(dir, "filler");
	autofree char *text = mem_zalloc(65536 + 1);
	struct journal journal;
	struct stat st;
	mkdir(dir, 0700);
	if (mount("none", dir, "tmpfs", 0, "size=64k") != 0) {
		tap_skip("tmpfs cannot be mounted");
		return;
	}
	if (!journal_create(
		&journal, path, json_pack("{s:s}", "op", "journal"), &err))
		BUG("%s", error_text(&err));
	memset(text, 'x', 65536);
	scratch_write(filler, text, 32768);
	text[60000] = '\0';
	journal_add(&journal, json_pack("{s:s}", "op", text), NULL);
	tap_ok(
	    !journal_flush(&journal, true, &err) && err.kind == ERROR_NO_SPACE,
	    "a full disk is an error of its own kind");
	tap_ok(stat(path, &st) == 0 && (uint64_t)st.st_size == journal.size,
	    "nothing of a record stays on a full disk");
	unlink(filler);
	error_release(&err);
	tap_ok(journal_flush(&journal, true, &err),
	    "with room again the record is written: %s", error_text(&err));
	journal_close(&journal);
	umount(dir);
}

int
main(void)
{
	json_init();
	copy_path = scratch_path("copy.jsonl");
	write_whole();
	test_truncation();
	test_bit_flips();
	test_zero_fill();
	test_moved_lines();
	test_foreign_lines();
	test_repair();
	test_reopen_refuses();
	test_read_back();
	test_partial_write();
	test_failed_sync();
	test_full_disk();
	free(copy_path);
	str_release(&whole);
	scratch_done();
	return tap_done();
}
