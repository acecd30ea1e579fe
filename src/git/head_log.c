/* SPDX-License-Identifier: MIT */
/* The reflog of the HEAD of a work tree. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/head_log.h"

#define LOG_LIMIT ((size_t)256 * 1024 * 1024)

void
head_moves_release(struct head_moves *moves)
{
	for (size_t i = 0; i < moves->n; i++)
		free(moves->items[i].why);
	free(moves->items);
	*moves = (struct head_moves){ 0 };
}

/* --- the file --------------------------------------------------------- */

bool
head_log_begin(const char *git_dir, bool anew, size_t *at, struct error *err)
{
	struct stat st;
	autofree char *logs = path_join(git_dir, "logs");
	autofree char *path = path_join(logs, "HEAD");
	const int flags =
	    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (anew ? O_TRUNC : 0);
	if (mkdir(logs, 0777) != 0 && errno != EEXIST)
		return error_system(err, "creating %s", logs);
	autofd int fd = open(path, flags, 0666);
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_system(err, "opening %s", path);
	*at = (size_t)st.st_size;
	return true;
}

/* "FROM TO Name <mail> time zone\twhy", each id as long as the other. */
static bool
take_line(struct head_moves *moves, char *line)
{
	size_t len = strcspn(line, " ");
	char *second = line + len + 1;
	char *tab = strchr(line, '\t');
	if (len >= GIT_OID_SIZE || line[len] != ' ' ||
	    strcspn(second, " ") != len || second[len] != ' ')
		return false;
	line[len] = '\0';
	second[len] = '\0';
	if (!git_is_oid(line) || !git_is_oid(second))
		return false;
	moves->items = mem_grow(
	    moves->items, &moves->cap, moves->n + 1, sizeof(*moves->items));
	struct head_move *move = &moves->items[moves->n++];
	memcpy(move->from, line, len + 1);
	memcpy(move->to, second, len + 1);
	move->why = mem_text(tab == NULL ? "" : tab + 1);
	return true;
}

bool
head_log_read(
    const char *git_dir, size_t at, struct head_moves *moves, struct error *err)
{
	autostr struct str text = { 0 };
	autofree char *path = path_join(git_dir, "logs/HEAD");
	*moves = (struct head_moves){ 0 };
	if (!file_read(path, LOG_LIMIT, &text, err))
		return false;
	if (text.len < at)
		return error_set(err, ERROR_GIT, "%s was cut short", path);
	if (text.len == at)
		return true;
	char *rest = text.data + at;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (*line == '\0' || take_line(moves, line))
			continue;
		head_moves_release(moves);
		return error_set(err, ERROR_GIT, "%s is damaged", path);
	}
	return true;
}

/* --- what the moves mean ---------------------------------------------- */

static bool
starts_with_any(const char *text, const char *const *starts)
{
	for (; *starts != NULL; starts++)
		if (text_starts_with(text, *starts))
			return true;
	return false;
}

bool
head_moves_are_straight(
    const struct head_moves *moves, const char *start, const char *end)
{
	static const char *const straight[] = { "commit: ", "commit (merge): ",
		"cherry-pick: ", "revert: ", NULL };
	const char *at = start;
	for (size_t i = 0; i < moves->n; i++) {
		const struct head_move *move = &moves->items[i];
		if (strcmp(move->from, at) != 0)
			return false;
		if (strcmp(move->to, at) != 0 &&
		    !starts_with_any(move->why, straight))
			return false;
		at = move->to;
	}
	return strcmp(at, end) == 0;
}

bool
head_move_made_commit(const struct head_move *move)
{
	static const char *const jumps[] = { "checkout: ", "reset: ",
		"rebase (start)", "rebase (abort)", "rebase -i (start)",
		"rebase -i (abort)", NULL };
	return !starts_with_any(move->why, jumps) &&
	    !text_ends_with(move->why, ": Fast-forward");
}

bool
head_moves_made(const struct head_moves *moves, const char *oid)
{
	for (size_t i = 0; i < moves->n; i++)
		if (strcmp(moves->items[i].to, oid) == 0 &&
		    head_move_made_commit(&moves->items[i]))
			return true;
	return false;
}

bool
head_moves_gave_up(const struct head_moves *moves, const char *oid)
{
	for (size_t i = moves->n; i > 0; i--) {
		const struct head_move *move = &moves->items[i - 1];
		if (strcmp(move->from, oid) == 0 && strcmp(move->to, oid) != 0)
			return !text_starts_with(move->why, "checkout: ");
	}
	return false;
}
