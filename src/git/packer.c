/* SPDX-License-Identifier: MIT */
/* Packs for what a long job has merged. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/git.h"
#include "git/head.h"
#include "git/packer.h"
#include "proc/child.h"
#include "proc/ladder.h"

#define LOW_PRIORITY 19
#define REMOVED_IN_TURN 64 /* files; others wait for the loop meanwhile */

struct packer {
	struct loop *loop;
	char *dir;
	char *objects; /* the folder; NULL: dir is no work tree */
	size_t merges;
	size_t all; /* merges so far */
	size_t loose; /* of them, those since the last pack */
	char *head;
	char *packed; /* all that it reaches is in packs */
	char *packing; /* what becomes packed; NULL: nothing is under way */
	struct child *child;
	struct str out; /* of the child */
	struct str complaint;
	struct strv loose_objects; /* whose files are to be removed */
	struct timer *timer; /* pending: some more of them go */
	struct timer *limit; /* pending: the child has had its time */
};

struct packer *
packer_new(struct loop *loop, const char *dir, const char *head, size_t merges)
{
	autoerror struct error ignored = { 0 };
	struct packer *packer = mem_zalloc(sizeof(*packer));
	autofree char *common = head_common_dir(dir, &ignored);
	packer->loop = loop;
	packer->dir = mem_text(dir);
	if (common != NULL)
		packer->objects = path_join(common, "objects");
	packer->merges = merges;
	packer->head = mem_text(head);
	packer->packed = mem_text(head);
	return packer;
}

static void
out_came(const void *bytes, size_t len, void *arg)
{
	struct packer *packer = arg;
	str_add_n(&packer->out, bytes, len);
}

static void
complaint_came(const void *bytes, size_t len, void *arg)
{
	struct packer *packer = arg;
	if (packer->complaint.len < 2000)
		str_add_n(&packer->complaint, bytes, len);
}

static void
took_too_long(void *arg)
{
	struct packer *packer = arg;
	packer->limit = NULL;
	child_stop(packer->child, LADDER_GIT_GRACE_MS);
}

/* With as little of the processors as the agents leave. */
static bool
start_git(struct packer *packer, const char *const *args, const void *input,
    size_t len, child_done_fn *fn)
{
	autostrv struct strv argv = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	strv_add(&argv, "git");
	strv_add_all(&argv, args);
	strv_env_inherit(&env);
	git_env(&env, GIT_FOR_US, GIT_SYNCED);
	const struct child_spec spec = {
		.argv = strv_array(&argv),
		.env = strv_array(&env),
		.dir = packer->dir,
		.input = CHILD_INPUT_PIPE,
		.on_out = out_came,
		.on_err = complaint_came,
		.own_group = true,
		.on_done = fn,
		.arg = packer,
	};
	str_clear(&packer->out);
	str_clear(&packer->complaint);
	packer->child = child_start(packer->loop, &spec, &err);
	if (packer->child == NULL) {
		log_debug("packing: %s", error_text(&err));
		return false;
	}
	(void)setpriority(
	    PRIO_PROCESS, (id_t)child_pid(packer->child), LOW_PRIORITY);
	child_feed(packer->child, input, len);
	child_feed_end(packer->child);
	packer->limit =
	    loop_after(packer->loop, GIT_TIMEOUT_MS, took_too_long, packer);
	return true;
}

/* It is tried again with the merges to come. */
static void
give_up(struct packer *packer, const struct child_end *end)
{
	if (end != NULL)
		log_debug("packing: git ended with status %d: %s",
		    child_end_code(end), str_text(&packer->complaint));
	free(packer->packing);
	packer->packing = NULL;
}

static bool
has_ended_well(struct packer *packer, const struct child_end *end)
{
	packer->child = NULL;
	timer_remove(packer->limit);
	packer->limit = NULL;
	if (!end->signalled && end->status == 0)
		return true;
	give_up(packer, end);
	return false;
}

/* --- removing the files ----------------------------------------------- */

static void
remove_some(void *arg)
{
	struct packer *packer = arg;
	struct strv *oids = &packer->loose_objects;
	packer->timer = NULL;
	for (int i = 0; i < REMOVED_IN_TURN && oids->n > 0; i++) {
		const char *oid = oids->items[oids->n - 1];
		autofree char *path =
		    mem_format("%s/%.2s/%s", packer->objects, oid, oid + 2);
		(void)unlink(path);
		strv_remove(oids, oids->n - 1);
	}
	if (oids->n > 0) {
		packer->timer =
		    loop_after(packer->loop, 0, remove_some, packer);
		return;
	}
	free(packer->packed);
	packer->packed = packer->packing;
	packer->packing = NULL;
}

/* Lines of an offset, an object id, and a checksum. */
static void
index_was_read(const struct child_end *end, void *arg)
{
	struct packer *packer = arg;
	if (!has_ended_well(packer, end))
		return;
	char *rest = packer->out.data;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		(void)strsep(&line, " ");
		const char *oid = line == NULL ? NULL : strsep(&line, " ");
		if (oid != NULL && git_is_oid(oid))
			strv_add(&packer->loose_objects, oid);
	}
	str_clear(&packer->out);
	remove_some(packer);
}

/* --- writing the pack ------------------------------------------------- */

/* The names in the folder of packs are not synced by git. */
static bool
read_index(struct packer *packer, const char *name, struct error *err)
{
	static const char *const show[] = { "show-index", NULL };
	autostr struct str index = { 0 };
	autofree char *folder = path_join(packer->objects, "pack");
	autofree char *path = mem_format("%s/pack-%s.idx", folder, name);
	return file_sync_dir(folder, err) &&
	    file_read(path, SIZE_MAX, &index, err) &&
	    start_git(packer, show, index.data, index.len, index_was_read);
}

static void
pack_was_written(const struct child_end *end, void *arg)
{
	struct packer *packer = arg;
	autoerror struct error err = { 0 };
	if (!has_ended_well(packer, end))
		return;
	const char *line = str_text(&packer->out);
	autofree char *name = mem_text_n(line, strcspn(line, "\n"));
	if (git_is_oid(name) && read_index(packer, name, &err))
		return;
	if (err.kind != ERROR_NONE)
		log_debug("packing: %s", error_text(&err));
	give_up(packer, NULL);
}

static void
start_pack(struct packer *packer)
{
	autofree char *base = path_join(packer->objects, "pack/pack");
	autofree char *range =
	    mem_format("%s\n^%s\n", packer->head, packer->packed);
	const char *const pack[] = { "pack-objects", "-q", "--revs",
		"--incremental", "--delta-base-offset", "--non-empty",
		"--threads=1", base, NULL };
	packer->loose = 0;
	packer->packing = mem_text(packer->head);
	if (!start_git(packer, pack, range, strlen(range), pack_was_written))
		give_up(packer, NULL);
}

void
packer_merged(struct packer *packer, const char *head, size_t n)
{
	size_t limit = packer->merges;
	free(packer->head);
	packer->head = mem_text(head);
	packer->all += n;
	packer->loose += n;
	if (packer->all / PACKER_PART > limit)
		limit = packer->all / PACKER_PART;
	if (packer->loose >= limit && packer->packing == NULL &&
	    packer->objects != NULL)
		start_pack(packer);
}

bool
packer_is_busy(const struct packer *packer)
{
	return packer->packing != NULL;
}

void
packer_free(struct packer *packer)
{
	if (packer == NULL)
		return;
	timer_remove(packer->timer);
	timer_remove(packer->limit);
	child_abandon(packer->child);
	str_release(&packer->out);
	str_release(&packer->complaint);
	strv_release(&packer->loose_objects);
	free(packer->dir);
	free(packer->objects);
	free(packer->head);
	free(packer->packed);
	free(packer->packing);
	free(packer);
}
