/* SPDX-License-Identifier: MIT */
/*
 * Storage that fails while a map phase is on: what is acknowledged, who is
 * stopped, and what the map says. The calls that write are replaced by ones
 * that fail where a test wants it, so that no disk has to be full.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "harness.h"
#include "run/map.h"
#include "state/journal.h"

#define COMMIT "sed -i '1s/.*/one/' file; git commit -qam one"
#define ITEM(script, end) "{\"do\": \"" script "\", \"end\": \"" end "\"}"

#define ANY ITEM(":", "ok")
#define SIX "[" ANY ", " ANY ", " ANY ", " ANY ", " ANY ", " ANY "]"

/* --- calls that fail -------------------------------------------------- */

static struct fault {
	const char *bytes; /* a write that holds them fails; NULL: none does */
	int code; /* with this errno */
	bool for_ever; /* all writes to that descriptor fail from then on */
	bool until_reserve; /* ... until the reserve is given up */
	int fd; /* the descriptor that failed; -1: none did */
	unsigned failed; /* calls that failed */
	bool sync; /* syncs of the journal fail */
	unsigned syncs_after; /* syncs of the journal after the first failure */
	bool sync_all; /* syncs of the file system with the objects fail */
} fault;
static struct harness *current;

static bool
must_fail(int fd, const void *bytes, size_t n)
{
	if (fault.bytes == NULL)
		return false;
	if (fault.until_reserve && fault.failed > 0 &&
	    current->sup.recorder.reserve < 0)
		return false;
	if (fault.for_ever && fault.fd == fd)
		return true;
	return memmem(bytes, n, fault.bytes, strlen(fault.bytes)) != NULL &&
	    (fault.for_ever || fault.failed == 0);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	if (fd > STDERR_FILENO && must_fail(fd, bytes, n)) {
		fault.fd = fd;
		fault.failed++;
		errno = fault.code;
		return -1;
	}
	return syscall(SYS_write, fd, bytes, n);
}

int
fdatasync(int fd)
{
	bool is_journal =
	    current != NULL && fd == current->sup.recorder.journal.fd;
	if (!fault.sync || !is_journal)
		return (int)syscall(SYS_fdatasync, fd);
	if (fault.failed > 0)
		fault.syncs_after++;
	fault.failed++;
	errno = EIO;
	return -1;
}

int
syncfs(int fd)
{
	if (!fault.sync_all)
		return (int)syscall(SYS_syncfs, fd);
	fault.failed++;
	errno = EIO;
	return -1;
}

int
fsync(int fd)
{
	if (!fault.sync_all)
		return (int)syscall(SYS_fsync, fd);
	fault.failed++;
	errno = EIO;
	return -1;
}

static void
forget_faults(void)
{
	fault = (struct fault){ .fd = -1 };
}

/* --- what was recorded ------------------------------------------------ */

static void
open_harness(struct harness *harness, unsigned max_parallel, const char *items)
{
	forget_faults();
	current = NULL;
	harness_open(harness, max_parallel);
	harness_items(harness, items);
	current = harness;
}

static void
close_harness(struct harness *harness)
{
	forget_faults();
	current = NULL;
	harness_close(harness);
}

struct journal_ops {
	const char *op;
	size_t n;
};

static bool
count_op(const json_t *record, const struct journal_place *place, void *arg,
    struct error *err)
{
	struct journal_ops *ops = arg;
	(void)place;
	(void)err;
	if (strcmp(json_get_text(record, "op"), ops->op) == 0)
		ops->n++;
	return true;
}

/* How often the journal has a record; it must be whole. */
static size_t
recorded(const struct harness *harness, const char *op)
{
	autoerror struct error err = { 0 };
	struct journal_ops ops = { .op = op };
	struct journal_report report;
	if (!journal_replay(harness->sup.recorder.journal.path, count_op, &ops,
		&report, &err))
		tap_ok(false, "%s", error_text(&err));
	tap_is_int((long long)report.torn_bytes, 0,
	    "no part of a record stands at the end of the journal");
	return ops.n;
}

static size_t
events_of(const struct harness *harness, const char *type)
{
	autofree char *script =
	    mem_format("cat \"$PRODIGY_HOME\"/events/repo/*/*.jsonl |"
		       " grep -c '\"event_type\":\"%s\"' || :",
		type);
	autofree char *n = harness_sh(harness, script);
	return (size_t)strtoul(n, NULL, 10);
}

/* --- a full disk ------------------------------------------------------ */

struct moment {
	const char *name;
	const char *items;
	const char *bytes; /* what cannot be written */
	const char *op; /* what must not be in the journal then */
	const char *waits; /* the transition after it, which must not come */
};

static const struct moment moments[] = {
	{ "an item without commits", "[" ITEM(":", "ok") "]", "\"op\":\"done\"",
	    "done", "done -> done" },
	{ "an item that is ready", "[" ITEM(COMMIT, "ok") "]",
	    "\"op\":\"ready\"", "ready", "ready -> ready" },
	{ "an item that is merged", "[" ITEM(COMMIT, "ok") "]",
	    "\"op\":\"merged\"", "merged", "done -> done" },
	{ "an item that has failed", "[" ITEM(":", "fail") "]",
	    "\"op\":\"fail\"", "fail", "failed -> failed" },
};

static void
test_full(const struct moment *moment)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, moment->items);
	fault.bytes = moment->bytes;
	fault.code = ENOSPC;
	fault.for_ever = true;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_NO_SPACE,
	    "a full disk, %s: the map ends for want of space", moment->name);
	tap_ok(strstr(error_text(&err), "journal-v0.jsonl") != NULL &&
		strstr(error_text(&err), "No space left on device") != NULL,
	    "a full disk, %s: the error names the journal", moment->name);
	tap_ok(!harness_saw(&harness, moment->waits),
	    "a full disk, %s: it is not told that it is recorded",
	    moment->name);
	tap_is_int((long long)recorded(&harness, moment->op), 0,
	    "a full disk, %s: the journal does not have it", moment->name);
	tap_is_int((long long)events_of(&harness, "agent_completed"), 0,
	    "a full disk, %s: no event says that it is done", moment->name);
	tap_is_int((long long)events_of(&harness, "agent_failed"), 0,
	    "a full disk, %s: no event says that it failed", moment->name);
	close_harness(&harness);
}

/* The pause can be recorded with what was kept back for it. */
static void
test_reserve(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, SIX);
	tap_ok(harness.sup.recorder.reserve >= 0, "space is kept back");
	fault.bytes = "\"op\":\"done\"";
	fault.code = ENOSPC;
	fault.for_ever = fault.until_reserve = true;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_NO_SPACE,
	    "the map ends although the reserve had room");
	tap_is_int(fault.failed, 1, "the record is written at the second try");
	tap_ok(harness.sup.recorder.reserve < 0, "the reserve is given up");
	autofree char *left =
	    harness_sh(&harness, "find \"$PRODIGY_HOME\" -name reserve");
	tap_is_text(left, "", "and its file is gone");
	tap_ok(recorded(&harness, "done") > 0,
	    "what the reserve had room for is recorded");
	tap_ok(
	    harness_saw(&harness, "item_0: done -> done"), "and acknowledged");
	tap_ok(harness.starts < 6, "but no more items are started");
	close_harness(&harness);
}

/* --- while another agent is at work ----------------------------------- */

static int gate = -1;

/* Item 1 ends once the agent of item 0 is at work. */
#define TOGETHER(end, script)                                                  \
	"[" ITEM("echo >\\\"$MET\\\"; " script, end) ", " ITEM(                \
	    "read go <\\\"$MET\\\"", "ok") "]"

static void
make_fifo(const struct harness *harness, const char *name)
{
	autofree char *path = path_join(harness->root, name);
	if (mkfifo(path, 0600) != 0)
		BUG("no fifo");
	setenv(name, path, 1);
}

static void
open_gate(void *arg)
{
	struct harness *harness = arg;
	if (write(gate, "\n", 1) != 1)
		BUG("no gate");
	map_refill_later(harness->sup.map);
}

static void
test_full_with_agent(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 2, TOGETHER("ok", "read go <\\\"$GATE\\\""));
	make_fifo(&harness, "MET");
	make_fifo(&harness, "GATE");
	gate = open(getenv("GATE"), O_RDWR | O_CLOEXEC);
	harness.sup.recorder.on_failure = open_gate;
	fault.bytes = "\"op\":\"done\"";
	fault.code = ENOSPC;
	fault.for_ever = true;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_NO_SPACE,
	    "a full disk while an agent is at work ends the map");
	tap_ok(harness_saw(&harness, "item_0: running -> collecting"),
	    "but not before the agent has ended by itself");
	tap_ok(!harness_saw(&harness, "(recorded: forget)"),
	    "and no item is told that it is recorded");
	close(gate);
	close_harness(&harness);
}

static void
test_sync_with_agent(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 2, TOGETHER("hang", ""));
	make_fifo(&harness, "MET");
	fault.sync = true;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_STORAGE,
	    "a failed sync while an agent is at work ends the map");
	tap_ok(
	    harness_saw(&harness, "item_0: running -> pending (cancelled: let"),
	    "the agent is stopped");
	tap_ok(!harness_saw(&harness, "(recorded: forget)"),
	    "and no item is told that it is recorded after a failed sync");
	close_harness(&harness);
}

/* --- syncs that fail -------------------------------------------------- */

static void
test_sync(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, SIX);
	fault.sync = true;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_STORAGE,
	    "a failed sync of the journal is a failure of storage");
	tap_ok(strstr(error_text(&err), "journal-v0.jsonl") != NULL,
	    "and the error names the journal");
	tap_ok(harness.starts < 6, "no more items are started after it");
	recorder_snapshot(&harness.sup.recorder, "Shutdown");
	recorder_session(&harness.sup.recorder, SESSION_FAILED, "storage");
	tap_ok(!recorder_flush(&harness.sup.recorder),
	    "nothing is recorded after it");
	tap_is_int(fault.syncs_after, 0, "the journal is never synced again");
	tap_is_int((long long)events_of(&harness, "checkpoint_created"), 1,
	    "no snapshot is taken of what may not be there");
	close_harness(&harness);
}

static void
fail_syncs(struct harness *harness)
{
	(void)harness;
	fault.sync_all = true;
}

/* The commits of an agent, or the merge of them, cannot be made durable. */
static void
test_objects(const char *when, const char *op, const char *name)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, "[" ITEM(COMMIT, "ok") "]");
	harness.when = when;
	harness.deed = fail_syncs;
	bool ok = harness_map(&harness, &err);
	tap_ok(
	    !ok && err.kind == ERROR_STORAGE, "%s: storage has failed", name);
	tap_ok(strstr(error_text(&err), "syncing") != NULL,
	    "%s: the error says what failed", name);
	forget_faults();
	recorder_flush(&harness.sup.recorder);
	tap_is_int((long long)recorded(&harness, op), 0,
	    "%s: nothing is recorded that needs them", name);
	tap_is_int((long long)events_of(&harness, "agent_completed"), 0,
	    "%s: no event says that it is done", name);
	close_harness(&harness);
}

/* --- what a job can do without ---------------------------------------- */

static void
test_spool(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, "[" ITEM(":", "ok") "]");
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(null, harness.sup.recorder.spool.fd);
	close(null);
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind != ERROR_CANCELLED &&
		strstr(error_text(&err), SPOOL_NAME) != NULL,
	    "an item that cannot be read ends the map: %s", error_text(&err));
	tap_is_int(harness.starts, 0, "without an agent");
	close_harness(&harness);
}

static void
test_snapshot(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, "[" ITEM(":", "ok") "]");
	struct recorder *recorder = &harness.sup.recorder;
	char *job_dir = recorder->job_dir;
	recorder->job_dir = mem_text("/dev/null/job");
	recorder_snapshot(recorder, "Interval");
	free(recorder->job_dir);
	recorder->job_dir = job_dir;
	tap_ok(strstr(str_text(&harness.log), "writing a checkpoint") != NULL,
	    "a snapshot that cannot be written is a warning");
	tap_ok(harness_map(&harness, &err), "and the job goes on");
	tap_is_int((long long)harness_status(&harness, 0), JOB_ITEM_DONE,
	    "to its end");
	event_flush(&recorder->events);
	tap_is_int((long long)events_of(&harness, "checkpoint_failed"), 1,
	    "an event tells of a snapshot that failed");
	close_harness(&harness);
}

static void
test_session(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, "[" ITEM(":", "ok") "]");
	struct session *session = &harness.sup.recorder.session;
	char *path = session->path;
	session->path = mem_text("/dev/null/session.json");
	recorder_session(&harness.sup.recorder, SESSION_RUNNING, NULL);
	free(session->path);
	session->path = path;
	tap_ok(strstr(str_text(&harness.log), "saving the session: ") != NULL,
	    "a session that cannot be saved is a warning");
	tap_ok(harness_map(&harness, &err), "without it the map goes on");
	close_harness(&harness);
}

static void
test_events(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	char name[] = "/tmp/prodigy log.XXXXXX";
	int log = mkstemp(name);
	int saved = dup(STDERR_FILENO);
	char text[4096] = "";
	dup2(log, STDERR_FILENO);
	open_harness(&harness, 1, "[" ITEM(":", "ok") ", " ITEM(":", "ok") "]");
	int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	dup2(full, harness.sup.recorder.events.fd);
	close(full);
	bool ok = harness_map(&harness, &err);
	bool told = strstr(str_text(&harness.log), "events") != NULL;
	close_harness(&harness);
	dup2(saved, STDERR_FILENO);
	close(saved);
	if (pread(log, text, sizeof(text) - 1, 0) < 0)
		BUG("no log");
	close(log);
	unlink(name);
	tap_ok(ok && !told, "events that cannot be written stop no job");
	const char *said = strstr(text, "some events could not be written: ");
	tap_ok(said != NULL && strstr(said, "No space left on device") != NULL,
	    "they are told at its end");
	tap_ok(said != NULL && strstr(said + 1, "some events") == NULL,
	    "and once");
}

/* --- dead letters ----------------------------------------------------- */

static void
test_full_dead_letter(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, "[" ITEM(":", "fail") "]");
	fault.bytes = "\"failure_history\"";
	fault.code = ENOSPC;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_NO_SPACE,
	    "a dead letter without space ends the map");
	tap_is_int((long long)recorded(&harness, "fail"), 0,
	    "a failure without its dead letter is not recorded");
	tap_ok(harness_status(&harness, 0) != JOB_ITEM_FAILED,
	    "so that a resume repeats it");
	close_harness(&harness);
}

/* A failure that nobody would find is repeated by a resume. */
static void
test_no_dead_letter(int code)
{
	const char *why = strerror(code);
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1,
	    "[" ITEM(":", "ok") ", " ITEM(":", "fail") ", " ANY "]");
	fault.bytes = "\"failure_history\"";
	fault.code = code;
	tap_ok(!harness_map(&harness, &err) && err.kind == ERROR_SYSTEM,
	    "a dead letter that cannot be written (%s) ends the map", why);
	tap_ok(strstr(error_text(&err), "dead letter of item_1: ") != NULL &&
		strstr(error_text(&err), why) != NULL,
	    "the error names the item, and says why: %s", why);
	tap_is_int(harness.starts, 2, "nothing is started after %s", why);
	tap_is_int((long long)recorded(&harness, "fail"), 0,
	    "the journal has no failure without its letter: %s", why);
	tap_is_int((long long)recorded(&harness, "done"), 1,
	    "the journal has what was done before: %s", why);
	tap_is_int((long long)events_of(&harness, "dlq_item_added"), 0,
	    "no event says that there is a dead letter: %s", why);
	tap_is_int((long long)events_of(&harness, "agent_failed"), 0,
	    "no event says that the item has failed: %s", why);
	tap_ok(recorder_flush(&harness.sup.recorder),
	    "the pause can be recorded: %s", why);
	close_harness(&harness);
}

/* The commit of a merge is written through a file of ours. */
static void
test_full_merge(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1, "[" ITEM(COMMIT, "ok") "]");
	fault.bytes = "Prodigy-Item: item_0";
	fault.code = ENOSPC;
	bool ok = harness_map(&harness, &err);
	tap_ok(!ok && err.kind == ERROR_NO_SPACE,
	    "a merge without space ends the map");
	tap_is_int((long long)harness_status(&harness, 0), JOB_ITEM_READY,
	    "a merge without space leaves its item to a resume");
	tap_is_int((long long)recorded(&harness, "fail"), 0,
	    "a merge without space is no failure of its item");
	close_harness(&harness);
}

/* --- a transaction whose answer is lost ------------------------------- */

/*
 * A git before the real one, whose update-ref is killed when it is told to:
 * before anything of the next transaction was passed on ("all"), or when it was
 * about to say that it is committed ("late"), and with it all git to come
 * ("git"). By then the refs have moved.
 */
static const char losing_git[] =
    "#!/bin/sh\n"
    "case \"$*\" in *update-ref*--stdin*) ;; *) exec \"$GIT\" \"$@\" ;; esac\n"
    "\"$GIT\" \"$@\" | while read -r line; do\n"
    "	part=$(cat \"$LOSE\" 2>&-)\n"
    "	case $part,$line in\n"
    "	?*,'commit: ok')\n"
    "		rm \"$LOSE\"\n"
    "		if [ $part = git ]; then\n"
    "			printf '#!/bin/sh\\nexit 129\\n' >\"$0.new\"\n"
    "			chmod 700 \"$0.new\"\n"
    "			mv \"$0.new\" \"$0\"\n"
    "		fi\n"
    "		kill -KILL 0 ;;\n"
    "	all,*) ;;\n"
    "	*) echo \"$line\" ;;\n"
    "	esac\n"
    "done\n";

static const char *lost_part;

static void
lose_answer(struct harness *harness)
{
	autofree char *script = mem_format("printf %s >\"$LOSE\"", lost_part);
	free(harness_sh(harness, script));
}

static void
find_losing_git(const struct harness *harness)
{
	autoerror struct error err = { 0 };
	autofree char *git = harness_sh(harness, "command -v git");
	autofree char *dir = path_join(harness->root, "bin");
	autofree char *path = path_join(dir, "git");
	autofree char *marker = path_join(harness->root, "lose");
	autofree char *search = mem_format("%s:%s", dir, getenv("PATH"));
	if (!path_make_dirs(dir, &err) ||
	    !file_replace(path, losing_git, strlen(losing_git), &err) ||
	    chmod(path, 0700) != 0)
		BUG("no git of our own");
	setenv("GIT", git, 1);
	setenv("LOSE", marker, 1);
	setenv("PATH", search, 1);
}

static void
test_lost_answer(const char *part)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *search = mem_text(getenv("PATH"));
	open_harness(&harness, 1, "[" ITEM(COMMIT, "ok") "]");
	find_losing_git(&harness);
	lost_part = part;
	harness.when = "ready -> merging";
	harness.deed = lose_answer;
	tap_ok(harness_map(&harness, &err),
	    "%s answer lost: the map goes on: %s", part, error_text(&err));
	setenv("PATH", search, 1);
	tap_is_int((long long)harness_status(&harness, 0), JOB_ITEM_DONE,
	    "%s answer lost: what the map ref has is merged", part);
	tap_is_int((long long)recorded(&harness, "merged"), 1,
	    "%s answer lost: the journal has the merge", part);
	tap_is_int((long long)recorded(&harness, "fail"), 0,
	    "%s answer lost: the journal has no failure", part);
	tap_ok(strstr(str_text(&harness.log),
		   "but what was merged is published") != NULL,
	    "%s answer lost: it is told", part);
	autofree char *lost = harness_sh(&harness, "ls \"$LOSE\" 2>&1 || :");
	tap_ok(strstr(lost, "No such file") != NULL,
	    "%s answer lost: the answer was lost indeed", part);
	autofree char *letters = harness_sh(
	    &harness, "find \"$PRODIGY_HOME\"/dlq -type f 2>&- || :");
	tap_is_text(
	    letters, "", "%s answer lost: there is no dead letter", part);
	autofree char *item = harness_sh(&harness,
	    "git log -1 --format='%(trailers:key=Prodigy-Item)' $MAP");
	tap_ok(strstr(item, "item_0") != NULL,
	    "%s answer lost: the map ref names the item", part);
	close_harness(&harness);
}

/* Nobody can tell whether it is merged: then nothing is recorded. */
static void
test_unknown_outcome(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *search = mem_text(getenv("PATH"));
	open_harness(&harness, 1, "[" ITEM(COMMIT, "ok") "]");
	find_losing_git(&harness);
	lost_part = "git";
	harness.when = "ready -> merging";
	harness.deed = lose_answer;
	bool ok = harness_map(&harness, &err);
	setenv("PATH", search, 1);
	tap_ok(!ok && strstr(error_text(&err), "cannot be told") != NULL,
	    "a merge of which nobody can tell ends the map: %s",
	    error_text(&err));
	forget_faults();
	recorder_flush(&harness.sup.recorder);
	tap_is_int((long long)(recorded(&harness, "merged") +
		       recorded(&harness, "fail")),
	    0, "it is recorded neither as merged nor as failed");
	close_harness(&harness);
}

int
main(int argc, char **argv)
{
	harness_init(argc, argv);
	forget_faults();
	for (size_t i = 0; i < COUNT_OF(moments); i++)
		test_full(&moments[i]);
	test_reserve();
	test_full_with_agent();
	test_sync_with_agent();
	test_sync();
	test_objects("-> ready (has commits", "ready",
	    "commits that cannot be made durable");
	test_objects("ready -> merging", "merged",
	    "a merge that cannot be made durable");
	test_full_dead_letter();
	test_no_dead_letter(EIO);
	test_no_dead_letter(EACCES);
	test_full_merge();
	test_lost_answer("late");
	test_lost_answer("all");
	test_unknown_outcome();
	test_spool();
	test_snapshot();
	test_session();
	test_events();
	return tap_done();
}
