/* SPDX-License-Identifier: MIT */
/* The state of a job in memory. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/items.h"
#include "state/job.h"
#include "state/job_record.h"

#define WRITE_BLOCK 262144

static const char *const phase_names[JOB_PHASES] = {
	[JOB_SETUP] = "Setup",
	[JOB_MAP] = "Map",
	[JOB_REDUCE] = "Reduce",
	[JOB_COMPLETE] = "Complete",
};

const char *
job_phase_name(enum job_phase phase)
{
	return phase_names[phase];
}

static bool
bad_record(const struct job_record *record, struct error *err)
{
	const char *op = record->op == JOB_OPS ? NULL : job_op_name(record->op);
	return error_set(err, ERROR_STATE,
	    "a journal record '%s' that does not fit what was before",
	    op == NULL ? "" : op);
}

static bool
set_items(struct job *job, const struct job_record *record, struct error *err)
{
	int64_t count = record->count;
	if (count < 0 || count > ITEMS_LIMIT || job->items != NULL)
		return bad_record(record, err);
	job->total = (size_t)count;
	job->items = mem_array(job->total, sizeof(*job->items));
	job->counts[JOB_ITEM_PENDING] = job->total;
	return true;
}

static bool
set_phase(struct job *job, const struct job_record *record, struct error *err)
{
	const char *name = record->phase;
	for (int i = 0; name != NULL && i < JOB_PHASES; i++) {
		if (strcmp(phase_names[i], name) == 0) {
			job->phase = (enum job_phase)i;
			return true;
		}
	}
	return bad_record(record, err);
}

static void
move_item(struct job *job, struct job_item *item, enum job_item_status to)
{
	job->counts[item->status]--;
	job->counts[to]++;
	item->status = (uint8_t)to;
}

/* The statuses a record may find its item in, as bits. */
#define IN(status) (1u << (status))

struct item_rule {
	enum job_op op;
	unsigned from;
	enum job_item_status to;
	bool outcome;
};

static const struct item_rule item_rules[] = {
	{ JOB_OP_START,
	    IN(JOB_ITEM_PENDING) | IN(JOB_ITEM_RUNNING) | IN(JOB_ITEM_FAILED),
	    JOB_ITEM_RUNNING, false },
	{ JOB_OP_READY, IN(JOB_ITEM_RUNNING), JOB_ITEM_READY, false },
	{ JOB_OP_MERGED, IN(JOB_ITEM_READY), JOB_ITEM_DONE, true },
	{ JOB_OP_DONE, IN(JOB_ITEM_RUNNING), JOB_ITEM_DONE, true },
	{ JOB_OP_FAIL,
	    IN(JOB_ITEM_RUNNING) | IN(JOB_ITEM_READY) | IN(JOB_ITEM_PENDING),
	    JOB_ITEM_FAILED, true },
	{ JOB_OP_RESET,
	    IN(JOB_ITEM_RUNNING) | IN(JOB_ITEM_READY) | IN(JOB_ITEM_PENDING),
	    JOB_ITEM_PENDING, false },
};

/* An old record without a number is the first attempt. */
static uint16_t
attempts_of(const struct job_record *record)
{
	if (record->attempt < 0)
		return 1;
	return record->attempt > UINT16_MAX ? UINT16_MAX
					    : (uint16_t)record->attempt;
}

/* What an earlier attempt left is no result of this one. */
static void
set_result(struct job_item *item, const struct item_rule *rule,
    const struct job_record *record, const struct journal_place *place)
{
	if (rule->to == JOB_ITEM_RUNNING || rule->to == JOB_ITEM_PENDING)
		item->result = (struct journal_place){ 0 };
	else if (rule->to == JOB_ITEM_FAILED || record->result != NULL)
		item->result = *place;
}

static bool
apply_to_item(struct job *job, const struct item_rule *rule,
    const struct job_record *record, const struct journal_place *place,
    struct error *err)
{
	const char *id = record->item;
	size_t index;
	if (id == NULL || !items_index(id, &index) || index >= job->total)
		return bad_record(record, err);
	struct job_item *item = &job->items[index];
	if ((rule->from & IN(item->status)) == 0)
		return bad_record(record, err);
	move_item(job, item, rule->to);
	if (rule->to == JOB_ITEM_RUNNING)
		item->attempts = attempts_of(record);
	set_result(item, rule, record, place);
	if (rule->outcome)
		job->version++;
	return true;
}

size_t
job_ended(const struct job *job)
{
	return job->counts[JOB_ITEM_DONE] + job->counts[JOB_ITEM_FAILED];
}

static bool
apply_record(struct job *job, const struct job_record *record,
    const struct journal_place *place, struct error *err)
{
	for (size_t i = 0; i < COUNT_OF(item_rules); i++)
		if (item_rules[i].op == record->op)
			return apply_to_item(
			    job, &item_rules[i], record, place, err);
	if (record->op == JOB_OP_ITEMS)
		return set_items(job, record, err);
	if (record->op == JOB_OP_PHASE)
		return set_phase(job, record, err);
	if (record->op == JOB_OP_REDUCE_STEP) {
		job->reduce_steps++;
		job->version++;
	} else if (record->op == JOB_OP_SETUP_DONE) {
		job->setup_done = true;
		json_decref(job->setup_vars);
		job->setup_vars = json_incref(record->vars);
	}
	return true;
}

bool
job_apply(struct job *job, const json_t *object,
    const struct journal_place *place, struct error *err)
{
	struct job_record record;
	struct spent spent;
	struct changes changes;
	job_record_read(object, &record);
	if (json_get_text(object, "op") == NULL)
		return bad_record(&record, err);
	if (!apply_record(job, &record, place, err))
		return false;
	spent_from_json(record.spent, &spent);
	spent_add(&job->spent, &spent);
	changes_from_json(record.changes, &changes);
	changes_add(&job->changes, &changes);
	return true;
}

bool
job_put(
    struct job *job, int64_t first, int64_t last, enum job_item_status status)
{
	if (first < 0 || last < first || (uint64_t)last >= job->total)
		return false;
	for (int64_t i = first; i <= last; i++) {
		if (job->items[i].status != JOB_ITEM_PENDING)
			return false;
		move_item(job, &job->items[i], status);
	}
	return true;
}

void
job_release(struct job *job)
{
	free(job->items);
	json_decref(job->setup_vars);
	*job = (struct job){ 0 };
}

static bool
add_result(const struct job *job, const struct journal *journal, size_t i,
    struct str *out, bool *first, struct error *err)
{
	const struct job_item *item = &job->items[i];
	if (item->result.len == 0 ||
	    (item->status != JOB_ITEM_DONE && item->status != JOB_ITEM_FAILED))
		return true;
	autojson json_t *record = journal_read(journal, &item->result, err);
	if (record == NULL)
		return false;
	if (json_get(record, "result") == NULL)
		return true;
	str_add(out, *first ? "[" : ",\n");
	json_compact(json_get(record, "result"), out, true);
	*first = false;
	return true;
}

static bool
write_results(const struct job *job, const struct journal *journal, int fd,
    struct error *err)
{
	autostr struct str out = { 0 };
	bool first = true;
	for (size_t i = 0; i < job->total; i++) {
		if (!add_result(job, journal, i, &out, &first, err))
			return false;
		if (out.len < WRITE_BLOCK)
			continue;
		if (!file_write_all(fd, out.data, out.len, err))
			return false;
		str_clear(&out);
	}
	str_add(&out, first ? "[]\n" : "]\n");
	return file_write_all(fd, out.data, out.len, err);
}

bool
job_write_results(const struct job *job, const struct journal *journal,
    const char *path, struct error *err)
{
	struct file_new file;
	if (!file_new_open(&file, path, err))
		return false;
	if (!write_results(job, journal, file.fd, err)) {
		file_new_abandon(&file);
		return error_wrap(err, "writing the results of the map phase");
	}
	return file_new_commit(&file, err);
}
