/* SPDX-License-Identifier: MIT */
/* The environment in which git runs. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "base/mem.h"
#include "base/text.h"
#include "git/env.h"
#include "git/git.h"

struct setting {
	const char *key;
	const char *value;
};

#define FSYNC_GIT 23600 /* core.fsync; it warns of the older setting */

/* For every git of a job: maintenance must not run beside agents. */
static const struct setting common[] = {
	{ "gc.auto", "0" },
	{ "maintenance.auto", "false" },
	{ "advice.detachedHead", "false" },
};

static const struct setting ours[] = {
	{ "core.hooksPath", "/dev/null" },
	{ "core.fsmonitor", "false" },
	{ "commit.gpgSign", "false" },
	{ "protocol.allow", "never" },
	{ "core.quotePath", "false" },
};

static const char *const removed[] = {
	"GIT_DIR",
	"GIT_INDEX_FILE",
	"GIT_WORK_TREE",
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_COMMON_DIR",
	"GIT_PREFIX",
	"GIT_NAMESPACE",
	"GIT_QUARANTINE_PATH",
	"GIT_CEILING_DIRECTORIES",
	"GIT_DISCOVERY_ACROSS_FILESYSTEM",
	"GIT_EXTERNAL_DIFF",
	"GIT_LITERAL_PATHSPECS",
	"GIT_GLOB_PATHSPECS",
	"GIT_NOGLOB_PATHSPECS",
	"GIT_ICASE_PATHSPECS",
	"GIT_DEFAULT_HASH",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_GRAFT_FILE",
	"GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE",
	"GIT_SHALLOW_FILE",
	"GIT_INTERNAL_SUPER_PREFIX",
	"GIT_ATTR_SOURCE",
	"GIT_INDEX_VERSION",
	"GIT_CONFIG",
	"GIT_CONFIG_COUNT",
	"GIT_CONFIG_PARAMETERS",
};

static void
add_settings(
    struct strv *env, const struct setting *settings, size_t n, size_t *count)
{
	for (size_t i = 0; i < n; i++) {
		char name[40];
		snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%zu", *count);
		strv_env_set(env, name, settings[i].key);
		snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%zu", *count);
		strv_env_set(env, name, settings[i].value);
		(*count)++;
	}
}

/* Whoever started us may have configured git the same way: that must go. */
static void
remove_inherited(struct strv *env)
{
	for (size_t i = 0; i < COUNT_OF(removed); i++)
		strv_env_unset(env, removed[i]);
	for (size_t i = env->n; i-- > 0;)
		if (text_starts_with(env->items[i], "GIT_CONFIG_KEY_") ||
		    text_starts_with(env->items[i], "GIT_CONFIG_VALUE_"))
			strv_remove(env, i);
}

/* Packs are synced in any case: objects_harden() does not look at them. */
static struct setting
sync_setting(enum git_sync sync)
{
	bool now = sync == GIT_SYNCED;
	if (git_version() < FSYNC_GIT)
		return (struct setting){ "core.fsyncObjectFiles",
			now ? "true" : "false" };
	return (struct setting){ "core.fsync",
		now ? "committed,loose-object" : "none,pack,derived-metadata" };
}

/* What git prints for our eyes or asks of a person. */
static void
set_manners(struct strv *env)
{
	strv_env_set(env, "GIT_EDITOR", ":");
	strv_env_set(env, "LC_ALL", "C");
	for (size_t i = env->n; i-- > 0;)
		if (text_starts_with(env->items[i], "GIT_TRACE"))
			strv_remove(env, i);
}

void
git_env_version(struct strv *env)
{
	char number[24];
	snprintf(number, sizeof(number), "%u", git_version());
	strv_env_set(env, GIT_ENV_VERSION, number);
}

void
git_env(struct strv *env, enum git_purpose purpose, enum git_sync sync)
{
	size_t count = 0;
	char number[24];
	struct setting setting = sync_setting(sync);
	remove_inherited(env);
	strv_env_set(env, "GIT_TERMINAL_PROMPT", "0");
	git_env_version(env);
	add_settings(env, common, COUNT_OF(common), &count);
	add_settings(env, &setting, 1, &count);
	if (purpose == GIT_FOR_US) {
		add_settings(env, ours, COUNT_OF(ours), &count);
		strv_env_set(env, "GIT_OPTIONAL_LOCKS", "0");
	}
	if (purpose != GIT_FOR_AGENT)
		set_manners(env);
	snprintf(number, sizeof(number), "%zu", count);
	strv_env_set(env, "GIT_CONFIG_COUNT", number);
}
