/* SPDX-License-Identifier: MIT */
/* Room on the file systems that a run fills. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "run/room.h"

#define FILES_NEEDED 1000 /* those that can be made */
#define RETRY_MS 1000

struct room {
	struct supervisor *sup;
	void (*look)(void *arg);
	void *arg;
	struct timer *retry; /* NULL: there was room */
	bool is_short;
	struct str why;
};

/* --- looking ---------------------------------------------------------- */

static void
add_size(struct str *out, int64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB",
		"TiB" };
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < COUNT_OF(units)) {
		value /= 1024;
		unit++;
	}
	str_format(out, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

/* Some file systems do not count files. */
static bool
lacks_files(const struct statvfs *fs)
{
	return fs->f_files > 0 && fs->f_favail < FILES_NEEDED;
}

static bool
has_room(const char *path, int64_t floor, struct str *why)
{
	struct statvfs fs;
	if (statvfs(path, &fs) != 0) {
		str_clear(why);
		text_visible(why, path, strlen(path), true);
		str_format(why, ": %s", strerror(errno));
		return false;
	}
	if (floor == 0)
		return true;
	uint64_t unit = fs.f_frsize == 0 ? fs.f_bsize : fs.f_frsize;
	uint64_t blocks = fs.f_bavail;
	bool enough = unit == 0 || blocks > (uint64_t)floor / unit;
	if (enough && !lacks_files(&fs))
		return true;
	str_clear(why);
	text_visible(why, path, strlen(path), true);
	if (enough) {
		str_format(why, ": only %ju more files can be made",
		    (uintmax_t)fs.f_favail);
		return false;
	}
	str_add(why, ": ");
	add_size(why, (int64_t)(blocks * unit));
	str_add(why, " free, less than workspace.min_free (");
	add_size(why, floor);
	str_add(why, ")");
	return false;
}

static bool
is_enough(const struct supervisor *sup, struct str *why)
{
	const struct workspace_block *workspace = &sup->workflow.workspace;
	int64_t floor =
	    workspace->has_min_free ? workspace->min_free : WORKFLOW_MIN_FREE;
	if (sup->trees_dir != NULL && !has_room(sup->trees_dir, floor, why))
		return false;
	return floor == 0 ||
	    (has_room(sup->repo.common_dir, floor, why) &&
		has_room(sup->layout.home, floor, why));
}

bool
room_check(const struct supervisor *sup, struct error *err)
{
	autostr struct str why = { 0 };
	return is_enough(sup, &why) ||
	    error_set(err, ERROR_NO_SPACE, "%s", str_text(&why));
}

/* --- while agents run ------------------------------------------------- */

struct room *
room_new(struct supervisor *sup, void (*look)(void *arg), void *arg)
{
	struct room *room = mem_zalloc(sizeof(*room));
	room->sup = sup;
	room->look = look;
	room->arg = arg;
	return room;
}

void
room_free(struct room *room)
{
	if (room == NULL)
		return;
	timer_remove(room->retry);
	str_release(&room->why);
	free(room);
}

static void
look_again(void *arg)
{
	struct room *room = arg;
	room->retry = NULL;
	room->look(room->arg);
}

static void
tell_shortage(struct room *room)
{
	log_warn("%s: no agent is started until there is room",
	    str_text(&room->why));
	recorder_event(&room->sup->recorder, "admission_reduced",
	    json_pack("{s:i, s:o}", "slots", 0, "reason",
		json_text(str_text(&room->why))));
}

bool
room_is_there(struct room *room)
{
	bool was_short = room->is_short;
	if (room->retry != NULL)
		return false;
	room->is_short = !is_enough(room->sup, &room->why);
	if (was_short && !room->is_short)
		log_note("There is room again: agents are started.");
	if (!room->is_short)
		return true;
	if (!was_short)
		tell_shortage(room);
	room->retry = loop_after(room->sup->loop, RETRY_MS, look_again, room);
	return false;
}

bool
room_is_short(const struct room *room)
{
	return room->is_short;
}

void
room_complain(const struct room *room, struct error *err)
{
	error_set(err, ERROR_NO_SPACE, "%s", str_text(&room->why));
}
