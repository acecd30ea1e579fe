/* SPDX-License-Identifier: MIT */
/*
 * Output to a reader who may be slow, asleep or gone. What cannot be written
 * now waits in memory and is written in turns of the loop: nobody here waits.
 *
 * The flag O_NONBLOCK belongs to an open file description, which other
 * processes share (a shell its terminal, say), so it is not set on the
 * descriptor: a pipe or terminal is opened once more for us alone. Where that
 * is not allowed, small pieces are written when poll(2) says that they fit.
 * What is neither pipe, terminal nor socket is written at once.
 *
 * A reader that has closed is no error: all that follows is dropped.
 */
#ifndef PROC_OUTLET_H
#define PROC_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "proc/loop.h"

/* Bytes that wait, above which what may be left out is left out. */
#define OUTLET_OFFER_LIMIT ((size_t)512 * 1024)
/* Bytes that wait, above which everything is left out. */
#define OUTLET_LIMIT ((size_t)64 * 1024 * 1024)

struct outlet;

/* fd is borrowed and stays as it is. */
struct outlet *outlet_new(struct loop *loop, int fd) MUST_USE;
/* What still waits is lost. NULL is ignored. */
void outlet_free(struct outlet *outlet);

/* A line or more, whole; it is written in order. */
void outlet_write(struct outlet *outlet, const void *bytes, size_t len);
/*
 * The same for what may be left out while much waits: false when it was. Once
 * something was left out, all that is offered is, until half of the limit is
 * written.
 */
bool outlet_offer(struct outlet *outlet, const void *bytes, size_t len);
/*
 * From here on fn is asked for more whenever nothing waits, and appends some
 * bytes, or none if there are none now: then outlet_wake() asks again.
 */
typedef void outlet_source_fn(struct str *out, void *arg);
void outlet_set_source(struct outlet *outlet, outlet_source_fn *fn, void *arg);
void outlet_wake(struct outlet *outlet);

/* Whether what is offered now would be left out. */
bool outlet_is_full(const struct outlet *outlet);
/* How often something was left out since this was last asked. */
size_t outlet_left_out(struct outlet *outlet);
/* Nothing waits, in memory or at the source; so it is when output failed. */
bool outlet_is_idle(const struct outlet *outlet);
/* errno of output that failed and was lost; 0: none, or the reader closed. */
int outlet_failure(const struct outlet *outlet);

/* Whether both descriptors lead to the same pipe, file or terminal. */
bool outlet_is_same(int a, int b);

#endif
