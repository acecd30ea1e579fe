/* SPDX-License-Identifier: MIT */
/* Objects and refs through processes that stay. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"
#include "git/objects.h"
#include "support.h"

#define ZERO "0000000000000000000000000000000000000000"
#define MISSING "1111111111111111111111111111111111111111"

static struct loop *loop;
static struct objects *objects;
static const char *dir;

struct got {
	bool done;
	bool failed;
	enum error_kind kind;
	bool descends;
	int64_t insertions;
	int64_t deletions;
	char tree[GIT_OID_SIZE];
	size_t links;
	struct strv list; /* parents, commits or paths; or one id */
};

static void
take_error(struct got *got, const struct error *err)
{
	got->done = true;
	got->failed = err != NULL;
	got->kind = err != NULL ? err->kind : ERROR_NONE;
	if (err != NULL)
		tap_note("%s", error_text(err));
}

static void
got_commit(const struct commit *commit, const struct error *err, void *arg)
{
	struct got *got = arg;
	take_error(got, err);
	if (commit == NULL)
		return;
	memcpy(got->tree, commit->tree, sizeof(got->tree));
	strv_copy(&got->list, &commit->parents);
}

static void
got_walk(
    const struct strv *oids, bool descends, const struct error *err, void *arg)
{
	struct got *got = arg;
	take_error(got, err);
	got->descends = descends;
	if (oids != NULL)
		strv_copy(&got->list, oids);
}

static void
got_changes(
    const struct objects_changed *changed, const struct error *err, void *arg)
{
	struct got *got = arg;
	take_error(got, err);
	if (changed == NULL)
		return;
	strv_copy(&got->list, &changed->paths);
	got->insertions = changed->insertions;
	got->deletions = changed->deletions;
	got->links = changed->links.n;
}

static void
got_oid(const char *oid, const struct error *err, void *arg)
{
	struct got *got = arg;
	take_error(got, err);
	if (oid != NULL)
		strv_add(&got->list, oid);
}

static void
got_end(const struct error *err, void *arg)
{
	take_error(arg, err);
}

static struct got
walk(const char *base, const char *tip)
{
	struct got got = { 0 };
	autofree char *from = rev(dir, base);
	autofree char *to = rev(dir, tip);
	objects_walk(objects, from, to, got_walk, &got);
	turn_until(loop, &got.done);
	return got;
}

static void
test_commit(void)
{
	struct got got = { 0 };
	autofree char *tip = rev(dir, "two");
	autofree char *tree = rev(dir, "two^{tree}");
	autofree char *parent = rev(dir, "two^");
	objects_read_commit(objects, tip, got_commit, &got);
	turn_until(loop, &got.done);
	tap_is_text(got.tree, tree, "a commit is read with its tree");
	tap_ok(got.list.n == 1 && strcmp(got.list.items[0], parent) == 0,
	    "a commit is read with its parent");
	strv_release(&got.list);
	got.done = false;
	objects_read_commit(objects, tree, got_commit, &got);
	turn_until(loop, &got.done);
	tap_ok(got.failed, "a tree is not read as a commit");
	got.done = false;
	objects_read_commit(objects, "1" ZERO, got_commit, &got);
	turn_until(loop, &got.done);
	tap_ok(got.failed, "a commit that is missing is a failure");
}

static void
expect_walk(const char *base, const char *tip, bool descends, size_t n)
{
	struct got got = walk(base, tip);
	autofree char *last = rev(dir, tip);
	tap_is_int(got.descends, descends, "whether %s is an ancestor of %s",
	    base, tip);
	tap_is_int((long long)got.list.n, (long long)n,
	    "the number of commits of %s..%s", base, tip);
	if (n > 0 && got.list.n == n)
		tap_is_text(got.list.items[n - 1], last,
		    "they come with the oldest first");
	strv_release(&got.list);
}

static void
test_walk(void)
{
	expect_walk("main", "main", true, 0);
	expect_walk("main", "one", true, 1);
	expect_walk("main", "two", true, 2);
	expect_walk("two", "main", false, 0);
	expect_walk("two", "other", false, 0);
	expect_walk("main", "joined", true, 4);
	expect_walk("other", "joined", true, 3);
	expect_walk("main", "orphan", false, 0);
	expect_walk("main", "long", true, OBJECTS_WALK_LIMIT);
}

static void
changes(const char *from, const char *to, struct got *got)
{
	autofree char *a = rev(dir, from);
	autofree char *b = rev(dir, to);
	*got = (struct got){ 0 };
	objects_changes(objects, a, b, got_changes, got);
	turn_until(loop, &got->done);
}

/* Names that look like the end of a reply, or are longer than a pipe holds. */
static void
test_changes(void)
{
	struct got got;
	changes("main", "two", &got);
	tap_ok(got.list.n == 2 && strcmp(got.list.items[0], "a") == 0 &&
		strcmp(got.list.items[1], "d/c") == 0,
	    "two commits differ in these paths, without their directories");
	tap_ok(got.insertions > 0, "and lines were added: %lld",
	    (long long)got.insertions);
	strv_release(&got.list);
	changes("main", "names", &got);
	tap_is_int((long long)got.list.n, 3002, "many odd names are listed");
	tap_ok(strv_has(&got.list, "end-x\nend-y\ndone\n_"),
	    "a name may hold newlines");
	strv_release(&got.list);
	changes("two", "orphan", &got);
	tap_ok(got.list.n == 1 && strcmp(got.list.items[0], "b") == 0,
	    "commits without a common ancestor are compared, too");
	strv_release(&got.list);
	changes("main", "linked", &got);
	tap_ok(got.list.n == 1 && got.links == 1,
	    "a link to another repository is told");
	strv_release(&got.list);
	changes("linked", "main", &got);
	tap_ok(got.list.n == 1 && got.links == 0, "one that is gone is not");
	strv_release(&got.list);
	changes("main", "main", &got);
	tap_ok(!got.failed && got.list.n == 0,
	    "a commit does not differ from itself");
	got = (struct got){ 0 };
	autofree char *tip = rev(dir, "main");
	objects_changes(objects, tip, MISSING, got_changes, &got);
	turn_until(loop, &got.done);
	tap_ok(got.failed, "a commit that is missing is no empty one");
	got = (struct got){ 0 };
	objects_changes(objects, MISSING, tip, got_changes, &got);
	turn_until(loop, &got.done);
	tap_ok(got.failed, "nor is one that is missing as the base");
}

static void
test_write(void)
{
	struct got got = { 0 };
	autostr struct str text = { 0 };
	autofree char *tree = rev(dir, "two^{tree}");
	autofree char *a = rev(dir, "one");
	autofree char *b = rev(dir, "other");
	str_format(&text, "tree %s\nparent %s\nparent %s\n", tree, a, b);
	str_add(&text,
	    "author N <m@x> 1700000000 +0000\n"
	    "committer N <m@x> 1700000000 +0000\n\nSubject\n");
	objects_write_commit(objects, text.data, text.len, got_oid, &got);
	turn_until(loop, &got.done);
	autofree char *script = mem_format("git fsck --strict >&2; git log -1 "
					   "--format='%%an %%ae %%at %%s|%%P' "
					   "%s",
	    got.list.n > 0 ? got.list.items[0] : "none");
	autofree char *shown = sh_out(dir, script);
	autofree char *want =
	    mem_format("N m@x 1700000000 Subject|%s %s", a, b);
	tap_is_text(shown, want, "git sees the commit that was written");
	strv_release(&got.list);
	got = (struct got){ 0 };
	objects_write_commit(objects, "nonsense", 8, got_oid, &got);
	turn_until(loop, &got.done);
	tap_ok(got.failed, "a text that is no commit is refused");
	got = (struct got){ 0 };
	objects_write_commit(objects, text.data, text.len, got_oid, &got);
	turn_until(loop, &got.done);
	tap_ok(!got.failed, "the commit behind it is written");
	strv_release(&got.list);
}

static enum error_kind
update(const struct ref_change *list, size_t n)
{
	struct got got = { 0 };
	objects_update_refs(objects, list, n, got_end, &got);
	turn_until(loop, &got.done);
	return got.kind;
}

static void
test_refs(void)
{
	autofree char *one = rev(dir, "one");
	autofree char *two = rev(dir, "two");
	struct ref_change create[] = {
		{ "refs/prodigy/j/map", one, ZERO },
		{ "refs/prodigy/j/i/1/1", two, NULL },
	};
	struct ref_change stale[] = {
		{ "refs/prodigy/j/i/1/1", one, NULL },
		{ "refs/prodigy/j/map", two, two },
	};
	struct ref_change move[] = {
		{ "refs/prodigy/j/map", two, one },
		{ "refs/prodigy/j/i/1/1", NULL, NULL },
		{ "refs/heads/never-was", NULL, NULL },
	};
	struct ref_change evil[] = {
		{ "refs/prodigy/x\ndelete refs/heads/main\n", one, NULL },
	};
	struct got waits[2] = { 0 };
	tap_is_int(update(create, 2), ERROR_NONE, "two refs are made at once");
	tap_is_int(update(create, 1), ERROR_STATE,
	    "a ref that must not exist is not made again");
	tap_is_int(update(stale, 2), ERROR_STATE,
	    "a ref with another value is not changed");
	autofree char *kept = rev(dir, "refs/prodigy/j/i/1/1");
	tap_is_text(kept, two, "nor are those beside it");
	tap_is_int(
	    update(move, 3), ERROR_NONE, "refs are moved and deleted at once");
	sh(dir,
	    "! git rev-parse -q --verify refs/prodigy/j/i/1/1;"
	    "git rev-parse -q --verify refs/heads/main");
	tap_is_int(
	    update(evil, 1), ERROR_GIT, "a name with a newline is no command");
	sh(dir, "git rev-parse -q --verify refs/heads/main");
	/* One that fails takes none of those behind it along. */
	struct ref_change fine = { "refs/prodigy/j/z", one, NULL };
	objects_update_refs(objects, create, 2, got_end, &waits[0]);
	objects_update_refs(objects, &fine, 1, got_end, &waits[1]);
	turn_until(loop, &waits[1].done);
	tap_ok(waits[0].done && waits[0].failed && !waits[1].failed,
	    "the transaction behind a failure is done");
	sh(dir, ": > .git/refs/prodigy/j/map.lock");
	tap_is_int(update(move, 1), ERROR_GIT,
	    "a ref that is locked is told from one with another value");
	sh(dir, "rm .git/refs/prodigy/j/map.lock");
}

static void
make_history(void)
{
	sh(dir,
	    "git checkout -q -b one; echo 1 >> a; git commit -qam 1;"
	    "git checkout -q -b two; echo 2 >> d/c; git commit -qam 2;"
	    "git checkout -q -b other main; echo o >> b; git commit -qam o;"
	    "git checkout -q -b joined two; git merge -q --no-ff other;"
	    "git checkout -q --orphan orphan; git commit -qm orphan;"
	    "git checkout -q -f -b names main; mkdir n;"
	    "i=0; while test $i -lt 3000; do "
	    ": > n/file-with-quite-a-long-name-$i; i=$((i+1)); done;"
	    "printf 'end-x\\nend-y\\ndone\\n' > name; : > \"$(cat name; "
	    "printf _)\"; rm name;"
	    ": > 'blank and \"quote\"'; git add -A; git commit -qm names;"
	    "git checkout -q -f -b linked main;"
	    "git update-index --add --cacheinfo 160000,$(git rev-parse "
	    "HEAD),sub; git commit -qm linked; git checkout -q -f main");
	sh(dir,
	    "(i=0; echo 'reset refs/heads/long'; echo 'from '$(git "
	    "rev-parse main)'^0'; echo;"
	    "while test $i -lt 1200; do echo 'commit refs/heads/long';"
	    "echo 'committer a <a@b> '$((1700000000+i))' +0000';"
	    "echo 'data 0'; echo; i=$((i+1)); done) | git fast-import "
	    "--quiet");
}

/* --- closing with requests that wait ---------------------------------- */

#define ROUNDS 200

/* Bytes of memory in use; 0 where nobody tells. */
static size_t
in_use(void)
{
#ifdef __GLIBC__
	return mallinfo2().uordblks;
#else
	return 0;
#endif
}

/* One request of each kind waits when the objects are closed. */
static void
close_early(const char *scratch, const char *oid, struct got *got)
{
	autoerror struct error err = { 0 };
	const char *const known[] = { NULL };
	const struct ref_change change = { .ref = "refs/x", .new = oid };
	const struct objects_hardening what = {
		.tip = oid, .known = known, .changes = &change, .n_changes = 1
	};
	struct objects *waiting = objects_open(loop, dir, scratch);
	objects_read_commit(waiting, oid, got_commit, got);
	objects_write_commit(waiting, "tree x\n", 7, got_oid, got);
	objects_walk(waiting, oid, "HEAD", got_walk, got);
	objects_changes(waiting, oid, "HEAD", got_changes, got);
	objects_update_refs(waiting, &change, 1, got_end, got);
	objects_harden(waiting, &what, got_end, got);
	objects_close(waiting);
	if (!loop_turn(loop, 0, &err))
		BUG("%s", error_text(&err));
}

static void
test_closing(const char *scratch)
{
	autofree char *oid = sh_out(dir, "git rev-parse HEAD");
	struct got got = { 0 };
	close_early(scratch, oid, &got);
	size_t before = in_use();
	for (int i = 0; i < ROUNDS; i++)
		close_early(scratch, oid, &got);
	size_t after = in_use();
	tap_ok(!got.done, "requests that wait at the close get no answer");
	tap_ok(after < before + (size_t)ROUNDS * 100,
	    "requests that wait at the close leave nothing in memory");
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("objects \"q\" \\n");
	dir = path;
	make_history();
	loop = loop_new();
	/* The scratch directory has an odd name as well. */
	autofree char *scratch = in_sandbox("scra\"t\\c\nh");
	sh(dir, "mkdir ../'scra\"t\\c\nh'");
	objects = objects_open(loop, dir, scratch);
	test_commit();
	test_walk();
	test_changes();
	test_write();
	test_refs();
	test_closing(scratch);
	sh(scratch, "test -z \"$(ls -A)\"");
	objects_close(objects);
	loop_free(loop);
	sandbox_end();
	return tap_done();
}
