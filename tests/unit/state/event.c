/* SPDX-License-Identifier: MIT */
/* Events: their envelope, when they are written, and reading them merged. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "base/text.h"
#include "data/json.h"
#include "scratch.h"
#include "state/event.h"

struct types {
	struct str text;
	size_t limit;
	size_t n;
};

static bool
collect(const json_t *event, void *arg)
{
	struct types *types = arg;
	str_format(&types->text, "%s ",
	    json_get_text(json_get(event, "event"), "event_type"));
	return ++types->n != types->limit;
}

static void
count_growths(void *arg)
{
	size_t *growths = arg;
	(*growths)++;
}

static size_t
size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static void
test_writing(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("writing/deep");
	struct event_log log;
	size_t growths = 0;
	struct event_tally tally = { .malformed = 9 };
	tap_ok(event_open(&log, dir, "session-1", &err),
	    "a log is opened in a folder that is made");
	event_emit(&log, "job_started", json_pack("{s:s}", "job_id", "j"));
	size_t size = size_of(log.path);
	tap_ok(size > 0, "an event that matters is written at once");
	event_emit(&log, "claude_message", NULL);
	tap_ok(size_of(log.path) == size, "an event that comes often waits");
	event_flush(&log);
	tap_ok(size_of(log.path) > size,
	    "an event that waits is written by a flush");
	size = size_of(log.path);
	autofree char *long_text = mem_zalloc(70001);
	memset(long_text, 'x', 70000);
	event_emit(
	    &log, "claude_message", json_pack("{s:s}", "content", long_text));
	tap_ok(size_of(log.path) > size + 70000,
	    "events that wait are written when there is much of them");
	log.on_growth = count_growths;
	log.growth_arg = &growths;
	event_emit(&log, "claude_message", NULL);
	event_emit(&log, "agent_started", NULL);
	tap_is_int((long long)growths, 2,
	    "somebody who follows the file gets each event at once");
	event_close(&log);
	struct types types = { 0 };
	tap_ok(event_read(dir, collect, &types, &tally, &err),
	    "a log that was written can be read");
	tap_is_text(str_text(&types.text),
	    "job_started claude_message claude_message claude_message "
	    "agent_started ",
	    "events are read in the order they were written");
	tap_is_int((long long)tally.malformed, 0,
	    "a log that was written has no malformed line");
	str_release(&types.text);
}

static bool
check_envelope(const json_t *event, void *arg)
{
	bool *good = arg;
	const json_t *metadata = json_get(event, "metadata");
	*good = strlen(json_get_text(event, "id")) == 36 &&
	    json_get_text(event, "timestamp") != NULL &&
	    strcmp(json_get_text(event, "correlation_id"), "s") == 0 &&
	    json_get_int(metadata, "pid", 0) == getpid() &&
	    json_get_text(metadata, "host") != NULL &&
	    json_get_text(metadata, "thread") != NULL;
	return true;
}

static void
test_envelope(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("envelope");
	struct event_log log;
	struct event_tally tally;
	bool good = false;
	if (!event_open(&log, dir, "s", &err))
		BUG("%s", error_text(&err));
	event_emit(&log, "job_completed",
	    json_pack("{s:s%}", "text", "\xc3\xa4", (size_t)2));
	event_close(&log);
	tap_ok(event_read(dir, check_envelope, &good, &tally, &err) && good,
	    "an event has all members of its envelope");
}

static void
add_event(struct str *out, const char *when, const char *type)
{
	str_format(out,
	    "{\"timestamp\":\"2025-01-01T00:00:%sZ\",\"event\":{"
	    "\"event_type\":\"%s\"}}\n",
	    when, type);
}

static void
test_merging(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("merging");
	autofree char *a = path_join(dir, "events-1-1.jsonl");
	autofree char *b = path_join(dir, "events-2-1.jsonl");
	autofree char *c = path_join(dir, "events-3-1.jsonl");
	autofree char *other = path_join(dir, "index.json");
	autostr struct str text = { 0 };
	struct event_tally tally = { 0 };
	mkdir(dir, 0700);
	add_event(&text, "01.000", "a");
	str_add(&text, "not json\n\n{\"timestamp\":1}\n");
	add_event(&text, "04.000", "d");
	str_add(&text, "{\"timestamp\":\"2025-01-01T00:00:09Z\",\"ev");
	scratch_write(a, text.data, text.len);
	str_clear(&text);
	add_event(&text, "02.000", "b");
	add_event(&text, "03.500", "c");
	add_event(&text, "05.000", "e");
	scratch_write(b, text.data, text.len);
	scratch_write(c, "", 0);
	scratch_write(other, "{}", 2);
	struct types types = { 0 };
	tap_ok(event_read(dir, collect, &types, &tally, &err),
	    "the files of a folder are read together");
	tap_is_text(str_text(&types.text), "a b c d e ",
	    "events of several files are read in the order of their times");
	tap_is_int((long long)tally.malformed, 2,
	    "malformed lines are counted, a torn one is not");
	str_clear(&types.text);
	types = (struct types){ .text = types.text, .limit = 2 };
	tap_ok(event_read(dir, collect, &types, &tally, &err),
	    "a reading that is stopped has not failed");
	tap_is_text(str_text(&types.text), "a b ",
	    "a reading that is stopped gives no more events");
	str_release(&types.text);
	autofree char *none = scratch_path("none");
	types = (struct types){ 0 };
	tap_ok(event_read(none, collect, &types, &tally, &err) && types.n == 0,
	    "a folder that is missing has no events");
}

/* What waits for a disk that stays full has a bound, and is told as lost. */
static void
test_too_much_waits(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("waiting");
	struct event_log log;
	struct types types = { 0 };
	struct event_tally tally = { 0 };
	size_t most = 0;
	char bytes[4096];
	memset(bytes, 'x', sizeof(bytes));
	if (!event_open(&log, dir, "s", &err))
		BUG("%s", error_text(&err));
	int good = log.fd;
	log.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	for (int i = 0; i < 1000; i++) {
		event_emit(&log, "agent_failed",
		    json_pack("{s:s%}", "error", bytes, sizeof(bytes)));
		most = log.buffer.len > most ? log.buffer.len : most;
		/* As if a part of the first line had come through. */
		if (i == 0) {
			log.written = 6;
			if (write(good, log.buffer.data, 6) != 6)
				BUG("write");
		}
	}
	close(log.fd);
	log.fd = good;
	tap_ok(most < 2 * 1024 * 1024, "what waits has a bound");
	event_emit(&log, "job_completed", NULL);
	tap_is_int((int)log.failure.kind, ERROR_NO_SPACE,
	    "that events are lost is not forgotten");
	event_close(&log);
	tap_ok(event_read(dir, collect, &types, &tally, &err),
	    "the file can be read all the same");
	tap_ok(text_starts_with(str_text(&types.text), "agent_failed ") &&
		text_ends_with(str_text(&types.text), " job_completed "),
	    "the line that was cut and what came last are there");
	tap_is_int((long long)tally.malformed, 0, "no line is damaged");
	str_release(&types.text);
}

/* A full disk never fails the job, and loses nothing if it ends. */
static void
test_failing_writes(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("failing");
	struct event_log log;
	struct types types = { 0 };
	struct event_tally tally = { 0 };
	if (!event_open(&log, dir, "s", &err))
		BUG("%s", error_text(&err));
	int good = log.fd;
	event_emit(&log, "job_started", NULL);
	log.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	event_emit(&log, "agent_failed", NULL);
	event_emit(&log, "agent_failed", NULL);
	close(log.fd);
	log.fd = good;
	tap_is_int((int)log.failure.kind, ERROR_NO_SPACE,
	    "a write that fails is remembered: %s", error_text(&log.failure));
	/* As if a part of the line had come through. */
	if (write(good, log.buffer.data, 6) != 6)
		BUG("write");
	log.written = 6;
	event_emit(&log, "job_completed", NULL);
	tap_is_int((int)log.failure.kind, ERROR_NONE,
	    "once all is written there is no failure");
	event_close(&log);
	tap_ok(event_read(dir, collect, &types, &tally, &err),
	    "the file can be read");
	tap_is_text(str_text(&types.text),
	    "job_started agent_failed agent_failed job_completed ",
	    "what waited is written later, each event once");
	tap_is_int((long long)tally.malformed, 0, "no line is cut or empty");
	str_release(&types.text);
	autofree char *blocked = path_join(dir, "x");
	scratch_write(blocked, "", 0);
	autofree char *below = path_join(blocked, "y");
	tap_ok(!event_open(&log, below, "s", &err),
	    "a log in a folder that cannot be made is refused");
	event_emit(&log, "job_started", NULL);
	event_close(&log);
	tap_ok(fcntl(0, F_GETFD) != -1,
	    "closing a log that was never open closes nothing");
}

static void
test_types(void)
{
	static const char *const names[][2] = {
		{ "agent_failed", "agent_failed" },
		{ "AgentFailed", "agent_failed" },
		{ "agent-failed", "agent_failed" },
		{ "d_l_q_item_added", "dlq_item_added" },
		{ "dlq_item_added", "dlq_item_added" },
		{ "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		autofree char *type = event_canonical_type(names[i][0]);
		tap_is_text(type, names[i][1],
		    "the type '%s' has its canonical spelling", names[i][0]);
	}
}

/* --- from the end ----------------------------------------------------- */

/* What a reading gave: the messages of the events, in its order. */
struct given {
	struct strv texts;
	size_t limit; /* 0: all */
};

static bool
keep(const json_t *event, void *arg)
{
	struct given *given = arg;
	strv_add(
	    &given->texts, json_get_text(json_get(event, "event"), "message"));
	return given->texts.n != given->limit;
}

/* Numbers that look random and are the same each time. */
static unsigned
draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

/*
 * Lines of all lengths, some longer than the blocks of the reader, in the
 * order of their times; several events have the same time. torn leaves the
 * last line without its end.
 */
static size_t
generate(const char *path, unsigned *seed, unsigned lines, unsigned longest,
    bool torn)
{
	autostr struct str text = { 0 };
	unsigned ms = 0;
	for (unsigned i = 0; i < lines; i++) {
		ms += draw(seed, 3);
		if (draw(seed, 10) == 0)
			str_add(&text, draw(seed, 2) ? "\n" : "no event\n");
		str_format(&text,
		    "{\"timestamp\":\"2025-01-01T00:00:%02u.%03uZ\",\"event\":{"
		    "\"event_type\":\"x\",\"message\":\"%s %u %0*u\"}}\n",
		    ms / 1000, ms % 1000, path_name(path), i,
		    (int)draw(seed, longest) + 1, 7u);
	}
	if (torn)
		str_format(&text, "{\"timestamp\":\"%0*u", (int)longest, 1u);
	scratch_write(path, text.data == NULL ? "" : text.data, text.len);
	return text.len;
}

/* Whether back is the end of forth, turned round. */
static bool
is_tail(const struct given *forth, const struct given *back)
{
	size_t n = forth->texts.n;
	size_t want = back->limit == 0 || back->limit > n ? n : back->limit;
	if (back->texts.n != want)
		return false;
	for (size_t i = 0; i < want; i++)
		if (strcmp(forth->texts.items[n - 1 - i],
			back->texts.items[i]) != 0)
			return false;
	return true;
}

static bool
gives_the_same(const char *dir, size_t limit)
{
	autoerror struct error err = { 0 };
	struct event_tally ahead, behind;
	struct given forth = { .limit = 0 };
	struct given back = { .limit = limit };
	bool same = event_read(dir, keep, &forth, &ahead, &err) &&
	    event_read_backwards(dir, keep, &back, &behind, &err) &&
	    is_tail(&forth, &back) &&
	    (limit != 0 || ahead.malformed == behind.malformed) &&
	    behind.malformed <= ahead.malformed;
	strv_release(&forth.texts);
	strv_release(&back.texts);
	return same;
}

static void
test_backwards(void)
{
	static const unsigned longest[] = { 1, 300, 65536 * 2, 300000 };
	static const unsigned lines[] = { 0, 1, 2, 40 };
	unsigned seed = 6;
	for (unsigned i = 0; i < COUNT_OF(longest) * COUNT_OF(lines); i++) {
		unsigned length = longest[i % COUNT_OF(longest)];
		unsigned n = lines[i / COUNT_OF(longest)];
		autofree char *name = mem_format("backwards-%u", i);
		autofree char *dir = scratch_path(name);
		mkdir(dir, 0700);
		for (unsigned file = 0; file < 3; file++) {
			autofree char *base =
			    mem_format("events-%u.jsonl", file);
			autofree char *path = path_join(dir, base);
			generate(path, &seed, n + file, length, file == i % 4);
		}
		tap_ok(gives_the_same(dir, 0) && gives_the_same(dir, 1) &&
			gives_the_same(dir, 7),
		    "the end is the same from both sides: "
		    "%u lines of up to %u bytes",
		    n, length);
	}
}

static void
test_only_the_end(void)
{
	autoerror struct error err = { 0 };
	autofree char *dir = scratch_path("end");
	autofree char *path = path_join(dir, "events-1.jsonl");
	struct event_tally tally;
	struct given given = { .limit = 10 };
	unsigned seed = 1;
	mkdir(dir, 0700);
	size_t size = generate(path, &seed, 20000, 200, false);
	tap_ok(size > 2000000 &&
		event_read_backwards(dir, keep, &given, &tally, &err) &&
		given.texts.n == 10,
	    "the last ten events of a large file are found");
	tap_is_int((long long)tally.bytes, 65536,
	    "the last ten events cost one block of the file, not the whole");
	strv_release(&given.texts);
	tap_ok(
	    event_read(dir, keep, &given, &tally, &err) && tally.bytes < 65536,
	    "a reading of ten events from the start costs one block");
	strv_release(&given.texts);
}

/* --- what is no log --------------------------------------------------- */

#define HOLE ((off_t)128 * 1024 * 1024)

static bool
reads(const char *dir, bool backwards, struct types *types,
    struct event_tally *tally)
{
	autoerror struct error err = { 0 };
	*types = (struct types){ 0 };
	bool ok = backwards
	    ? event_read_backwards(dir, collect, types, tally, &err)
	    : event_read(dir, collect, types, tally, &err);
	return ok;
}

static void
test_unreadable(bool backwards, const char *way)
{
	autofree char *name = mem_format("unreadable-%s", way);
	autofree char *dir = scratch_path(name);
	autofree char *good = path_join(dir, "events-2.jsonl");
	autofree char *fifo = path_join(dir, "events-1.jsonl");
	autofree char *device = path_join(dir, "events-3.jsonl");
	autofree char *folder = path_join(dir, "events-4.jsonl");
	autostr struct str text = { 0 };
	struct event_tally tally;
	struct types types;
	mkdir(dir, 0700);
	add_event(&text, "01.000", "a");
	scratch_write(good, text.data, text.len);
	if (mkfifo(fifo, 0600) != 0 || symlink("/dev/zero", device) != 0 ||
	    mkdir(folder, 0700) != 0)
		BUG("%s cannot be filled", dir);
	tap_ok(reads(dir, backwards, &types, &tally),
	    "%s: what is no file does not end the reading", way);
	tap_is_text(str_text(&types.text), "a ",
	    "%s: the events of the others are read", way);
	tap_is_int((long long)tally.unread.n, 3,
	    "%s: a FIFO, a device and a folder are told", way);
	if (tally.unread.n == 3)
		tap_ok(strstr(tally.unread.items[0], fifo) != NULL &&
			strstr(tally.unread.items[1], device) != NULL,
		    "%s: a file that cannot be read is told by its name", way);
	event_tally_release(&tally);
	str_release(&types.text);
}

static long
peak_kib(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* The address sanitizer keeps so much of what is freed. */
#ifdef __SANITIZE_ADDRESS__
#define QUARANTINE_KIB (256L * 1024)
#else
#define QUARANTINE_KIB 0L
#endif

/* A line of zeros stands before, between and behind the events. */
static void
test_endless_lines(bool backwards, const char *way)
{
	autofree char *name = mem_format("endless-%s", way);
	autofree char *dir = scratch_path(name);
	autofree char *path = path_join(dir, "events-1.jsonl");
	autostr struct str text = { 0 };
	struct event_tally tally;
	struct types types;
	mkdir(dir, 0700);
	str_add_char(&text, '\n');
	add_event(&text, "01.000", "a");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 1; i <= 2; i++)
		if (pwrite(fd, text.data, text.len, HOLE * i) < 0)
			BUG("no file of holes");
	if (ftruncate(fd, HOLE * 3) != 0)
		BUG("no file of holes");
	close(fd);
	long before = peak_kib();
	tap_ok(reads(dir, backwards, &types, &tally) && tally.unread.n == 0,
	    "%s: lines of %ld MiB do not end the reading", way,
	    (long)(HOLE >> 20));
	tap_ok(peak_kib() - before <
		3 * (long)(EVENT_LINE_LIMIT >> 10) + QUARANTINE_KIB,
	    "%s: a line that is too long is never held as a whole (%ld KiB)",
	    way, peak_kib() - before);
	tap_is_text(str_text(&types.text), "a a ",
	    "%s: the events between them are read", way);
	tap_ok(tally.malformed >= 2, "%s: the long lines are counted", way);
	event_tally_release(&tally);
	str_release(&types.text);
}

int
main(void)
{
	json_init();
	test_writing();
	test_envelope();
	test_merging();
	test_failing_writes();
	test_too_much_waits();
	test_types();
	test_backwards();
	test_only_the_end();
	test_unreadable(false, "forwards");
	test_unreadable(true, "backwards");
	test_endless_lines(false, "forwards");
	test_endless_lines(true, "backwards");
	scratch_done();
	return tap_done();
}
