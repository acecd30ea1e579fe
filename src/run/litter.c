/* SPDX-License-Identifier: MIT */
/* Ignored files of all items. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "run/litter.h"

#define NAMES 3

static void
add_names(struct litter *litter, const json_t *names)
{
	const json_t *name;
	size_t i;
	json_array_foreach(json_mutable(names), i, name) {
		const char *text = json_string_value(name);
		if (litter->names.n < NAMES && text != NULL &&
		    !strv_has(&litter->names, text))
			strv_add(&litter->names, text);
	}
}

void
litter_add(struct litter *litter, const struct frame_result *result)
{
	const json_t *left = result->ignored;
	const json_t *kept = result->artifacts;
	uint64_t files = (uint64_t)json_get_int(left, "files", 0);
	uint64_t bytes = (uint64_t)json_get_int(left, "bytes", 0);
	uint64_t kept_files = (uint64_t)json_get_int(kept, "files", 0);
	uint64_t kept_bytes = (uint64_t)json_get_int(kept, "bytes", 0);
	litter->kept_files += kept_files;
	litter->kept_bytes += kept_bytes;
	if (files <= kept_files)
		return;
	litter->items++;
	litter->files += files - kept_files;
	litter->bytes += bytes > kept_bytes ? bytes - kept_bytes : 0;
	if (kept_files == 0)
		add_names(litter, json_object_get(left, "names"));
}

static char *
amount(uint64_t files, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB",
		"TiB" };
	double size = (double)bytes;
	size_t unit = 0;
	while (size >= 1024 && unit + 1 < COUNT_OF(units)) {
		size /= 1024;
		unit++;
	}
	return mem_format("%" PRIu64 " file%s (%.*f %s)", files,
	    files == 1 ? "" : "s", unit == 0 ? 0 : 1, size, units[unit]);
}

void
litter_warn(const struct litter *litter)
{
	autostr struct str names = { 0 };
	autofree char *much = amount(litter->files, litter->bytes);
	if (litter->files == 0)
		return;
	for (size_t i = 0; i < litter->names.n; i++)
		str_format(&names, "%s%s", i == 0 ? ": " : ", ",
		    litter->names.items[i]);
	if (litter->names.n > 0 && litter->files > litter->names.n)
		str_add(&names, ", ...");
	log_warn("%zu item%s left ignored files, which are not kept, %s%s; "
		 "workspace.keep in the workflow names those to keep",
	    litter->items, litter->items == 1 ? "" : "s", much,
	    str_text(&names));
}

char *
litter_kept(const struct litter *litter)
{
	return litter->kept_files == 0
	    ? NULL
	    : amount(litter->kept_files, litter->kept_bytes);
}

void
litter_release(struct litter *litter)
{
	strv_release(&litter->names);
}
