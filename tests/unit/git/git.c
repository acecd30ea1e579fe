/* SPDX-License-Identifier: MIT */
/* One git command, and the environment in which it runs. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/strv.h"
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
	strv_add(&env, "GIT_CONFIG_COUNT=1");
	strv_add(&env, "GIT_CONFIG_KEY_0=core.sshCommand");
	strv_add(&env, "GIT_CONFIG_VALUE_0=evil");
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
	tap_ok(!has_setting(&env, "core.sshCommand", "evil"),
	    "settings that were inherited go");
	tap_ok(has_setting(&env, "core.hooksPath", "/dev/null"),
	    "our own git runs no hooks");
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
	git_env(&env, GIT_FOR_AGENT, GIT_HARDENED_LATER);
	tap_ok(has_setting(
		   &env, key, is_new ? "-all,pack,derived-metadata" : "false"),
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

int
main(void)
{
	sandbox_begin();
	test_environment();
	test_version();
	test_silence();
	test_git();
	test_start();
	sandbox_end();
	return tap_done();
}
