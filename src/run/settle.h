/* SPDX-License-Identifier: MIT */
/*
 * What is written down and cleaned up at the turning points of an item: the
 * journal first, events and the rest when it is durable.
 */
#ifndef RUN_SETTLE_H
#define RUN_SETTLE_H

#include "run/executor.h"
#include "run/worker.h"

void settle_started(struct worker *worker);
/* What becomes of its work tree after its process ended. */
void settle_tree(struct worker *worker, enum verdict verdict);
/* Its commits are safe under a ref and recorded, then it queues. */
void settle_ready(struct worker *worker);
/* Success; the worker is freed when it is durable. */
void settle_done(struct worker *worker);
/* Failure: dead letter, journal, events; frees the worker. */
void settle_failed(struct worker *worker);
/* Back to the items that wait; frees the worker. */
void settle_pending(struct worker *worker);

#endif
