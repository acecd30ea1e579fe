/* SPDX-License-Identifier: MIT */
/* How much an item has changed. */
#include "config.h"

#include "data/json.h"
#include "plan/changes.h"

void
changes_add(struct changes *to, const struct changes *more)
{
	to->files += more->files;
	to->insertions += more->insertions;
	to->deletions += more->deletions;
}

void
changes_describe(const struct changes *changes, json_t *object)
{
	if (changes->files == 0)
		return;
	json_object_set_new(object, "files", json_integer(changes->files));
	json_object_set_new(
	    object, "insertions", json_integer(changes->insertions));
	json_object_set_new(
	    object, "deletions", json_integer(changes->deletions));
}

json_t *
changes_to_json(const struct changes *changes)
{
	if (changes->files == 0)
		return NULL;
	json_t *object = json_object();
	changes_describe(changes, object);
	return object;
}

/* What no run can have changed is not counted. */
static int64_t
number_of(const json_t *object, const char *name)
{
	json_int_t number = json_get_int(object, name, 0);
	return number < 0 || number > INT64_MAX / 1000000 ? 0 : number;
}

void
changes_from_json(const json_t *object, struct changes *changes)
{
	*changes = (struct changes){
		.files = number_of(object, "files"),
		.insertions = number_of(object, "insertions"),
		.deletions = number_of(object, "deletions"),
	};
}
