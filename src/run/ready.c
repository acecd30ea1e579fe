/* SPDX-License-Identifier: MIT */
/* Items of an earlier run that nobody merged. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "git/git.h"
#include "git/refs.h"
#include "plan/items.h"
#include "run/item.h"
#include "run/merging.h"
#include "run/ready.h"
#include "state/job_record.h"

struct ready {
	struct item_shared shared;
	struct merging *merging;
	size_t left;
};

static void
forget(struct ready *ready, struct item *item)
{
	merging_end_turn(ready->merging, item);
	item_free(item);
	ready->left--;
}

/* As the map phase does, but that nobody is asked about a conflict. */
static void
handle(struct item *item, enum item_event event)
{
	struct ready *ready = item->shared->owner;
	if (event == ITEM_TURN) {
		item->state = ITEM_MERGING;
		merging_merge(ready->merging, item);
	} else if (event == ITEM_MERGED) {
		item->state = ITEM_DONE;
		item_record_done(item);
	} else if (event == ITEM_CONFLICT || event == ITEM_MERGE_ERROR) {
		item->state = ITEM_FAILED;
		merging_end_turn(ready->merging, item);
		item_record_failure(item);
	} else if (event == ITEM_RECORDED) {
		forget(ready, item);
	} else {
		BUG("event %d of an item that is ready", (int)event);
	}
}

/* Killed between its ref and its record: the ref tells that it is whole. */
static void
record_ready(struct supervisor *sup, const struct item *item)
{
	autojson json_t *result = json_object();
	json_set_text(result, "item_id", item->id);
	json_set_text(result, "status", "Success");
	json_set_text(result, "branch_name", item->branch);
	recorder_add(&sup->recorder,
	    job_record_write(&(struct job_record){ .op = JOB_OP_READY,
		.item = item->id,
		.tip = item->result.tip,
		.base = item->base,
		.result = result }));
}

static bool
is_whole(uint8_t status)
{
	return status == JOB_ITEM_READY || status == JOB_ITEM_RUNNING;
}

/* "refs/prodigy/RUN/i/item_3/1": the newest attempt of an item that is open. */
static bool
add_ref(struct ready *ready, const struct ref_entry *ref, struct error *err)
{
	struct supervisor *sup = ready->shared.sup;
	const struct job *job = &sup->recorder.job;
	autofree char *folder = path_parent(ref->name);
	unsigned attempt = (unsigned)strtoul(path_name(ref->name), NULL, 10);
	size_t index;
	if (!items_index(path_name(folder), &index) || index >= job->total ||
	    !is_whole(job->items[index].status) ||
	    job->items[index].attempts != attempt)
		return true;
	char *label = NULL;
	json_t *data = spool_item(&sup->recorder.spool, index, &label, err);
	if (data == NULL)
		return false;
	struct item *item =
	    item_new(&ready->shared, index, attempt, data, label);
	item->state = ITEM_READY;
	item->base = mem_text(sup->repo.head);
	item->result.tip = mem_text(ref->oid);
	item->has_ready_ref = true;
	item->tree_kept = path_is_dir(item->path);
	if (job->items[index].status == JOB_ITEM_RUNNING)
		record_ready(sup, item);
	ready->left++;
	merging_add(ready->merging, item);
	return true;
}

static bool
merge_refs(struct ready *ready, const struct ref_list *refs, struct error *err)
{
	struct supervisor *sup = ready->shared.sup;
	bool ok = true;
	for (size_t i = 0; ok && i < refs->n; i++)
		ok = add_ref(ready, &refs->items[i], err);
	while (ready->left > 0 && sup->recorder.failure.kind == ERROR_NONE)
		if (!loop_turn(sup->loop, -1, err))
			return false;
	return ok && recorder_flush(&sup->recorder);
}

bool
ready_merge(struct supervisor *sup, struct error *err)
{
	struct ref_list refs = { 0 };
	autostr struct str head = { 0 };
	autofree char *prefix = mem_format("refs/prodigy/%s/i", sup->run);
	const char *const args[] = { "rev-parse", "--verify", sup->map_ref,
		NULL };
	if (!refs_list(&sup->repo, prefix, &refs, err))
		return false;
	bool ok = refs.n == 0 || git_run(sup->repo.root, args, &head, err);
	if (ok && refs.n > 0) {
		struct ready ready = {
			.shared = {
			    .sup = sup,
			    .objects = objects_open(sup->loop, sup->repo.root,
				sup->recorder.job_dir),
			    .head = mem_text(str_text(&head)),
			    .handle = handle,
			},
		};
		ready.shared.owner = &ready;
		ready.merging = merging_new(&ready.shared);
		ok = merge_refs(&ready, &refs, err);
		if (!ok && err->kind == ERROR_NONE)
			ok = supervisor_check(sup, err);
		merging_free(ready.merging);
		objects_close(ready.shared.objects);
		free(ready.shared.head);
	}
	refs_list_release(&refs);
	return ok;
}
