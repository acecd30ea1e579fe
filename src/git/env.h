/* SPDX-License-Identifier: MIT */
/*
 * The environment in which git runs: nothing inherited that points it
 * elsewhere, settings through GIT_CONFIG_COUNT so that no file of the user is
 * written.
 */
#ifndef GIT_ENV_H
#define GIT_ENV_H

#include <stdbool.h>

#include "base/strv.h"

enum git_purpose {
	GIT_FOR_US, /* no hooks, no signing, no network, no prompts */
	GIT_FOR_AGENT, /* the user's hooks and identity; no gc */
	GIT_FOR_MERGE, /* into the user's branch: as the user would */
};

/* When what git writes survives a power cut. */
enum git_sync {
	GIT_SYNCED, /* as soon as the command has ended */
	/*
	 * Packs as above; loose objects and refs once objects_harden() has
	 * made them durable, before anything is recorded that needs them.
	 */
	GIT_HARDENED_LATER,
};

/*
 * Edits an environment (NAME=VALUE entries) in place. Where configuration
 * files lie (GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM) stays the user's choice;
 * settings that came through the environment do not.
 *
 * The version of git is left in GIT_ENV_VERSION, so that processes started
 * with the environment need not ask for it.
 */
#define GIT_ENV_VERSION "PRODIGY_GIT_VERSION"
void git_env(struct strv *env, enum git_purpose purpose, enum git_sync sync);
/* Sets GIT_ENV_VERSION alone, for a process of ours that will need git. */
void git_env_version(struct strv *env);

#endif
