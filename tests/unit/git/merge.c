/* SPDX-License-Identifier: MIT */
/*
 * Merging on object level, by each of the ways there are; where OLD_GIT is
 * defined (merge_old), as if git were too old for merge-tree.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "git/merge.h"
#include "support.h"

enum way {
	WAY_STREAM,
	WAY_SINGLE,
	WAY_TREE
};
static const char *const way_names[] = { "stream", "single", "tree" };
static enum way way;

static struct loop *loop;
static const char *dir;

struct got {
	bool done;
	enum merge_outcome outcome;
	bool nothing;
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

/* --- a git that is watched -------------------------------------------- */

/*
 * A git before the real one in PATH: it notes how it was called, does not stay
 * where NO_STREAM is set, says each byte by itself where SLOW is set, and what
 * REPLY says instead of merging.
 */
static void
watch_git(void)
{
	autofree char *bin = in_sandbox("bin");
	autofree char *calls = in_sandbox("calls");
	autofree char *path = mem_format("%s:%s", bin, getenv("PATH"));
	autofree char *real = sh_out(dir, "command -v git");
	setenv("CALLS", calls, 1);
	setenv("REAL_GIT", real, 1);
	sh(dir,
	    "mkdir ../bin; cat > ../bin/git <<'END'\n"
	    "#!/bin/sh\n"
	    "echo \"$*\" >> \"$CALLS\"\n"
	    "case \"$NO_STREAM $*\" in\n"
	    "'yes merge-tree '*' --stdin '*) exit 1;;\n"
	    "esac\n"
	    "case \"$REPLY/$1\" in\n"
	    "?*/merge-tree) printf \"$REPLY\"; exit 0;;\n"
	    "esac\n"
	    "test \"$SLOW $1\" != 'yes merge-tree' || {\n"
	    "\"$REAL_GIT\" \"$@\" | dd bs=1 2>/dev/null; exit; }\n"
	    "exec \"$REAL_GIT\" \"$@\"\n"
	    "END\n"
	    "chmod +x ../bin/git");
	setenv("PATH", path, 1);
}

/* How often git was called with arguments that match; forgets the calls. */
static int
count_calls(const char *pattern)
{
	autofree char *script = mem_format(
	    "touch ../calls; grep -c -e '%s' ../calls || true; : > ../calls",
	    pattern);
	autofree char *n = sh_out(dir, script);
	return (int)strtol(n, NULL, 10);
}

/* --- merging ---------------------------------------------------------- */

static struct objects *
open_objects(void)
{
	autofree char *scratch = in_sandbox("scratch");
	return objects_open(loop, dir, scratch);
}

static struct got
merge_request(struct objects *objects, const struct merge_request *request)
{
	struct got got = { 0 };
	merge_start(objects, request, merged, &got);
	if (got.done)
		tap_ok(false, "nothing is told within the start");
	turn_until(loop, &got.done);
	return got;
}

/* Merges branch tip into branch old. */
static struct got
merge(
    struct objects *objects, const char *old, const char *tip, const char *base)
{
	autofree char *first = rev(dir, old);
	autofree char *second = rev(dir, tip);
	autofree char *from = base == NULL ? NULL : rev(dir, base);
	const struct merge_request request = {
		.old = first,
		.tip = second,
		.base = from,
		.message = "Merge agent x\n\nProdigy-Item: 1\n",
		.identity = "P <p@x>",
		.wall_ms = 1700000000000,
	};
	return merge_request(objects, &request);
}

static char *
show(const char *commit, const char *path)
{
	autofree char *script = mem_format("git show %s:%s", commit, path);
	return sh_out(dir, script);
}

static char *
tree_of(const char *commit)
{
	autofree char *name = mem_format("%s^{tree}", commit);
	return rev(dir, name);
}

/* The porcelain must agree. */
static char *
tree_of_porcelain(const char *old, const char *tip)
{
	autofree char *script = mem_format(
	    "git checkout -q --detach %s; git merge -q --no-ff %s -m x >&2;"
	    "git rev-parse HEAD^{tree}; git checkout -q -f main",
	    old, tip);
	return sh_out(dir, script);
}

static void
expect_merge(struct objects *objects, const char *old, const char *tip)
{
	struct got got = merge(objects, old, tip, NULL);
	const char *name = way_names[way];
	if (!tap_ok(got.outcome == MERGE_DONE, "%s: %s and %s merge", name, old,
		tip))
		tap_note("%s", got.why == NULL ? "a conflict" : got.why);
	tap_ok(!got.nothing, "%s: a commit was made", name);
	autofree char *script =
	    mem_format("git log -1 --format=%%P %s", got.commit);
	autofree char *parents = sh_out(dir, script);
	autofree char *first = rev(dir, old);
	autofree char *second = rev(dir, tip);
	autofree char *want = mem_format("%s %s", first, second);
	tap_is_text(parents, want, "%s: it has both parents", name);
	autofree char *tree = tree_of_porcelain(old, tip);
	autofree char *ours = tree_of(got.commit);
	tap_is_text(
	    ours, tree, "%s: %s+%s is what git merge makes", name, old, tip);
	release(&got);
}

static void
expect_conflict(struct objects *objects, const char *old, const char *tip,
    const char *path, size_t paths)
{
	struct got got = merge(objects, old, tip, NULL);
	const char *name = way_names[way];
	if (!tap_ok(got.outcome == MERGE_CONFLICT, "%s: %s and %s conflict",
		name, old, tip))
		tap_note("%s", got.why == NULL ? "merged" : got.why);
	tap_is_int((long long)got.paths.n, (long long)paths,
	    "%s: so many paths are in conflict", name);
	tap_ok(strv_has(&got.paths, path), "%s: the right one is", name);
	tap_ok(got.messages != NULL &&
		text_is_utf8(got.messages, strlen(got.messages)) &&
		got.messages[0] != '\0',
	    "%s: it is told in valid text", name);
	if (way != WAY_TREE)
		tap_ok(strstr(got.messages, "CONFLICT") != NULL,
		    "%s: it is told in git's words", name);
	release(&got);
}

static void
test_shortcuts(struct objects *objects)
{
	struct got got = merge(objects, "main", "edit", "main");
	autofree char *ours = tree_of(got.commit);
	autofree char *theirs = rev(dir, "edit^{tree}");
	tap_is_text(
	    ours, theirs, "if nobody merged since, tip's tree is the result");
	tap_ok(!got.nothing, "it is in a commit of its own");
	release(&got);
	got = merge(objects, "edit", "edit", NULL);
	tap_ok(got.outcome == MERGE_DONE && got.nothing,
	    "a tip that is old brings nothing");
	release(&got);
	got = merge(objects, "edit", "main", "main");
	tap_ok(got.outcome == MERGE_DONE && got.nothing,
	    "a tip that is an ancestor of old brings nothing");
	autofree char *old = rev(dir, "edit");
	tap_is_text(got.commit, old, "the result is old then");
	release(&got);
	/* A base that tip does not descend from must not make it win. */
	got = merge(objects, "other", "edit", "other");
	autofree char *b = show(got.commit, "b");
	tap_ok(strstr(b, "other") != NULL,
	    "nothing is lost by a base that tip does not descend from");
	release(&got);
	/* Changes nothing, but is no ancestor: it is merged. */
	got = merge(objects, "edit", "same", NULL);
	tap_ok(got.outcome == MERGE_DONE && !got.nothing,
	    "the same change, committed apart, is merged");
	release(&got);
}

static void
test_merges(struct objects *objects)
{
	expect_merge(objects, "edit", "other");
	expect_merge(objects, "edit", "renamed");
	expect_merge(objects, "edit", "far");
	/* That u is merged as a union is read from the work tree. */
	expect_merge(objects, "union1", "union2");
	expect_conflict(objects, "edit", "clash", "a", 1);
	expect_conflict(objects, "edit", "deleted", "a", 1);
	expect_conflict(objects, "bin1", "bin2", "bin\377\n\033x", 1);
	expect_merge(objects, "renamed", "edit");
	expect_conflict(objects, "lots1", "lots2", "l/149", 150);
	expect_merge(objects, "other", "far");
}

static void
test_failures(struct objects *objects)
{
	autofree char *first = rev(dir, "edit");
	const struct merge_request request = {
		.old = first,
		.tip = "1234567890123456789012345678901234567890",
		.message = "x",
		.identity = "P <p@x>",
	};
	struct got got = merge_request(objects, &request);
	tap_ok(got.outcome == MERGE_FAILED && got.why != NULL,
	    "a tip that is missing is a failure");
	release(&got);
	got = merge(objects, "edit", "orphan", NULL);
	tap_ok(got.outcome == MERGE_FAILED,
	    "histories that are not related are a failure");
	release(&got);
	expect_merge(objects, "edit", "other");
}

/* A tree that claude made. */
static void
test_given_tree(struct objects *objects)
{
	autofree char *first = rev(dir, "edit");
	autofree char *second = rev(dir, "other");
	autofree char *tree = rev(dir, "main^{tree}");
	const struct merge_request request = {
		.old = first,
		.tip = second,
		.tree = tree,
		.message = "x",
		.identity = "P <p@x>",
	};
	struct got got = merge_request(objects, &request);
	autofree char *ours = tree_of(got.commit);
	tap_is_text(ours, tree, "a tree from elsewhere is taken as it is");
	release(&got);
}

/* --- several merges, published at once -------------------------------- */

static void
ended(const struct error *err, void *arg)
{
	bool *done = arg;
	*done = true;
	if (err != NULL)
		tap_note("%s", error_text(err));
}

/* Merges item onto head, which becomes the merge. */
static void
stack(struct objects *objects, char head[GIT_OID_SIZE], const char *item)
{
	autofree char *tip = rev(dir, item);
	autofree char *base = rev(dir, "main");
	const struct merge_request request = {
		.old = head,
		.tip = tip,
		.base = base,
		.message = "x",
		.identity = "P <p@x>",
	};
	struct got got = merge_request(objects, &request);
	tap_is_int(
	    got.outcome, MERGE_DONE, "%s is merged onto the last merge", item);
	memcpy(head, got.commit, GIT_OID_SIZE);
	release(&got);
}

static void
test_stack(struct objects *objects)
{
	char head[GIT_OID_SIZE];
	bool done = false;
	autofree char *old = rev(dir, "main");
	autofree char *far = rev(dir, "far");
	autofree char *other = rev(dir, "other");
	const char *const known[] = { old, far, other, NULL };
	const struct ref_change changes[] = {
		{ "refs/prodigy/j/map", head, old },
		{ .ref = "refs/prodigy/j/i/1/1" },
		{ .ref = "refs/prodigy/j/i/2/1" },
		{ .ref = "refs/heads/item-1" },
	};
	const struct objects_hardening hardening = {
		.tip = head,
		.known = known,
		.changes = changes,
		.n_changes = COUNT_OF(changes),
	};
	sh(dir,
	    "git update-ref refs/prodigy/j/map main; git branch item-1 far;"
	    "git update-ref refs/prodigy/j/i/1/1 far;"
	    "git update-ref refs/prodigy/j/i/2/1 other");
	memcpy(head, old, strlen(old) + 1);
	stack(objects, head, "far");
	autofree char *unmoved = rev(dir, "refs/prodigy/j/map");
	tap_is_text(unmoved, old, "a merge alone moves no ref");
	stack(objects, head, "other");
	stack(objects, head, "edit");
	objects_harden(objects, &hardening, ended, &done);
	turn_until(loop, &done);
	autofree char *moved = rev(dir, "refs/prodigy/j/map");
	tap_is_text(moved, head, "one transaction publishes three merges");
	autofree char *left =
	    sh_out(dir, "git for-each-ref refs/prodigy/j/i refs/heads/item-1");
	tap_is_text(left, "", "the refs of their items go with it");
	autofree char *lines = sh_out(dir,
	    "git log --first-parent --format=%p main..refs/prodigy/j/map |"
	    "wc -l; git show refs/prodigy/j/map:a | sed -n '1p;$p';"
	    "git show refs/prodigy/j/map:b | tail -n 1");
	tap_is_text(lines, "3\nedit\nfar\nother", "it has the work of all");
	/* The ref is elsewhere now. */
	done = false;
	objects_harden(objects, &hardening, ended, &done);
	turn_until(loop, &done);
	autofree char *still = rev(dir, "refs/prodigy/j/map");
	tap_is_text(still, head, "a ref that has moved stays where it is");
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

/* The process that stays is renewed, so that its memory stays bounded. */
static void
test_many(struct objects *objects)
{
	autofree char *first = rev(dir, "edit");
	autofree char *second = rev(dir, "other");
	const struct merge_request request = {
		.old = first,
		.tip = second,
		.message = "x",
		.identity = "P <p@x>",
	};
	bool same = true;
	char commit[GIT_OID_SIZE] = "";
	count_calls("");
	for (int i = 0; i < 1100 && same; i++) {
		struct got got = merge_request(objects, &request);
		same = got.outcome == MERGE_DONE &&
		    (i == 0 || strcmp(commit, got.commit) == 0);
		memcpy(commit, got.commit, sizeof(commit));
		release(&got);
	}
	tap_ok(same, "1,100 merges by a process that stays are the same");
	if (git_version() >= 23900)
		tap_is_int(count_calls("merge-tree"), 1,
		    "it was renewed once, and no other merged");
}

/* How often each way should start what it stays with. */
static void
expect_starts(void)
{
	static const int starts[] = { 1, 3, 1 };
	const char *call = "^merge-tree .*--stdin";
	if (way == WAY_TREE)
		call = "^worktree add";
	else if (git_version() < 23900)
		return;
	tap_is_int(count_calls(call), starts[way],
	    "%s: git is called with '%s' this often", way_names[way], call);
}

static void
test_way(enum way which)
{
	way = which;
	struct objects *objects = open_objects();
	tap_note("%s", way_names[way]);
	count_calls("");
	test_shortcuts(objects);
	test_merges(objects);
	expect_starts();
	test_failures(objects);
	if (way == WAY_STREAM) {
		test_given_tree(objects);
		test_stack(objects);
		test_many(objects);
	}
	objects_close(objects);
	sh(dir, "test \"$(git worktree list | wc -l)\" = 1");
}

#ifndef OLD_GIT
/* The reply comes in the smallest pieces, from a process that stays. */
static void
test_slow(void)
{
	struct objects *objects = open_objects();
	setenv("SLOW", "yes", 1);
	expect_merge(objects, "edit", "other");
	expect_conflict(objects, "lots1", "lots2", "l/149", 150);
	expect_merge(objects, "renamed", "edit");
	objects_close(objects);
	unsetenv("SLOW");
}

/* A count of paths that does not hold is no reply, whoever gives it. */
static void
test_nonsense(void)
{
	struct objects *objects = open_objects();
	setenv("REPLY", "x\\0\\0004294967295\\0a\\0\\0", 1);
	struct got got = merge(objects, "edit", "other", NULL);
	tap_is_int(got.outcome, MERGE_FAILED,
	    "what is no reply of merge-tree is a failure");
	release(&got);
	unsetenv("REPLY");
	expect_merge(objects, "edit", "other");
	objects_close(objects);
}
#endif

int
main(void)
{
#ifdef OLD_GIT
	setenv(GIT_ENV_VERSION, "22500", 1);
#endif
	sandbox_begin();
	autofree char *path = make_repository("merge");
	autofree char *scratch = in_sandbox("scratch");
	dir = path;
	make_history();
	sh(path, "mkdir ../scratch");
	loop = loop_new();
	watch_git();
#ifdef OLD_GIT
	test_way(WAY_TREE);
#else
	setenv("NO_STREAM", "yes", 1);
	test_way(WAY_SINGLE);
	unsetenv("NO_STREAM");
	test_way(WAY_STREAM);
	test_slow();
	test_nonsense();
#endif
	loop_free(loop);
	sandbox_end();
	return tap_done();
}
