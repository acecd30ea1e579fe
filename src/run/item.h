/* SPDX-License-Identifier: MIT */
/*
 * One item on its way through the map phase: its work tree, its agent process,
 * what that made, and what is recorded of it. The functions here carry out
 * what plan/item decides. Each starts something and returns; what came of it
 * is told to the owner (run/map) as an event, mostly from the loop:
 *
 *	item_make_tree	-> TREE_MADE, TREE_FAILED
 *	item_run	-> ENDED_WELL, ENDED_BADLY, LOST, CANCELLED, REFUSED
 *	item_collect	-> HAS_COMMITS, HAS_NO_COMMITS, UNUSABLE
 *	item_record_*	-> RECORDED, UNUSABLE
 *
 * Merging and conflicts are in run/merging.
 */
#ifndef RUN_ITEM_H
#define RUN_ITEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/strv.h"
#include "git/objects.h"
#include "git/packer.h"
#include "plan/changes.h"
#include "plan/failure.h"
#include "plan/frame.h"
#include "plan/item.h"
#include "run/attempt.h"
#include "run/failed_trees.h"
#include "run/supervisor.h"
#include "run/trees.h"

struct item;

/* What an agent process asked of git, and waits for. */
struct item_question {
	LIST_ENTRY(item_question) link;
	struct item *item; /* NULL: it is gone */
};
LIST_HEAD(item_questions, item_question);

/* What all items of a map share; the map owns it. */
struct item_shared {
	struct supervisor *sup;
	struct objects *objects;
	struct packer *packer;
	struct trees *trees;
	char *head; /* of the map ref: where the next agent starts */
	json_t *vars; /* vars_to_json() of the run, shared by all specs */
	struct failed_trees *failed_trees; /* and others that stay */
	struct item_questions questions;
	/*
	 * Takes an event: the state changes, and what follows is started. It
	 * may free the item.
	 */
	void (*handle)(struct item *item, enum item_event event);
	void (*tree_filled)(void *owner); /* another one may be made */
	void *owner; /* the map, for both */
};

struct item {
	TAILQ_ENTRY(item) link; /* all items on their way */
	TAILQ_ENTRY(item) merge_link; /* in a queue of run/merging */
	struct item_shared *shared;
	size_t index;
	enum item_state state; /* the map changes it, nobody else */
	unsigned attempt_number; /* from 1 */
	unsigned lost_left; /* how often a lost attempt may be repeated */
	char *id; /* "item_7" */
	char *label; /* plan/label.h */
	char *who; /* id and label, for people */
	unsigned slot; /* from 1, of its agent; 0: it has none */
	char *agent_id; /* "{job}_agent_7" */
	json_t *data; /* what the user's list says */
	char *name; /* of its work tree */
	char *path; /* of its work tree */
	char *branch; /* short name */
	char *branch_ref; /* refs/heads/BRANCH */
	char *ready_ref; /* refs/prodigy/RUN/i/ITEM/ATTEMPT: tip, when ready */
	char *base; /* the commit it started from; NULL before */
	enum trees_state tree; /* what is in the tree when the agent starts */
	char *tree_commit; /* that it is exactly; NULL: not sure */
	bool tree_filling; /* it is new, and its files are on their way */
	bool tree_kept; /* its work tree stays for the user */
	struct item_question *question; /* the one that is not answered yet */
	struct attempt *attempt; /* its agent process, or claude's */
	struct frame_result result; /* of the agent process */
	struct failure failure; /* why it failed, or does not get on */
	struct strv commits; /* base..tip, oldest first */
	struct strv files; /* changed by them */
	json_t *users_side; /* what else changed while it ran; NULL: nothing */
	struct changes changes;
	bool has_ready_ref;
	char *merge_commit; /* NULL while it is not merged */
	char *scratch; /* work tree of its conflict; NULL: it had none */
	bool has_scratch; /* it is there, or on its way */
	char *resolved_tree; /* tree object that resolves the conflict */
	struct spent spent; /* by this attempt and the claude of its conflict */
	struct spent unrecorded; /* what of that no record has yet */
	int64_t start; /* clock_now() */
};
TAILQ_HEAD(item_list, item);

/* A pending item; data and label are taken, shared is borrowed. */
struct item *item_new(struct item_shared *shared, size_t index,
    unsigned attempt_number, json_t *data, char *label) MUST_USE;
void item_free(struct item *item);

/* Members that every event of an item has: agent, item, label, attempt. */
json_t *item_event(const struct item *item) MUST_USE;

/* Asks its agent process to stop, and forces it after force_ms. */
void item_stop(struct item *item, int64_t force_ms);

/* Its agent process, or claude's, has ended: what that has spent is its. */
void item_take_spent(struct item *item);
/* Adds what it has spent that is not recorded, of an agent at work, too. */
void item_add_unrecorded(const struct item *item, struct spent *sum);

void item_make_tree(struct item *item);
void item_run(struct item *item);
void item_collect(struct item *item);
void item_record_ready(struct item *item);
void item_record_done(struct item *item);
void item_record_failure(struct item *item);
/* What no record of it has: for one that nothing more is recorded of. */
void item_record_spent(struct item *item);
/* Back to the items that wait. Nothing is told. */
void item_record_reset(struct item *item);

#endif
