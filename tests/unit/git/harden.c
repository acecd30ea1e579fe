/* SPDX-License-Identifier: MIT */
/*
 * What is made durable, and how: the calls to the system are ours here, so that
 * each file that would be synced is seen, and failures can be had.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_SYNC_FILE_RANGE
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/objects.h"
#include "support.h"

#define PATH_LIMIT 4096

static struct loop *loop;
static struct objects *objects;
static char *dir;

/* --- the system ------------------------------------------------------- */

/* What was asked for, in order: "fsync PATH", "begin PATH", "wait PATH", ... */
static struct strv calls;
static int fsync_errno;
static int range_errno;
static unsigned long fs_type;

/* A path below .git, or its last component if it is none. */
static void
note_call(const char *what, int fd)
{
	char target[PATH_LIMIT];
	autofree char *link = mem_format("/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	const char *below = strstr(target, "/.git/");
	strv_format(&calls, "%s %s", what,
	    below == NULL ? path_name(target) : below + strlen("/.git/"));
}

int
fsync(int fd)
{
	note_call("fsync", fd);
	errno = fsync_errno;
	return fsync_errno == 0 ? 0 : -1;
}

#ifdef HAVE_SYNCFS
int
syncfs(int fd)
{
	note_call("syncfs", fd);
	return 0;
}
#endif

#ifdef HAVE_SYNC_FILE_RANGE
int
sync_file_range(int fd, off64_t from, off64_t to, unsigned flags)
{
	bool waits = (flags & SYNC_FILE_RANGE_WAIT_AFTER) != 0;
	if (from != 0 || to != 0 || (flags & SYNC_FILE_RANGE_WRITE) == 0)
		BUG("not the whole file is written out");
	note_call(waits ? "wait" : "begin", fd);
	errno = range_errno;
	return range_errno == 0 ? 0 : -1;
}

int
statfs(const char *path, struct statfs *fs)
{
	(void)path;
	*fs = (struct statfs){ 0 };
	fs->f_type = (__typeof__(fs->f_type))fs_type;
	return 0;
}
#endif

static size_t
count_calls(const char *what)
{
	size_t n = 0;
	for (size_t i = 0; i < calls.n; i++)
		n += text_starts_with(calls.items[i], what);
	return n;
}

static bool
was_called(const char *what, const char *file)
{
	autofree char *call = mem_format("%s %s", what, file);
	return strv_has(&calls, call);
}

/* --- asking ----------------------------------------------------------- */

struct answer {
	bool done;
	enum error_kind kind;
};

static void
answered(const struct error *err, void *arg)
{
	struct answer *answer = arg;
	answer->done = true;
	answer->kind = err == NULL ? ERROR_NONE : err->kind;
	if (err != NULL)
		tap_note("%s", error_text(err));
}

static void
ask(const char *tip, const char *known, const char *ref, struct answer *answer)
{
	autostrv struct strv ids = { 0 };
	autofree char *script = mem_format("git rev-parse %s", known);
	autofree char *lines = sh_out(dir, script);
	char *rest = lines;
	for (char *line;
	     *known != '\0' && (line = strsep(&rest, "\n")) != NULL;)
		strv_add(&ids, line);
	autofree char *oid = rev(dir, tip);
	const char *const refs[] = { ref, NULL };
	const struct objects_hardening what = {
		.tip = oid,
		.known = (const char *const *)strv_array(&ids),
		.refs = refs,
	};
	*answer = (struct answer){ 0 };
	objects_harden(objects, &what, answered, answer);
}

static enum error_kind
harden(const char *tip, const char *known, const char *ref)
{
	struct answer answer;
	strv_clear(&calls);
	ask(tip, known, ref, &answer);
	turn_until(loop, &answer.done);
	return answer.kind;
}

/* Whether each object of a range was called for, as git lists them. */
static bool
has_objects(const char *what, const char *range)
{
	bool all = true;
	autofree char *script =
	    mem_format("git rev-list --objects %s | cut -d' ' -f1", range);
	autofree char *lines = sh_out(dir, script);
	char *rest = lines;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		autofree char *file =
		    mem_format("objects/%.2s/%s", line, line + 2);
		if (was_called(what, file))
			continue;
		tap_note("%s was not called for %s", what, file);
		all = false;
	}
	return all;
}

/* --- what is made durable --------------------------------------------- */

#ifdef HAVE_SYNC_FILE_RANGE
static void
test_one_sync(void)
{
	tap_is_int(harden("three", "main", "refs/heads/three"), ERROR_NONE,
	    "three commits are made durable");
	tap_ok(has_objects("begin", "main..three"),
	    "the writing of all that they made is begun");
	tap_ok(has_objects("wait", "main..three"),
	    "and waited for, versions in between included");
	tap_ok(was_called("wait", "refs/heads/three"), "the ref is written");
	tap_is_int((long long)count_calls("fsync"), 1, "one sync is enough");
	tap_ok(text_starts_with(
		   calls.items[calls.n - 1], "fsync objects/tmp_obj_"),
	    "it is that of a new file, and comes last");
	size_t n = count_calls("begin objects/");
	tap_ok(text_starts_with(calls.items[n - 1], "begin objects/") &&
		text_starts_with(calls.items[n], "wait objects/"),
	    "no object is waited for before all of them are begun");
	sh(dir, "test -z \"$(ls .git/objects/tmp_* 2>/dev/null)\"");
	harden("three", "three", "refs/heads/three");
	tap_is_int((long long)calls.n, 3, "of what is known only the ref is");
}

static void
test_merges(void)
{
	harden("joined", "three side", "refs/heads/joined");
	tap_ok(has_objects("wait", "joined ^three ^side") &&
		!has_objects("wait", "side"),
	    "of a merge of what is known only its own objects are written");
	harden("joined", "main", "refs/heads/joined");
	tap_ok(has_objects("wait", "main..joined"),
	    "if the other side is not known, its objects are, too");
	harden("stacked", "three side late", "refs/heads/stacked");
	tap_ok(has_objects("wait", "stacked ^three ^side ^late"),
	    "merges upon merges are followed");
	harden("orphan", "main", "refs/heads/orphan");
	tap_ok(has_objects("wait", "orphan"),
	    "a history of its own is written from its root");
}

/* More than one slice of a round, as a rule. */
static void
test_many(void)
{
	sh(dir,
	    "git checkout -q -b many main; mkdir m;"
	    "for i in $(seq 2000); do echo $i > m/$i; done;"
	    "git add m; git commit -qm many; git checkout -q main");
	tap_is_int(harden("many", "main", "refs/heads/many"), ERROR_NONE,
	    "a commit of many files is made durable");
	tap_ok(
	    count_calls("wait objects/") == 2003 && count_calls("fsync") == 1,
	    "each file is written, and one sync is enough");
}

static void
test_sharing(void)
{
	struct answer answers[2];
	strv_clear(&calls);
	ask("three", "main", "refs/heads/three", &answers[0]);
	ask("side", "main", "refs/heads/side", &answers[1]);
	turn_until(loop, &answers[0].done);
	turn_until(loop, &answers[1].done);
	tap_ok(has_objects("wait", "main..three") &&
		has_objects("wait", "main..side"),
	    "both items are written");
	tap_ok(count_calls("fsync") <= 2, "each has one sync at most");
	strv_clear(&calls);
	ask("main", "main", "refs/heads/main", &answers[0]);
	ask("side", "side", "refs/heads/side", &answers[1]);
	turn_until(loop, &answers[0].done);
	tap_ok(answers[1].done && count_calls("fsync") == 1,
	    "requests that wait together share one sync");
}

static enum error_kind
publish(const char *old)
{
	autofree char *tip = rev(dir, "three");
	autofree char *base = rev(dir, "main");
	autofree char *value = rev(dir, old);
	const char *const known[] = { base, NULL };
	const struct ref_change changes[] = {
		{ "refs/prodigy/j/map", tip, value },
		{ .ref = "refs/heads/served" },
	};
	const struct objects_hardening what = {
		.tip = tip,
		.known = known,
		.changes = changes,
		.n_changes = COUNT_OF(changes),
	};
	struct answer answer = { 0 };
	strv_clear(&calls);
	objects_harden(objects, &what, answered, &answer);
	turn_until(loop, &answer.done);
	return answer.kind;
}

/* Where the first of those calls is that begin so, or their number. */
static size_t
find_call(const char *what)
{
	size_t i = 0;
	while (i < calls.n && !text_starts_with(calls.items[i], what))
		i++;
	return i;
}

static void
test_publishing(void)
{
	sh(dir,
	    "git update-ref refs/prodigy/j/map main; git branch served side");
	tap_is_int(publish("side"), ERROR_STATE,
	    "a ref that has another value is not changed");
	autofree char *unmoved = rev(dir, "refs/prodigy/j/map");
	autofree char *base = rev(dir, "main");
	tap_is_text(unmoved, base, "it keeps its value");
	tap_is_int((long long)count_calls("fsync"), 0, "nothing is synced");
	sh(dir, "git rev-parse -q --verify served");
	tap_is_int(publish("main"), ERROR_NONE, "a ref is moved");
	autofree char *moved = rev(dir, "refs/prodigy/j/map");
	autofree char *tip = rev(dir, "three");
	tap_is_text(moved, tip, "it has its new value");
	sh(dir, "! git rev-parse -q --verify served");
	tap_ok(has_objects("wait", "main..three"), "its objects are written");
	size_t n = find_call("begin refs/");
	tap_ok(
	    count_calls("wait objects/") + count_calls("begin objects/") == n,
	    "all of them are, before the ref is there to be written");
	tap_ok(was_called("wait", "refs/prodigy/j/map") &&
		count_calls("fsync") == 1,
	    "then the ref is written, and one sync is for all");
}

/* As on a file system that is not known. */
static void
test_one_by_one(void)
{
	fs_type = 0;
	harden("three", "main", "refs/heads/three");
	tap_ok(has_objects("fsync", "main..three") &&
		was_called("fsync", "refs/heads/three"),
	    "on another file system each file is synced");
	tap_ok(was_called("fsync", "refs/heads") && was_called("fsync", "refs"),
	    "and each directory that leads to it");
	tap_ok(count_calls("begin") + count_calls("wait") == 0,
	    "nothing is only written out there");
	fs_type = BTRFS_SUPER_MAGIC;
	harden("three", "main", "refs/heads/three");
	tap_ok(has_objects("fsync", "main..three") &&
		!was_called("fsync", "refs/heads"),
	    "where that has the names, too, no directory is synced");
	fs_type = EXT4_SUPER_MAGIC;
	range_errno = ENOSYS;
	harden("three", "main", "refs/heads/three");
	tap_ok(has_objects("fsync", "main..three"),
	    "each file is synced where files cannot be written out");
	range_errno = 0;
}

static void
test_failures(void)
{
	struct answer answers[2];
	fsync_errno = EIO;
	ask("three", "main", "refs/heads/three", &answers[0]);
	ask("side", "side", "refs/heads/side", &answers[1]);
	turn_until(loop, &answers[0].done);
	turn_until(loop, &answers[1].done);
	tap_is_int(answers[0].kind, ERROR_STORAGE, "a failed sync is told");
	tap_is_int(answers[1].kind, ERROR_STORAGE, "to all who wait for it");
	fsync_errno = 0;
	range_errno = ENOSPC;
	tap_is_int(harden("three", "main", "refs/heads/three"), ERROR_STORAGE,
	    "a disk that is full when blocks are chosen is a failure");
	tap_is_int(
	    (long long)count_calls("fsync"), 0, "nothing is synced then");
	range_errno = 0;
	tap_is_int(harden("three", "main", "refs/heads/three"), ERROR_NONE,
	    "the next request is one of its own");
}
#endif

#ifdef HAVE_SYNCFS
static void
test_everything(void)
{
	harden("long", "main", "refs/heads/long");
	tap_ok(was_called("syncfs", "objects"),
	    "of a long history the file system is synced");
	tap_is_int((long long)count_calls("wait objects/"), 0,
	    "its objects are not looked for");
	harden("main", "main", "refs/heads/none");
	tap_ok(was_called("syncfs", "objects"),
	    "so it is for a ref that is in no file that is known");
}
#endif

static void
test_packed(void)
{
	sh(dir, "git repack -adq; git pack-refs --all");
	tap_is_int(harden("three", "main", "refs/heads/three"), ERROR_NONE,
	    "objects in a pack are durable");
	tap_ok(!has_objects("fsync", "main..three") &&
		!has_objects("wait", "main..three"),
	    "and are no files");
	tap_ok(was_called("wait", "packed-refs") ||
		was_called("fsync", "packed-refs"),
	    "a packed ref is made durable with all others");
}

static void
test_missing(void)
{
	struct answer answer = { 0 };
	const char *const none[] = { NULL };
	const struct objects_hardening what = {
		.tip = "1111111111111111111111111111111111111111",
		.known = none,
		.refs = none,
	};
	objects_harden(objects, &what, answered, &answer);
	turn_until(loop, &answer.done);
	tap_is_int(answer.kind, ERROR_GIT,
	    "a tip that is missing is no fault "
	    "of the disk");
}

static void
make_history(void)
{
	sh(dir,
	    "git checkout -q -b three;"
	    "for i in 1 2 3; do echo $i > a; echo $i >> d/c;"
	    "mkdir -p n/$i; echo $i > n/$i/x; git add .;"
	    "git commit -qm $i; done; git rm -q n/1/x; git commit -qm rm;"
	    "git checkout -q -b side main; echo s >> b; git commit -qam s;"
	    "git checkout -q -b late main; echo l > l; git add l;"
	    "git commit -qm l;"
	    "git checkout -q -b joined three; git merge -q --no-ff -m j side;"
	    "git checkout -q -b stacked joined;"
	    "git merge -q --no-ff -m s late;"
	    "git checkout -q --orphan orphan; echo o > a; git add a;"
	    "git commit -qm orphan; git checkout -q -f main");
	sh(dir,
	    "(i=0; echo 'reset refs/heads/long'; echo 'from '$(git "
	    "rev-parse main)'^0'; echo;"
	    "while test $i -lt 1200; do echo 'commit refs/heads/long';"
	    "echo 'committer a <a@b> '$((1700000000+i))' +0000';"
	    "echo 'data 0'; echo; i=$((i+1)); done) | git fast-import "
	    "--quiet");
}

int
main(void)
{
	sandbox_begin();
	dir = make_repository("repo");
	make_history();
	loop = loop_new();
	autofree char *scratch = in_sandbox("");
	objects = objects_open(loop, dir, scratch);
#ifdef HAVE_SYNC_FILE_RANGE
	fs_type = EXT4_SUPER_MAGIC;
	test_one_sync();
	test_merges();
	test_many();
	test_sharing();
	test_publishing();
	test_one_by_one();
	test_failures();
#endif
#ifdef HAVE_SYNCFS
	test_everything();
#endif
	test_packed();
	test_missing();
	objects_close(objects);
	loop_free(loop);
	strv_release(&calls);
	free(dir);
	sandbox_end();
	return tap_done();
}
