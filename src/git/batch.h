/* SPDX-License-Identifier: MIT */
/*
 * A git process that stays and answers one request after the other on its
 * standard input and output (cat-file --batch, update-ref --stdin, ...), so
 * that a request costs no process.
 *
 * It is started by the first request. One request is with the process at a
 * time; if it dies over it, that request fails with its complaint, and the
 * next one starts the process anew: a bad request harms no other. Only when it
 * was killed before it answered anything is a request asked a second time.
 *
 * What it writes is not synced (GIT_HARDENED_LATER).
 */
#ifndef GIT_BATCH_H
#define GIT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "proc/loop.h"

#define BATCH_REPLY_LIMIT ((size_t)256 * 1024 * 1024)

struct batch;

/*
 * The length of a complete reply at the start of bytes (which a NUL follows),
 * or 0: more is to come.
 */
typedef size_t batch_measure_fn(const char *bytes, size_t len, void *arg);
/*
 * The reply to a request, or NULL with what the process said; called from the
 * loop, never within batch_send(). The callback may send more or free the
 * batch.
 */
typedef void batch_reply_fn(
    const char *reply, size_t len, const char *complaint, void *arg);

struct batch_spec {
	const char *dir; /* copied */
	const char *const *args; /* NULL-terminated, without "git"; copied */
	batch_measure_fn *measure;
	void *arg; /* of measure */
	/* Releases the arg of a request that gets no reply; or NULL. */
	void (*forget)(void *arg);
};

struct batch *batch_new(
    struct loop *loop, const struct batch_spec *spec) MUST_USE;
void batch_send(struct batch *batch, const void *bytes, size_t len,
    batch_reply_fn *fn, void *arg);
/* How long a reply may take from now on; without this, GIT_TIMEOUT_MS. */
void batch_set_patience(struct batch *batch, int64_t ms);
/* Ends the process if it is idle: the next request starts it anew. */
void batch_renew(struct batch *batch);
/* Ends it; requests that wait get no reply. NULL is ignored. */
void batch_free(struct batch *batch);

#endif
