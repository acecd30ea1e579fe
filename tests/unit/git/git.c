/* SPDX-License-Identifier: MIT */
/* One git command, and the environment in which it runs. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/git.h"
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
	strv_add(&env, "GIT_TRACE2=1");
	strv_add(&env, "GIT_CONFIG_GLOBAL=/mine");
	git_env(&env, GIT_FOR_US, GIT_SYNCED);
	tap_ok(
	    strv_env_get(&env, "GIT_DIR") == NULL, "an inherited GIT_DIR goes");
	tap_ok(strv_env_get(&env, "GIT_INDEX_FILE") == NULL,
	    "an inherited index goes");
	tap_ok(strv_env_get(&env, "GIT_TRACE2") == NULL,
	    "git does not write traces among its words");
	tap_is_text(strv_env_get(&env, "GIT_CONFIG_GLOBAL"), "/mine",
	    "the user's configuration file stays");
	tap_ok(has_setting(&env, "core.hooksPath", "/dev/null"),
	    "our own git runs no hooks");
	strv_clear(&env);
	git_env(&env, GIT_FOR_AGENT, GIT_SYNCED);
	tap_ok(!has_setting(&env, "core.hooksPath", "/dev/null"),
	    "agents have the hooks of the user");
	tap_ok(has_setting(&env, "gc.auto", "0"),
	    "no maintenance runs beside agents");
	bool is_new = git_version() >= 23600;
	const char *key = is_new ? "core.fsync" : "core.fsyncObjectFiles";
	tap_ok(
	    has_setting(&env, key, is_new ? "committed,loose-object" : "true"),
	    "loose objects and refs are synced");
	strv_clear(&env);
	git_env(&env, GIT_FOR_AGENT, GIT_HARDENED_LATER);
	tap_ok(has_setting(
		   &env, key, is_new ? "-all,pack,derived-metadata" : "false"),
	    "what is hardened later is not synced, but packs are");
}

/* What git makes of a setting in an environment. */
static char *
setting(const char *repo, const struct strv *env, const char *key)
{
	autoerror struct error err = { 0 };
	struct git_options options = {
		.purpose = GIT_FOR_AGENT,
		.sync = GIT_SYNCED,
	};
	struct git_result result = { 0 };
	const char *const get[] = { "config", "--get", key, NULL };
	for (size_t i = 0; i < env->n; i++)
		putenv(env->items[i]);
	if (!git_call(repo, get, &options, &result, &err))
		BUG("%s", error_text(&err));
	for (size_t i = 0; i < env->n; i++) {
		autofree char *name = NULL;
		if (strv_env_split(env->items[i], &name) != NULL)
			unsetenv(name);
	}
	char *got = mem_text(
	    result.code == 0 ? str_text(&result.out) : str_text(&result.err));
	git_result_release(&result);
	return got;
}

static void
test_inherited_settings(void)
{
	autofree char *repo = make_repository("settings");
	autostrv struct strv env = { 0 };
	strv_add(&env, "GIT_CONFIG_COUNT=2");
	strv_add(&env, "GIT_CONFIG_KEY_0=user.name");
	strv_add(&env, "GIT_CONFIG_VALUE_0=Robot");
	strv_add(&env, "GIT_CONFIG_KEY_1=gc.auto");
	strv_add(&env, "GIT_CONFIG_VALUE_1=7");
	autofree char *name = setting(repo, &env, "user.name");
	tap_is_text(name, "Robot\n", "a setting of the caller's arrives");
	autofree char *ours = setting(repo, &env, "gc.auto");
	tap_is_text(ours, "0\n", "ours come behind it");
	strv_add(&env, "GIT_CONFIG_PARAMETERS='a.b=it'\\''s' 'gc.auto'='3'");
	autofree char *given = setting(repo, &env, "a.b");
	tap_is_text(given, "it's\n", "one that git -c hands down arrives");
	autofree char *still = setting(repo, &env, "gc.auto");
	tap_is_text(still, "0\n", "ours come behind that, too");
	strv_env_set(&env, "GIT_CONFIG_COUNT", "many");
	autofree char *complaint = setting(repo, &env, "gc.auto");
	tap_ok(strstr(complaint, "bogus count") != NULL,
	    "of a count that is no number git complains: %s", complaint);
	strv_env_set(&env, "GIT_CONFIG_COUNT", "");
	autofree char *empty = setting(repo, &env, "gc.auto");
	tap_is_text(empty, "0\n", "an empty count is none");
}

/* What git says in a tree without ".git", whose folder is in a repository. */
static void
says_in_tree(const char *tree, const char *wanted, const char *what)
{
	autoerror struct error err = { 0 };
	autostr struct str out = { 0 };
	const char *const where[] = { "rev-parse", "--show-toplevel", NULL };
	bool found = git_run(tree, where, &out, &err);
	tap_ok(!found && strstr(error_text(&err), wanted) != NULL, "%s: %s%s",
	    what, str_text(&out), error_text(&err));
}

static void
test_confinement(void)
{
	autoerror struct error err = { 0 };
	autostr struct str out = { 0 };
	const char *const where[] = { "rev-parse", "--show-prefix", NULL };
	autofree char *repo = make_repository("outer");
	sh(repo,
	    "mkdir -p trees/lost/deep a:b/lost; ln -s trees link;"
	    "git worktree add -q trees/whole; mkdir trees/whole/deep");
	autofree char *link = path_join(repo, "link");
	autofree char *lost = path_join(repo, "trees/lost/deep");
	autofree char *whole = path_join(repo, "trees/whole/deep");
	tap_ok(git_run(lost, where, &out, &err),
	    "git finds the repository above a tree without .git");
	setenv("GIT_CEILING_DIRECTORIES", ":/elsewhere", 1);
	tap_ok(git_confine(link), "git is confined by a path with a link");
	tap_ok(text_ends_with(
		   getenv("GIT_CEILING_DIRECTORIES"), "/link::/elsewhere"),
	    "what the caller has stays");
	says_in_tree(lost, "not a git repository", "git finds none any more");
	str_clear(&out);
	held(&err, git_run(whole, where, &out, &err),
	    "in a folder of a whole tree it finds the tree");
	tap_is_text(str_text(&out), "deep/", "which is that tree");
	unsetenv("GIT_CEILING_DIRECTORIES");
	autofree char *odd = path_join(repo, "a:b");
	autofree char *below = path_join(odd, "lost");
	tap_ok(!git_confine(odd), "a list cannot hold a path with a colon");
	held(&err, git_bar(odd, &err) && git_bar(odd, &err),
	    "so a file is made there");
	says_in_tree(below, "invalid gitfile", "at which git stops");
	sh(repo, "git add -A . && git status --porcelain");
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

/* git warns within the output of steps of a setting that it does not know. */
static void
test_silence(void)
{
	static const char *const write[] = { "hash-object", "-w", "--stdin",
		NULL };
	autofree char *repo = make_repository("silent");
	for (int sync = GIT_SYNCED; sync <= GIT_HARDENED_LATER; sync++) {
		autoerror struct error err = { 0 };
		struct git_result result = { 0 };
		struct git_options options = { .purpose = GIT_FOR_AGENT,
			.sync = (enum git_sync)sync,
			.input = "x",
			.input_len = 1 };
		bool ran = git_call(repo, write, &options, &result, &err);
		held(&err, ran && result.code == 0, "an object is written");
		tap_is_text(str_text(&result.err), "",
		    "git knows the settings of kind %d", sync);
		git_result_release(&result);
	}
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
	tap_ok(git_version() >= 22500, "git %u is new enough", git_version());
	autofree char *repo = make_repository("plain");
	tap_ok(!git_run(repo, bad, &out, &err), "a bad revision is a failure");
	held(&err,
	    strstr(error_text(&err), "Needed a single revision") != NULL &&
		strchr(error_text(&err), '\n') == NULL,
	    "it is told in git's words, in one line");
	tap_is_int(err.kind, ERROR_GIT, "it is an error of git");
	error_release(&err);
	tap_ok(
	    git_call(repo, hash, &options, &result, &err), "git gets an input");
	tap_is_text(str_text(&result.out),
	    "c1b0730e0133447badcfd47fd144e254807b06e1\n", "it reads all of it");
	git_result_release(&result);
	tap_ok(git_call(repo, warn, &options, &result, &err), "HEAD is read");
	tap_is_text(str_text(&result.err), "", "our settings cause no warning");
	git_result_release(&result);
	held(&err, !git_run("/nonexistent", warn, &out, &err),
	    "a directory that is missing is a failure");
}

struct way_case {
	const char *said;
	const char *want; /* NULL: no files were in the way */
};

static const struct way_case way_cases[] = {
	{ "", NULL },
	{ "error: policy\n\tour rules\n", NULL },
	{ "fatal: Unable to create '/r/.git/index.lock': File exists.\n",
	    NULL },
	{ "error: Your local changes to the following files would be "
	  "overwritten by merge:\n\ta\n\tb c\nPlease commit your changes or "
	  "stash them before you merge.\nAborting\n",
	    "uncommitted changes are in the way: a, b c" },
	{ "error: Your local changes to the following files would be "
	  "overwritten by merge:\n  a\n",
	    "uncommitted changes are in the way: a" },
	{ "error: The following untracked working tree files would be "
	  "overwritten by merge:\n\t1\n\t2\n\t3\n\t\033[m\n\t5\nPlease move or "
	  "remove them before you merge.\nAborting\n",
	    "untracked files are in the way: 1, 2, 3 and 2 more" },
	{ "error: Updating the following directories would lose untracked "
	  "files in them:\n\t\033[md\n\n",
	    "untracked files are in the way: \\e[md" },
};

static void
test_in_way(void)
{
	for (size_t i = 0; i < COUNT_OF(way_cases); i++) {
		autoerror struct error err = { 0 };
		struct git_result result = { .code = 1 };
		str_add(&result.err, way_cases[i].said);
		bool found = git_found_in_way(&result, &err);
		tap_is_int(found, way_cases[i].want != NULL,
		    "what git says about files is recognised");
		if (found)
			tap_is_text(error_text(&err), way_cases[i].want,
			    "and said in our words");
		git_result_release(&result);
	}
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
	tap_ok(git_start(loop, "/", args, ended, NULL, &err), "git is started");
	turn_until(loop, &said);
	tap_is_int(late_code, 0, "its end is told");
	said = false;
	tap_ok(git_start_with(loop, "/", slow, &hasty, ended, NULL, &err),
	    "one that will not end is started");
	turn_until(loop, &said);
	tap_is_int(
	    late_code, GIT_CODE_TIMEOUT, "it is ended when its time is over");
	loop_free(loop);
}

static void
make_file(void *arg)
{
	sh(arg, "touch turned");
}

/* The command ends when something else on the loop has happened. */
static void
test_waiting(void)
{
	autofree char *dir = in_sandbox(".");
	autoerror struct error err = { 0 };
	struct loop *loop = loop_new();
	struct git_options options = { .timeout_ms = 60000 };
	struct git_result result = { 0 };
	const char *const args[] = { "-c",
		"alias.x=!until [ -e turned ]; do sleep 0.02; done", "x",
		NULL };
	git_wait_in(loop);
	loop_after(loop, 1, make_file, dir);
	held(&err,
	    git_call(dir, args, &options, &result, &err) && result.code == 0,
	    "while a command is waited for the loop goes on");
	git_wait_in(NULL);
	git_result_release(&result);
	loop_free(loop);
}

int
main(void)
{
	sandbox_begin();
	test_environment();
	test_inherited_settings();
	test_confinement();
	test_version();
	test_silence();
	test_git();
	test_in_way();
	test_start();
	test_waiting();
	sandbox_end();
	return tap_done();
}
