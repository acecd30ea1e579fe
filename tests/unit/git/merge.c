/* SPDX-License-Identifier: MIT */
/* Merging on object level, by each of the ways there are. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/text.h"
#include "git/merge.h"
#include "git/merger.h"
#include "git/merger_parts.h"
#include "git/objects_parts.h"
#include "support.h"

#define REF "refs/prodigy/job/map"

enum way {
	WAY_STREAM,
	WAY_SINGLE,
	WAY_TREE
};
static const char *const way_names[] = { "stream", "single", "tree" };

static struct loop *loop;
static const char *dir;

struct got {
	bool done;
	enum merge_outcome outcome;
	bool nothing;
	bool moved;
	char commit[GIT_OID_SIZE];
	struct strv paths;
	char *messages;
	char *why;
};

static void
merged(const struct merge_result *result, void *arg)
{
	struct got *got = arg;
	got->done = true;
	got->outcome = result->outcome;
	got->nothing = result->nothing;
	got->moved = result->moved;
	memcpy(got->commit, result->commit, sizeof(got->commit));
	strv_copy(&got->paths, &result->paths);
	got->messages = mem_text(result->messages);
	got->why =
	    result->err == NULL ? NULL : mem_text(error_text(result->err));
}

static void
release(struct got *got)
{
	strv_release(&got->paths);
	free(got->messages);
	free(got->why);
}

static struct objects *
open_objects(enum way way)
{
	autofree char *scratch = in_sandbox("scratch");
	struct objects *objects = objects_open(loop, dir, scratch);
	/* As after a stream that would not answer. */
	if (way == WAY_SINGLE)
		objects->merger->failed = 3;
	return objects;
}

/* Merges branch tip into branch old; the map ref is set to old before. */
static struct got
merge(struct objects *objects, enum way way, const char *old, const char *tip,
    const char *base)
{
	struct got got = { 0 };
	autofree char *first = rev(dir, old);
	autofree char *second = rev(dir, tip);
	autofree char *from = base == NULL ? NULL : rev(dir, base);
	autofree char *set = mem_format("git update-ref " REF " %s", first);
	sh(dir, set);
	struct merge_request request = {
		.old = first,
		.tip = second,
		.base = from,
		.message = "Merge agent x\n\nProdigy-Item: 1\n",
		.identity = "P <p@x>",
		.wall_ms = 1700000000000,
		.ref = REF,
		.by_work_tree = way == WAY_TREE,
	};
	merge_start(objects, &request, merged, &got);
	tap_ok(!got.done, "no call within the start");
	turn_until(loop, &got.done);
	return got;
}

static char *
show(const char *commit, const char *path)
{
	autofree char *script = mem_format("git show %s:%s", commit, path);
	return sh_out(dir, script);
}

static void
expect_merge(
    struct objects *objects, enum way way, const char *old, const char *tip)
{
	struct got got = merge(objects, way, old, tip, NULL);
	const char *name = way_names[way];
	tap_is_int(got.outcome, MERGE_DONE, "%s: %s+%s: %s", name, old, tip,
	    got.why == NULL ? "" : got.why);
	tap_ok(!got.nothing, "%s: a commit was made", name);
	autofree char *at = rev(dir, REF);
	tap_is_text(at, got.commit, "%s: the ref is there", name);
	autofree char *parents = sh_out(dir, "git log -1 --format=%P " REF);
	autofree char *first = rev(dir, old);
	autofree char *second = rev(dir, tip);
	autofree char *want = mem_format("%s %s", first, second);
	tap_is_text(parents, want, "%s: with both parents", name);
	/* The porcelain must agree. */
	autofree char *script = mem_format(
	    "git checkout -q --detach %s; git merge -q --no-ff %s -m x >&2;"
	    "git rev-parse HEAD^{tree}; git checkout -q -f main",
	    old, tip);
	autofree char *tree = sh_out(dir, script);
	autofree char *ours = rev(dir, REF "^{tree}");
	tap_is_text(
	    ours, tree, "%s: %s+%s is what git merge makes", name, old, tip);
	release(&got);
}

static void
expect_conflict(struct objects *objects, enum way way, const char *old,
    const char *tip, const char *path, size_t paths)
{
	struct got got = merge(objects, way, old, tip, NULL);
	const char *name = way_names[way];
	tap_is_int(got.outcome, MERGE_CONFLICT, "%s: %s+%s: %s", name, old, tip,
	    got.why == NULL ? "" : got.why);
	tap_is_int((long long)got.paths.n, (long long)paths,
	    "%s: %s+%s: paths in conflict", name, old, tip);
	tap_ok(strv_has(&got.paths, path), "%s: the right one", name);
	tap_ok(got.messages != NULL &&
		text_is_utf8(got.messages, strlen(got.messages)) &&
		got.messages[0] != '\0',
	    "%s: messages", name);
	if (way != WAY_TREE)
		tap_ok(strstr(got.messages, "CONFLICT") != NULL,
		    "%s: git tells of it", name);
	autofree char *at = rev(dir, REF);
	autofree char *first = rev(dir, old);
	tap_is_text(at, first, "%s: the ref has not moved", name);
	release(&got);
}

static void
test_shortcuts(struct objects *objects, enum way way)
{
	struct got got = merge(objects, way, "main", "edit", "main");
	tap_is_int(got.outcome, MERGE_DONE, "old is the base");
	autofree char *ours = rev(dir, REF "^{tree}");
	autofree char *theirs = rev(dir, "edit^{tree}");
	tap_is_text(ours, theirs, "tip's tree is the result");
	tap_ok(!got.nothing, "in a commit of its own");
	release(&got);
	got = merge(objects, way, "edit", "edit", NULL);
	tap_ok(got.outcome == MERGE_DONE && got.nothing, "tip is old");
	release(&got);
	got = merge(objects, way, "edit", "main", "main");
	tap_ok(got.outcome == MERGE_DONE && got.nothing,
	    "tip is an ancestor of old");
	autofree char *at = rev(dir, REF);
	tap_is_text(at, got.commit, "the ref stays");
	release(&got);
	/* A base that tip does not descend from must not make it win. */
	got = merge(objects, way, "other", "edit", "other");
	tap_is_int(got.outcome, MERGE_DONE, "a base that is none");
	autofree char *b = show(REF, "b");
	tap_ok(strstr(b, "other") != NULL, "loses nothing");
	release(&got);
	/* Changes nothing, but is no ancestor: it is merged. */
	got = merge(objects, way, "edit", "same", NULL);
	tap_ok(got.outcome == MERGE_DONE && !got.nothing,
	    "the same change, committed apart");
	release(&got);
}

static void
test_merges(struct objects *objects, enum way way)
{
	autofree char *many = NULL;
	expect_merge(objects, way, "edit", "other");
	expect_merge(objects, way, "edit", "renamed");
	expect_merge(objects, way, "edit", "far");
	expect_merge(objects, way, "union1", "union2");
	expect_conflict(objects, way, "edit", "clash", "a", 1);
	expect_conflict(objects, way, "edit", "deleted", "a", 1);
	expect_conflict(objects, way, "bin1", "bin2", "bin\377\n\033x", 1);
	expect_merge(objects, way, "renamed", "edit");
	expect_conflict(objects, way, "lots1", "lots2", "l/149", 150);
	expect_merge(objects, way, "other", "far");
	many = show(REF, "b");
	tap_ok(strstr(many, "other") != NULL, "union is read from the tree");
}

static void
test_failures(struct objects *objects, enum way way)
{
	struct got got = { 0 };
	autofree char *first = rev(dir, "edit");
	autofree char *second = rev(dir, "other");
	struct merge_request request = {
		.old = first,
		.tip = "1234567890123456789012345678901234567890",
		.message = "x",
		.identity = "P <p@x>",
		.ref = REF,
		.by_work_tree = way == WAY_TREE,
	};
	merge_start(objects, &request, merged, &got);
	turn_until(loop, &got.done);
	tap_ok(
	    got.outcome == MERGE_FAILED && !got.moved, "bad tip: %s", got.why);
	release(&got);
	got = (struct got){ 0 };
	request.tip = second;
	sh(dir, "git update-ref " REF " main");
	merge_start(objects, &request, merged, &got);
	turn_until(loop, &got.done);
	tap_ok(got.outcome == MERGE_FAILED && got.moved, "moved: %s", got.why);
	autofree char *at = rev(dir, REF);
	autofree char *main = rev(dir, "main");
	tap_is_text(at, main, "the ref stays where it was moved to");
	release(&got);
	got = merge(objects, way, "edit", "orphan", NULL);
	tap_is_int(got.outcome, MERGE_FAILED, "unrelated: %s", got.why);
	release(&got);
	expect_merge(objects, way, "edit", "other");
}

static void
test_drops(struct objects *objects)
{
	struct got got = { 0 };
	autofree char *first = rev(dir, "edit");
	autofree char *second = rev(dir, "other");
	sh(dir,
	    "git update-ref " REF " edit;"
	    "git update-ref refs/prodigy/job/i/1/1 other;"
	    "git branch -f prodigy-agent other");
	struct merge_request request = {
		.old = first,
		.tip = second,
		.message = "x",
		.identity = "P <p@x>",
		.ref = REF,
		.drop_branch = "refs/heads/prodigy-agent",
		.drop_ref = "refs/prodigy/job/i/1/1",
	};
	merge_start(objects, &request, merged, &got);
	turn_until(loop, &got.done);
	tap_is_int(got.outcome, MERGE_DONE, "merged");
	sh(dir,
	    "! git rev-parse -q --verify refs/heads/prodigy-agent;"
	    "! git rev-parse -q --verify refs/prodigy/job/i/1/1");
	release(&got);
	/* A tree that claude made. */
	got = (struct got){ 0 };
	autofree char *tree = rev(dir, "main^{tree}");
	autofree char *now = rev(dir, REF);
	request.old = now;
	request.tree = tree;
	merge_start(objects, &request, merged, &got);
	turn_until(loop, &got.done);
	autofree char *ours = rev(dir, REF "^{tree}");
	tap_is_text(ours, tree, "a tree from elsewhere is taken as it is");
	release(&got);
}

static void
make_history(void)
{
	sh(dir,
	    "printf 'u merge=union\\n' > .gitattributes; echo 1 > u;"
	    "git add .; git commit -qm attributes;"
	    "b() { git checkout -q -f -B $1 main; }; "
	    "c() { git add -A; git commit -qm $1; }; "
	    "b edit; sed -i 's/^1$/edit/' a; c edit;"
	    "b same; sed -i 's/^1$/edit/' a; c same;"
	    "b clash; sed -i 's/^1$/clash/' a; c clash;"
	    "b far; sed -i 's/^20$/far/' a; c far;"
	    "b other; echo other >> b; c other;"
	    "b renamed; git mv a moved; git mv d e; c renamed;"
	    "b deleted; git rm -q a; c deleted;"
	    "b union1; echo u1 >> u; c union1;"
	    "b union2; echo u2 >> u; c union2;"
	    "git checkout -q --orphan orphan; git commit -qm orphan;"
	    "git checkout -q -f main");
	sh(dir,
	    "n=$(printf 'bin\\377\\n\\033x');"
	    "git checkout -q -B bin1 main; printf '\\0a' > \"$n\";"
	    "git add -A; git commit -qm bin1;"
	    "git checkout -q -B bin2 main; printf '\\0b' > \"$n\";"
	    "git add -A; git commit -qm bin2;"
	    "for k in 1 2; do git checkout -q -B lots$k main; mkdir l;"
	    "for i in $(seq 150); do echo $k$i > l/$i; done;"
	    "git add -A; git commit -qm lots$k; done;"
	    "git checkout -q main");
}

/* Memory of the staying process is bounded by renewing it. */
static void
test_many(struct objects *objects)
{
	struct got got = { 0 };
	autofree char *first = rev(dir, "edit");
	autofree char *second = rev(dir, "other");
	struct merge_request request = {
		.old = first,
		.tip = second,
		.message = "x",
		.identity = "P <p@x>",
	};
	bool same = true;
	char commit[GIT_OID_SIZE] = "";
	for (int i = 0; i < 1100 && same; i++) {
		got = (struct got){ 0 };
		merge_start(objects, &request, merged, &got);
		turn_until(loop, &got.done);
		same = got.outcome == MERGE_DONE &&
		    (i == 0 || strcmp(commit, got.commit) == 0);
		memcpy(commit, got.commit, sizeof(commit));
		release(&got);
	}
	tap_ok(same, "1,100 merges by processes that stay");
}

static void
test_way(enum way way)
{
	struct objects *objects = open_objects(way);
	tap_note("%s", way_names[way]);
	test_shortcuts(objects, way);
	test_merges(objects, way);
	if (way == WAY_STREAM && git_version() >= 23900)
		tap_ok(
		    objects->merger->failed == 0 && objects->merger->asked > 0,
		    "by a process that stays");
	test_failures(objects, way);
	if (way == WAY_STREAM) {
		test_drops(objects);
		test_many(objects);
	}
	objects_close(objects);
	sh(dir, "test \"$(git worktree list | wc -l)\" = 1");
}

static void
test_parse(void)
{
	static const char reply[] = "0\0"
				    "1e35ea5c06813d4181b5d2b0bf26eaecb143fb5a\0"
				    "100644 441d 1\ta b\0"
				    "100644 871b 2\ta b\0"
				    "100644 871b 2\tc\0"
				    "\0"
				    "2\0a b\0c\0"
				    "CONFLICT (contents)\0"
				    "CONFLICT \377\n\0"
				    "\0";
	struct merged merged = { 0 };
	size_t len = sizeof(reply) - 1;
	size_t early = 0;
	for (size_t i = 0; i < len; i++)
		early += merger_parse(reply, i, true, NULL) != 0;
	tap_is_int((long long)early, 0, "no part is a whole");
	tap_is_int((long long)merger_parse(reply, len, true, &merged),
	    (long long)len, "the whole is");
	tap_ok(merged.conflict && merged.paths.n == 2, "two files in conflict");
	tap_is_text(str_text(&merged.messages), "CONFLICT \xef\xbf\xbd\n",
	    "messages are made valid");
	merged_release(&merged);
	static const char endless[] = "0\0x\0\0004294967295\0a\0\0";
	tap_is_int(
	    (long long)merger_parse(endless, sizeof(endless) - 1, true, NULL),
	    0, "a count that is not kept");
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("merge");
	autofree char *scratch = in_sandbox("scratch");
	dir = path;
	make_history();
	sh(path, "mkdir ../scratch");
	loop = loop_new();
	test_parse();
	test_way(WAY_STREAM);
	test_way(WAY_SINGLE);
	test_way(WAY_TREE);
	loop_free(loop);
	sandbox_end();
	return tap_done();
}
