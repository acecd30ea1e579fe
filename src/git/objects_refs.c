/* SPDX-License-Identifier: MIT */
/* Transactions on refs, through an update-ref that stays. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/objects.h"
#include "git/objects_parts.h"

struct refs_request {
	objects_done_fn *fn;
	void *arg;
};

/* Each command is acknowledged; "commit: ok" is the last. */
size_t
objects_measure_refs(const char *bytes, size_t len, void *arg)
{
	static const char last[] = "commit: ok\n";
	(void)arg;
	const char *found = memmem(bytes, len, last, sizeof(last) - 1);
	return found == NULL ? 0 : (size_t)(found - bytes) + sizeof(last) - 1;
}

/*
 * Git has no status for a failed comparison, only words; LC_ALL=C keeps them
 * the same.
 */
static bool
tells_of_other_value(const char *complaint)
{
	static const char *const words[] = { "but expected",
		"reference already exists", "unable to resolve reference",
		"reference is missing" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(complaint, words[i]) != NULL)
			return true;
	return false;
}

static void
refs_done(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct refs_request *request = arg;
	autoerror struct error err = { 0 };
	(void)len;
	if (reply == NULL) {
		objects_complain(&err, "updating refs", complaint);
		if (tells_of_other_value(complaint))
			err.kind = ERROR_STATE;
	}
	request->fn(reply == NULL ? &err : NULL, request->arg);
	free(request);
}

/* With -z a name is followed by a blank, a value by NUL (git-update-ref). */
static void
add_change(struct str *text, const struct ref_change *change)
{
	str_add(text, change->new == NULL ? "delete " : "update ");
	str_add(text, change->ref);
	str_add_char(text, '\0');
	if (change->new != NULL) {
		str_add(text, change->new);
		str_add_char(text, '\0');
	}
	if (change->old != NULL)
		str_add(text, change->old);
	str_add_char(text, '\0');
}

void
objects_update_refs(struct objects *objects, const struct ref_change *changes,
    size_t n, objects_done_fn *fn, void *arg)
{
	static const char begin[] = "start";
	static const char end[] = "prepare\0commit";
	autostr struct str text = { 0 };
	struct refs_request *request = mem_zalloc(sizeof(*request));
	request->fn = fn;
	request->arg = arg;
	str_add_n(&text, begin, sizeof(begin));
	for (size_t i = 0; i < n; i++)
		add_change(&text, &changes[i]);
	str_add_n(&text, end, sizeof(end));
	batch_send(objects->refs, text.data, text.len, refs_done, request);
}
