/* SPDX-License-Identifier: MIT */
/*
 * One git command as a child: waited for (git_run), or with a callback from
 * the event loop (git_start). Arguments that come from outside stand behind
 * "--" or "--end-of-options"; output is asked for with -z.
 *
 * The environment of each is made here: nothing that was inherited points git
 * elsewhere, and settings go through GIT_CONFIG_COUNT, behind those that the
 * caller gave in this way, so that no file of the user is written.
 */
#ifndef GIT_GIT_H
#define GIT_GIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "proc/loop.h"

#define GIT_TIMEOUT_MS 600000
#define GIT_CODE_TIMEOUT 124
#define GIT_CODE_TOO_MUCH 125 /* of output: 64 MiB */
#define GIT_OID_SIZE 65 /* hex digits of SHA-256 and a NUL */

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
 * Edits an environment (NAME=VALUE entries) in place, once. Where configuration
 * files lie (GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM) stays the user's choice, as
 * do settings that came through the environment (GIT_CONFIG_COUNT, and those of
 * "git -c" in GIT_CONFIG_PARAMETERS): ours come behind them, and win. A count
 * that is no number is left as it is, for git to complain of.
 *
 * The version of git is left in GIT_ENV_VERSION, so that processes started
 * with the environment need not ask for it.
 */
#define GIT_ENV_VERSION "PRODIGY_GIT_VERSION"
void git_env(struct strv *env, enum git_purpose purpose, enum git_sync sync);
/* Sets GIT_ENV_VERSION alone, for a process of ours that will need git. */
void git_env_version(struct strv *env);
/*
 * From now on git that this process or a child of it runs below folder, which
 * is absolute, finds only repositories below it: in a tree that has lost its
 * own it must not work in one above. That is told by the environment, our own
 * too (GIT_CEILING_DIRECTORIES, before what the caller has there). False for a
 * path that this list cannot hold: then git_bar() does it.
 */
bool git_confine(const char *folder);
/* Makes a file in folder at which git stops that looks for a repository. */
bool git_bar(const char *folder, struct error *err) MUST_USE;

/*
 * How a command is waited for by somebody who has more to do: the loop goes on
 * turning, and when *stop (may be NULL) is set the command is ended, which is
 * ERROR_CANCELLED.
 */
struct git_wait {
	struct loop *loop;
	const bool *stop;
};

struct git_options {
	enum git_purpose purpose;
	enum git_sync sync;
	const struct strv *extra_env; /* over the environment; may be NULL */
	const void *input; /* standard input; NULL: none */
	size_t input_len;
	int64_t timeout_ms; /* 0: GIT_TIMEOUT_MS */
	const struct git_wait *wait; /* NULL: there is nothing else to do */
};

struct git_result {
	/* exit status, 128 + signal, GIT_CODE_TIMEOUT, GIT_CODE_TOO_MUCH */
	int code;
	struct str out;
	struct str err;
};
void git_result_release(struct git_result *result);

/*
 * Runs git with the arguments (NULL-terminated, without "git") in dir and
 * waits. True when git ran, whatever its exit status.
 */
bool git_call(const char *dir, const char *const *args,
    const struct git_options *options, struct git_result *result,
    struct error *err) MUST_USE;
/*
 * As git_call(), with GIT_FOR_US and GIT_SYNCED; an exit status but 0 is
 * ERROR_GIT with git's own words. out may be NULL; a final newline is removed.
 */
bool git_run(const char *dir, const char *const *args, struct str *out,
    struct error *err) MUST_USE;

/* As git_run(), waited for as wait says (NULL: as git_run() does). */
bool git_run_on(const struct git_wait *wait, const char *dir,
    const char *const *args, struct str *out, struct error *err) MUST_USE;
/*
 * Commands that are waited for from now on turn this loop, whose other events
 * go on meanwhile: a process that others want to hear of can wait for long.
 * NULL: a loop of their own. Not from within a callback of the loop.
 */
void git_wait_in(struct loop *loop);

typedef void git_done_fn(const struct git_result *result, void *arg);
/* Starts git as git_run() does; fn is called once unless this fails. */
bool git_start(struct loop *loop, const char *dir, const char *const *args,
    git_done_fn *fn, void *arg, struct error *err) MUST_USE;
/* Starts git as git_call() does. */
bool git_start_with(struct loop *loop, const char *dir, const char *const *args,
    const struct git_options *options, git_done_fn *fn, void *arg,
    struct error *err) MUST_USE;

/*
 * Sets err from what a command said, in one line made fit for a terminal;
 * false. ERROR_NO_SPACE when the disk is full, else ERROR_GIT.
 */
bool git_complain(
    const char *what, const struct git_result *result, struct error *err);

/*
 * Whether files kept a merge or a checkout from touching anything: err then
 * says which, and whether they are uncommitted or untracked. Whatever else git
 * failed for leaves err as it was.
 */
bool git_found_in_way(const struct git_result *result, struct error *err);

/* 23905 for 2.39.5; 0 when git is missing. It is asked for once. */
unsigned git_version(void);
bool git_is_oid(const char *text); /* 40 or 64 hex digits */

#endif
