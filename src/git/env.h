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
	GIT_FOR_AGENT, /* the user's hooks and identity; no gc, synced objects
			*/
	GIT_FOR_MERGE, /* into the user's branch: as the user would */
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
void git_env(struct strv *env, enum git_purpose purpose);

/*
 * Whether objects and refs are to survive a power cut (the default) or only
 * the death of processes, which saves an fsync per object. For this process;
 * a child is told by its git_env().
 */
void git_env_set_power(bool survive);

#endif
