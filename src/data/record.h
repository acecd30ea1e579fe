/* SPDX-License-Identifier: MIT */
/*
 * Plain structs as JSON objects and back, by tables: what travels between
 * processes and into checkpoints without a hand-written codec per struct.
 *
 * A member whose value is zero (NULL, false, empty) is left out, so an object
 * that is all zero is {}. Reading is the exact reverse: it fills a zeroed
 * struct and refuses members that the table does not name, wrong types and
 * numbers out of range. Text that is not UTF-8 is repaired on writing.
 */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"

enum record_type {
	RECORD_TEXT, /* char *, owned; NULL is left out, "" is not */
	RECORD_TEXTS, /* struct strv */
	RECORD_BOOL,
	RECORD_INT,
	RECORD_UNSIGNED,
	RECORD_SIZE, /* size_t */
	RECORD_INT64,
	RECORD_REAL, /* double */
	RECORD_ENUM, /* an enum counted from 0, written by name */
	RECORD_JSON, /* json_t *, a reference */
	RECORD_OBJECT, /* a struct within the struct */
	RECORD_OTHER, /* a member that the caller reads and writes */
};

struct record_field {
	const char *name; /* NULL ends the table */
	enum record_type type;
	size_t offset;
	const char *(*enum_name)(unsigned value); /* RECORD_ENUM */
	unsigned enum_count;
	const struct record_field *fields; /* RECORD_OBJECT */
};

/* Entries of a table. */
#define RECORD_FIELD(member_name, kind, owner, member)                         \
	{                                                                      \
		.name = (member_name), .type = (kind),                         \
		.offset = offsetof(owner, member)                              \
	}
#define RECORD_ENUM_FIELD(member_name, owner, member, name_of, count)          \
	{                                                                      \
		.name = (member_name), .type = RECORD_ENUM,                    \
		.offset = offsetof(owner, member), .enum_name = (name_of),     \
		.enum_count = (count)                                          \
	}
#define RECORD_OBJECT_FIELD(member_name, owner, member, table)                 \
	{                                                                      \
		.name = (member_name), .type = RECORD_OBJECT,                  \
		.offset = offsetof(owner, member), .fields = (table)           \
	}
#define RECORD_END                                                             \
	{                                                                      \
		.name = NULL                                                   \
	}

/* A new object. */
json_t *record_to_json(
    const struct record_field *fields, const void *record) MUST_USE;
/*
 * Fills record (zeroed before). On failure it is partly filled and the caller
 * releases it as usual.
 */
bool record_from_json(const struct record_field *fields, const json_t *object,
    void *record, struct error *err) MUST_USE;

#endif
