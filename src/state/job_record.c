/* SPDX-License-Identifier: MIT */
/* The records of a job's journal as structs. */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "data/json.h"
#include "state/job_record.h"

enum job_member_kind {
	JOB_MEMBER_TEXT,
	JOB_MEMBER_INT,
	JOB_MEMBER_JSON,
};

struct job_member {
	const char *name;
	enum job_member_kind kind;
	size_t offset;
	unsigned ops; /* the kinds of records that have it, as bits */
	unsigned may_lack; /* those which lack it when it is NULL */
};

#define IN(op) (1u << JOB_OP_##op)
#define OF_ITEM                                                                \
	(IN(START) | IN(READY) | IN(MERGED) | IN(DONE) | IN(FAIL) | IN(RESET))
/* Of an item, or of a phase. */
#define OF_EITHER (IN(SPENT) | IN(CLAUDE))
#define WITH_SPENT                                                             \
	(IN(READY) | IN(MERGED) | IN(DONE) | IN(FAIL) | IN(RESET) | IN(SPENT))
#define MEMBER(name, kind, ops) MEMBER_OR_NONE(name, kind, ops, 0)
#define MEMBER_OR_NONE(name, kind, ops, may_lack)                              \
	{                                                                      \
#name, JOB_MEMBER_##kind, offsetof(struct job_record, name),   \
		    (ops), (may_lack)                                          \
	}

/* In the order in which they are written. */
static const struct job_member members[] = {
	MEMBER_OR_NONE(item, TEXT, OF_ITEM | OF_EITHER, OF_EITHER),
	MEMBER(attempt, INT, IN(START) | IN(CLAUDE)),
	MEMBER(claude_session_id, TEXT, IN(CLAUDE)),
	MEMBER(json_log_location, TEXT, IN(CLAUDE)),
	MEMBER(agent, TEXT, IN(START)),
	MEMBER(worktree, TEXT, IN(START)),
	MEMBER(branch, TEXT, IN(START)),
	MEMBER(tip, TEXT, IN(READY)),
	MEMBER(base, TEXT, IN(START) | IN(READY)),
	MEMBER(merge_commit, TEXT, IN(MERGED)),
	MEMBER_OR_NONE(changes, JSON, IN(MERGED), IN(MERGED)),
	MEMBER(error, TEXT, IN(FAIL)),
	MEMBER(error_type, JSON, IN(FAIL)),
	MEMBER(result, JSON, IN(READY) | IN(DONE) | IN(FAIL)),
	MEMBER_OR_NONE(spent, JSON, WITH_SPENT, WITH_SPENT),
	MEMBER(vars, JSON, IN(SETUP_DONE)),
	MEMBER(count, INT, IN(ITEMS)),
	MEMBER(items_sha256, TEXT, IN(ITEMS)),
	MEMBER_OR_NONE(phase, TEXT, IN(PHASE) | OF_EITHER, OF_EITHER),
	MEMBER(index, INT, IN(REDUCE_STEP)),
	MEMBER(signal, INT, IN(INTERRUPT)),
};

static const char *const op_names[JOB_OPS] = {
	[JOB_OP_SETUP_DONE] = "setup_done",
	[JOB_OP_ITEMS] = "items",
	[JOB_OP_PHASE] = "phase",
	[JOB_OP_START] = "start",
	[JOB_OP_READY] = "ready",
	[JOB_OP_MERGED] = "merged",
	[JOB_OP_DONE] = "done",
	[JOB_OP_FAIL] = "fail",
	[JOB_OP_RESET] = "reset",
	[JOB_OP_CLAUDE] = "claude",
	[JOB_OP_SPENT] = "spent",
	[JOB_OP_REDUCE_STEP] = "reduce_step",
	[JOB_OP_INTERRUPT] = "interrupt",
};

const char *
job_op_name(enum job_op op)
{
	return op_names[op];
}

/* NULL where there is none. */
static json_t *
value_of(const struct job_record *record, const struct job_member *member)
{
	const char *at = (const char *)record + member->offset;
	const char *text;
	switch (member->kind) {
	case JOB_MEMBER_TEXT:
		text = *(const char *const *)(const void *)at;
		return text == NULL ? NULL : json_text(text);
	case JOB_MEMBER_INT:
		return json_integer(*(const int64_t *)(const void *)at);
	case JOB_MEMBER_JSON:
		break;
	}
	return json_incref(*(json_t *const *)(const void *)at);
}

json_t *
job_record_write(const struct job_record *record)
{
	const unsigned op = 1u << record->op;
	json_t *object = json_object();
	json_set_text(object, "op", op_names[record->op]);
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if ((members[i].ops & op) == 0)
			continue;
		json_t *value = value_of(record, &members[i]);
		if (value == NULL && (members[i].may_lack & op) != 0)
			continue;
		json_object_set_new(object, members[i].name,
		    value == NULL ? json_null() : value);
	}
	return object;
}

void
job_record_read(const json_t *object, struct job_record *record)
{
	const char *op = json_get_text(object, "op");
	*record = (struct job_record){ .op = 0 };
	while (record->op < JOB_OPS &&
	    (op == NULL || strcmp(op_names[record->op], op) != 0))
		record->op++;
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		const char *name = members[i].name;
		char *at = (char *)record + members[i].offset;
		if (members[i].kind == JOB_MEMBER_TEXT)
			*(const char **)(void *)at =
			    json_get_text(object, name);
		else if (members[i].kind == JOB_MEMBER_INT)
			*(int64_t *)(void *)at = json_get_int(object, name, -1);
		else
			*(json_t **)(void *)at =
			    json_mutable(json_get(object, name));
	}
}
