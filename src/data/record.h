/* SPDX-License-Identifier: MIT */
/*
 * Structs described by tables, one row for each member. From the one table of
 * a struct come its JSON form, its reader and its release: what travels
 * between processes and into checkpoints needs no code of its own.
 *
 *	static const struct record_field capture_fields[] = {
 *		RECORD(struct capture, name),
 *		RECORD_ENUM(struct capture, format, format_name, FORMATS),
 *		RECORD_AS("stdout", struct capture, out),
 *		RECORD_END,
 *	};
 *	const struct record_table capture_table =
 *	    RECORD_TABLE(struct capture, capture_fields);
 *
 * In JSON a member whose value is zero (NULL, false, empty) is left out, so
 * that a struct which is all zero is {}. Text that is not UTF-8 is repaired on
 * writing. Every member of a struct must have a row; tests/unit/records.h
 * finds those that have none.
 */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

/* Structs within structs, lists included; deeper ones are refused. */
#define RECORD_DEPTH_LIMIT 200

enum record_kind {
	RECORD_KIND_TEXT, /* char *, owned; NULL is left out, "" is not */
	RECORD_KIND_TEXTS, /* struct strv */
	RECORD_KIND_BOOL,
	RECORD_KIND_INT,
	RECORD_KIND_UNSIGNED,
	RECORD_KIND_SIZE, /* size_t */
	RECORD_KIND_INT64,
	RECORD_KIND_REAL, /* double; what is not finite is left out */
	RECORD_KIND_ENUM, /* an enum counted from 0, written by name */
	RECORD_KIND_JSON, /* json_t *, a reference */
	RECORD_KIND_OBJECT, /* a struct within the struct */
	RECORD_KIND_OWNED, /* a struct by its owned pointer; NULL: left out */
	RECORD_KIND_LIST, /* { struct x *items; size_t n, cap; }, all owned */
	RECORD_KIND_FOREIGN, /* in the JSON object, not in the struct */
};

struct record_field;

struct record_table {
	size_t size; /* of the struct */
	const struct record_field *fields; /* the last one has no name */
};

/* Rows are written by the macros below. */
struct record_field {
	const char *name; /* in JSON; NULL ends the table */
	enum record_kind kind;
	size_t offset; /* of the member, and its size */
	size_t size;
	const char *(*enum_name)(unsigned value);
	unsigned enum_count;
	json_type json; /* RECORD_KIND_JSON: the only type allowed */
	const struct record_table *table; /* OBJECT, OWNED, LIST */
	size_t n_offset; /* LIST: of its members n and cap */
	size_t cap_offset;
};

/* clang-format off */
#define RECORD_KIND_OF(value)                                                  \
	_Generic((value),                                                      \
	    char *: RECORD_KIND_TEXT,                                          \
	    struct strv: RECORD_KIND_TEXTS,                                    \
	    bool: RECORD_KIND_BOOL,                                            \
	    int: RECORD_KIND_INT,                                              \
	    double: RECORD_KIND_REAL,                                          \
	    unsigned: RECORD_KIND_UNSIGNED,                                    \
	    default: _Generic((value), /* the same type on some machines */    \
		size_t: RECORD_KIND_SIZE,                                      \
		int64_t: RECORD_KIND_INT64,                                    \
		default: (struct record_type_without_kind *)0)) /* no int */
/* clang-format on */

#define RECORD_MEMBER(name_in_json, kind_of, owner, member)                    \
	.name = (name_in_json), .kind = (kind_of),                             \
	.offset = offsetof(owner, member),                                     \
	.size = sizeof(((owner *)0)->member)

/* A row by the member's C type; its name in JSON is the member's, or given. */
#define RECORD(owner, member) RECORD_AS(#member, owner, member)
#define RECORD_AS(json_name, owner, member)                                    \
	{                                                                      \
		RECORD_MEMBER(json_name, RECORD_KIND_OF(((owner *)0)->member), \
		    owner, member)                                             \
	}
/* name_of(value) is the name of each value below count. */
#define RECORD_ENUM(owner, member, name_of, count)                             \
	{                                                                      \
		RECORD_MEMBER(#member, RECORD_KIND_ENUM, owner, member),       \
		    .enum_name = (name_of), .enum_count = (count)              \
	}
/* json_type is what the value must be, JSON_OBJECT or JSON_ARRAY. */
#define RECORD_JSON(owner, member, json_type)                                  \
	{                                                                      \
		RECORD_MEMBER(#member, RECORD_KIND_JSON, owner, member),       \
		    .json = (json_type)                                        \
	}
#define RECORD_OBJECT(owner, member, address_of_table)                         \
	{                                                                      \
		RECORD_MEMBER(#member, RECORD_KIND_OBJECT, owner, member),     \
		    .table = (address_of_table)                                \
	}
#define RECORD_OWNED(owner, member, address_of_table)                          \
	{                                                                      \
		RECORD_MEMBER(#member, RECORD_KIND_OWNED, owner, member),      \
		    .table = (address_of_table)                                \
	}
#define RECORD_LIST(owner, member, address_of_table)                           \
	{                                                                      \
		RECORD_MEMBER(#member, RECORD_KIND_LIST, owner, member),       \
		    .table = (address_of_table),                               \
		    .n_offset = offsetof(owner, member.n),                     \
		    .cap_offset = offsetof(owner, member.cap)                  \
	}
/* A member of the object that the caller writes and reads. */
#define RECORD_FOREIGN(json_name)                                              \
	{                                                                      \
		.name = (json_name), .kind = RECORD_KIND_FOREIGN               \
	}
#define RECORD_END                                                             \
	{                                                                      \
		.name = NULL                                                   \
	}
#define RECORD_TABLE(owner, rows)                                              \
	{                                                                      \
		.size = sizeof(owner), .fields = (rows)                        \
	}

/* A new object. */
json_t *record_to_json(
    const struct record_table *table, const void *record) MUST_USE;
/*
 * Fills record from what record_to_json() wrote. Members that the table does
 * not name, wrong types and numbers out of range are ERROR_INPUT with the path
 * of the member; record is then all zero. JSON values are shared with object.
 */
bool record_from_json(const struct record_table *table, const json_t *object,
    void *record, struct error *err) MUST_USE;
/* Frees what record owns; it is all zero afterwards. */
void record_release(const struct record_table *table, void *record);

#endif
