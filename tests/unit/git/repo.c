/* SPDX-License-Identifier: MIT */
/* Environment, one command, finding repositories, reading HEAD. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/env.h"
#include "git/head.h"
#include "git/refs.h"
#include "git/repo.h"
#include "support.h"

static bool
has_setting(const struct strv *env, const char *key, const char *value)
{
	for (int i = 0; i < 40; i++) {
		autofree char *k = mem_format("GIT_CONFIG_KEY_%d", i);
		autofree char *v = mem_format("GIT_CONFIG_VALUE_%d", i);
		const char *name = strv_env_get(env, k);
		if (name != NULL && strcmp(name, key) == 0)
			return strcmp(strv_env_get(env, v), value) == 0;
	}
	return false;
}

static void
test_environment(void)
{
	autostrv struct strv env = { 0 };
	strv_add(&env, "GIT_DIR=/elsewhere");
	strv_add(&env, "GIT_INDEX_FILE=/x");
	strv_add(&env, "GIT_CONFIG_COUNT=1");
	strv_add(&env, "GIT_CONFIG_KEY_0=core.sshCommand");
	strv_add(&env, "GIT_CONFIG_VALUE_0=evil");
	strv_add(&env, "GIT_TRACE2=1");
	strv_add(&env, "GIT_CONFIG_GLOBAL=/mine");
	git_env(&env, GIT_FOR_US, GIT_SYNCED);
	tap_ok(strv_env_get(&env, "GIT_DIR") == NULL, "GIT_DIR goes");
	tap_ok(strv_env_get(&env, "GIT_INDEX_FILE") == NULL, "the index goes");
	tap_ok(strv_env_get(&env, "GIT_TRACE2") == NULL, "traces go");
	tap_is_text(strv_env_get(&env, "GIT_CONFIG_GLOBAL"), "/mine",
	    "the user's file stays");
	tap_ok(!has_setting(&env, "core.sshCommand", "evil"),
	    "inherited settings go");
	tap_ok(has_setting(&env, "core.hooksPath", "/dev/null"), "no hooks");
	git_env(&env, GIT_FOR_AGENT, GIT_SYNCED);
	tap_ok(!has_setting(&env, "core.hooksPath", "/dev/null"),
	    "agents have the hooks of the user");
	tap_ok(has_setting(&env, "gc.auto", "0"), "but no maintenance");
	bool is_new = git_version() >= 23600;
	const char *key = is_new ? "core.fsync" : "core.fsyncObjectFiles";
	tap_ok(
	    has_setting(&env, key, is_new ? "committed,loose-object" : "true"),
	    "loose objects and refs are synced");
	git_env(&env, GIT_FOR_AGENT, GIT_HARDENED_LATER);
	tap_ok(has_setting(
		   &env, key, is_new ? "none,pack,derived-metadata" : "false"),
	    "what is hardened later is not synced, but packs are");
}

static void
test_version(void)
{
	autostrv struct strv env = { 0 };
	strv_add(&env, "GIT_DIR=/elsewhere");
	git_env_version(&env);
	const char *told = strv_env_get(&env, GIT_ENV_VERSION);
	tap_ok(told != NULL &&
		strtoul(told, NULL, 10) == (unsigned long)git_version(),
	    "a process of ours is told the version of git");
	tap_is_int((long long)env.n, 2, "and gets no other setting");
}

static void
test_git(void)
{
	autoerror struct error err = { 0 };
	autostr struct str out = { 0 };
	struct git_options options = { .input = "x", .input_len = 1 };
	struct git_result result = { 0 };
	const char *const bad[] = { "rev-parse", "--verify", "no\033such",
		NULL };
	const char *const hash[] = { "hash-object", "--stdin", NULL };
	const char *const warn[] = { "rev-parse", "HEAD", NULL };
	tap_ok(git_version() >= 22500, "version %u", git_version());
	autofree char *repo = make_repository("plain");
	tap_ok(!git_run(repo, bad, &out, &err), "a bad revision");
	held(&err,
	    strstr(error_text(&err), "Needed a single revision") != NULL &&
		strchr(error_text(&err), '\n') == NULL,
	    "git's words");
	tap_is_int(err.kind, ERROR_GIT, "of git's kind");
	error_release(&err);
	tap_ok(git_call(repo, hash, &options, &result, &err), "with input");
	tap_is_text(str_text(&result.out),
	    "c1b0730e0133447badcfd47fd144e254807b06e1\n", "hashed");
	git_result_release(&result);
	tap_ok(git_call(repo, warn, &options, &result, &err), "HEAD");
	tap_is_text(str_text(&result.err), "", "our settings cause no warning");
	git_result_release(&result);
	held(&err, !git_run("/nonexistent", warn, &out, &err), "refused");
}

static bool said;
static int late_code;

static void
ended(const struct git_result *result, void *arg)
{
	(void)arg;
	late_code = result->code;
	said = true;
}

static void
test_start(void)
{
	autoerror struct error err = { 0 };
	struct loop *loop = loop_new();
	const char *const args[] = { "version", NULL };
	const char *const slow[] = { "-c", "alias.slow=!sleep 60", "slow",
		NULL };
	struct git_options hasty = { .timeout_ms = 50 };
	tap_ok(git_start(loop, "/", args, ended, NULL, &err), "git starts");
	turn_until(loop, &said);
	tap_is_int(late_code, 0, "and ends");
	said = false;
	tap_ok(git_start_with(loop, "/", slow, &hasty, ended, NULL, &err),
	    "a slow one");
	turn_until(loop, &said);
	tap_is_int(late_code, GIT_CODE_TIMEOUT, "is ended");
	loop_free(loop);
}

static void
expect_error(const char *path, const char *words)
{
	autoerror struct error err = { 0 };
	struct repo repo;
	bool opened = repo_open(path, &repo, &err);
	held(&err, !opened && strstr(error_text(&err), words) != NULL, "%s",
	    words);
	tap_ok(opened || repo.root == NULL, "nothing is left behind");
	if (opened)
		repo_release(&repo);
}

static void
test_errors(const char *root)
{
	autofree char *none = in_sandbox("none");
	autofree char *empty = in_sandbox("empty");
	autofree char *bare = in_sandbox("bare.git");
	autofree char *foreign = make_repository("foreign");
	sh(root, "mkdir none; git init -q empty; git init -q --bare bare.git");
	expect_error(none, "git init");
	expect_error(empty, "no commit yet");
	expect_error(bare, "bare repository");
	expect_error("/nonexistent", "not a directory");
	if (geteuid() != 0) {
		tap_skip("only root can give a repository away");
		return;
	}
	sh(root, "chown -R 12345 foreign");
	expect_error(foreign, "belongs to another user");
}

static void
test_places(void)
{
	autofree char *main = make_repository("places");
	autofree char *linked = in_sandbox("linked");
	autofree char *below = in_sandbox("linked/d");
	autofree char *head = rev(main, "HEAD");
	struct repo repo;
	sh(main, "git worktree add -q -b side ../linked");
	open_repository(below, &repo);
	tap_is_text(repo.root, main, "root is the main work tree");
	tap_is_text(repo.branch, "side", "branch is that of the tree");
	tap_is_text(repo.head, head, "head is known");
	tap_ok(!repo_is_dirty(&repo), "the main tree is clean");
	sh(main, "echo x >> a; touch untracked");
	tap_ok(repo_is_dirty(&repo), "and now dirty");
	autofree char *who = repo_identity(&repo);
	tap_is_text(who, "Tester <tester@example.org>", "the user's identity");
	repo_release(&repo);
	sh(linked, "git checkout -q --detach");
	open_repository(linked, &repo);
	tap_ok(repo.branch == NULL, "a detached HEAD has no branch");
	repo_release(&repo);
}

static void
expect_head(const char *tree, const char *branch, const char *what)
{
	autoerror struct error err = { 0 };
	autofree char *want = rev(tree, "HEAD");
	struct head head;
	if (!held(&err, head_read(tree, &head, &err), "%s", what))
		return;
	tap_is_text(head.oid, want, "%s: commit", what);
	if (branch == NULL)
		tap_ok(head.branch == NULL, "%s: detached", what);
	else
		tap_is_text(head.branch, branch, "%s: branch", what);
	head_release(&head);
}

static void
test_head(void)
{
	autoerror struct error err = { 0 };
	autofree char *main = make_repository("heads");
	autofree char *linked = in_sandbox("heads linked");
	struct head head;
	expect_head(main, "refs/heads/main", "loose");
	sh(main, "git worktree add -q -b a/b/c '../heads linked'");
	expect_head(linked, "refs/heads/a/b/c", "linked");
	sh(main, "git branch x/refs/heads/main HEAD; git pack-refs --all");
	expect_head(main, "refs/heads/main", "packed");
	expect_head(linked, "refs/heads/a/b/c", "linked and packed");
	sh(linked, "echo 1 >> a; git commit -qam more");
	expect_head(linked, "refs/heads/a/b/c", "loose over packed");
	sh(linked, "git checkout -q --detach");
	expect_head(linked, NULL, "detached");
	sh(linked,
	    "git symbolic-ref refs/heads/alias refs/heads/main;"
	    "git symbolic-ref HEAD refs/heads/alias");
	autofree char *want = rev(linked, "HEAD");
	tap_ok(head_read(linked, &head, &err), "a ref that is symbolic");
	tap_is_text(head.oid, want, "leads to its commit");
	head_release(&head);
	sh(linked, "git symbolic-ref HEAD refs/heads/unborn");
	held(&err, !head_read(linked, &head, &err), "unborn");
	error_release(&err);
	sh(linked, "rm .git");
	held(&err, !head_read(linked, &head, &err), "no .git");
}

static void
test_refs(void)
{
	autoerror struct error err = { 0 };
	autofree char *main = make_repository("refs");
	struct repo repo;
	struct ref_list list;
	open_repository(main, &repo);
	sh(main,
	    "git update-ref refs/prodigy/j/map HEAD;"
	    "git update-ref refs/prodigy/j/i/3/1 HEAD;"
	    "git update-ref refs/prodigy/j2/map HEAD;"
	    ": > .git/refs/prodigy/j/map.lock;"
	    ": > .git/refs/prodigy/j2/map.lock");
	tap_ok(refs_list(&repo, "refs/prodigy/j", &list, &err), "refs listed");
	tap_is_int((long long)list.n, 2, "those of one job");
	if (list.n == 2)
		tap_is_text(
		    list.items[0].name, "refs/prodigy/j/i/3/1", "by name");
	refs_list_release(&list);
	tap_ok(refs_clear_locks(&repo, "refs/prodigy/j", &err), "locks go");
	sh(main,
	    "test ! -e .git/refs/prodigy/j/map.lock;"
	    "test -e .git/refs/prodigy/j2/map.lock;"
	    "test -e .git/refs/prodigy/j/map");
	tap_ok(refs_clear_locks(&repo, "refs/prodigy/none", &err),
	    "nothing there is no failure");
	held(&err,
	    !refs_clear_locks(&repo, "refs/heads", &err) &&
		!refs_clear_locks(&repo, "refs/prodigy/../heads", &err),
	    "only refs of jobs");
	repo_release(&repo);
}

int
main(void)
{
	const char *root = sandbox_begin();
	test_environment();
	test_version();
	test_git();
	test_start();
	test_errors(root);
	test_places();
	test_head();
	test_refs();
	sandbox_end();
	return tap_done();
}
