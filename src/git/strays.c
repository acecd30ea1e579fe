/* SPDX-License-Identifier: MIT */
/* Commits that an agent left aside. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "git/strays.h"

#define SMALL_FILE 65536

void
strays_release(struct strays *strays)
{
	free(strays->items);
	*strays = (struct strays){ 0 };
}

/* --- operations that were left open ----------------------------------- */

const char *
strays_open_operation(const char *git_dir)
{
	static const struct {
		const char *file;
		const char *operation;
	} signs[] = {
		{ "rebase-merge", "rebase" },
		{ "rebase-apply/applying", "am" },
		{ "rebase-apply", "rebase" },
		{ "MERGE_HEAD", "merge" },
		{ "CHERRY_PICK_HEAD", "cherry-pick" },
		{ "REVERT_HEAD", "revert" },
	};
	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		autofree char *path = path_join(git_dir, signs[i].file);
		if (path_exists(path))
			return signs[i].operation;
	}
	return NULL;
}

/* The ids that files of such an operation hold, a line each. */
static void
add_of_operations(const char *git_dir, struct str *input)
{
	static const char *const files[] = { "MERGE_HEAD", "CHERRY_PICK_HEAD",
		"MERGE_AUTOSTASH", "rebase-merge/orig-head",
		"rebase-merge/autostash", "rebase-apply/orig-head",
		"rebase-apply/autostash" };
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		autostr struct str text = { 0 };
		autoerror struct error ignored = { 0 };
		autofree char *path = path_join(git_dir, files[i]);
		if (!file_read(path, SMALL_FILE, &text, &ignored))
			continue;
		char *rest = text.data;
		for (char *line; (line = strsep(&rest, "\n")) != NULL;)
			if (git_is_oid(line))
				str_format(input, "%s\n", line);
	}
}

/* --- finding ---------------------------------------------------------- */

static bool
is_zero(const char *oid)
{
	return oid[strspn(oid, "0")] == '\0';
}

/* Where HEAD came from without a move that led there is as good as made. */
static void
add_of_moves(const struct head_moves *moves, struct str *input)
{
	const char *at = NULL;
	for (size_t i = 0; i < moves->n; i++) {
		const struct head_move *move = &moves->items[i];
		if (at != NULL && strcmp(move->from, at) != 0 &&
		    !is_zero(move->from))
			str_format(input, "%s\n", move->from);
		if (head_move_made_commit(move) && !is_zero(move->to))
			str_format(input, "%s\n", move->to);
		at = move->to;
	}
}

static void
add_kept(const char *const *kept, struct str *input)
{
	for (; *kept != NULL; kept++)
		str_format(input, "^%s\n", *kept);
}

/* Runs git in dir with this on its standard input. */
static bool
feed(const char *dir, const char *const *args, const struct str *input,
    struct str *out, struct error *err)
{
	const struct git_options options = {
		.input = str_text(input),
		.input_len = input->len,
	};
	struct git_result git = { 0 };
	if (!git_call(dir, args, &options, &git, err))
		return false;
	bool ok = git.code == 0 || git_complain(args[0], &git, err);
	if (ok && out != NULL)
		str_add_str(out, &git.out);
	git_result_release(&git);
	return ok;
}

/* Lines of "commit parent...": what is no parent of another one is a tip. */
static void
take_tips(char *lines, const struct head_moves *moves, struct strays *strays)
{
	autostr struct str parents = { 0 };
	autofree char *copy = mem_text(lines);
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		const char *blank = strchr(line, ' ');
		if (blank != NULL)
			str_format(&parents, "%s ", blank);
	}
	rest = lines;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		line[strcspn(line, " ")] = '\0';
		autofree char *word = mem_format(" %s ", line);
		if (!git_is_oid(line) ||
		    strstr(str_text(&parents), word) != NULL)
			continue;
		strays->items = mem_grow(strays->items, &strays->cap,
		    strays->n + 1, sizeof(*strays->items));
		struct stray *stray = &strays->items[strays->n++];
		memcpy(stray->oid, line, strlen(line) + 1);
		stray->given_up = head_moves_gave_up(moves, line);
	}
}

static bool
is_one_of(const char *oid, const char *const *oids)
{
	for (; *oids != NULL; oids++)
		if (strcmp(*oids, oid) == 0)
			return true;
	return false;
}

bool
strays_find(const struct strays_search *search, struct strays *strays,
    struct error *err)
{
	const char *const args[] = { "rev-list", "--parents",
		"--ignore-missing", "--stdin", NULL };
	autostr struct str input = { 0 };
	autostr struct str out = { 0 };
	*strays = (struct strays){ 0 };
	add_of_moves(search->moves, &input);
	if (search->git_dir != NULL)
		add_of_operations(search->git_dir, &input);
	for (size_t i = 0; search->tips[i] != NULL; i++)
		str_format(&input, "%s\n", search->tips[i]);
	if (input.len == 0)
		return true;
	add_kept(search->kept, &input);
	if (!feed(search->dir, args, &input, &out, err))
		return error_wrap(err, "looking for commits");
	if (out.len > 0)
		take_tips(out.data, search->moves, strays);
	/* What it is at was not given up, however it came back to it. */
	for (size_t i = 0; i < strays->n; i++)
		if (is_one_of(strays->items[i].oid, search->tips))
			strays->items[i].given_up = false;
	return true;
}

bool
strays_pack(const char *dir, const char *common_dir,
    const struct strays *strays, const char *const *kept, struct error *err)
{
	autostr struct str input = { 0 };
	autofree char *prefix = path_join(common_dir, "objects/pack/pack");
	const char *const args[] = { "pack-objects", "--revs", "--quiet",
		prefix, NULL };
	for (size_t i = 0; i < strays->n; i++)
		str_format(&input, "%s\n", strays->items[i].oid);
	add_kept(kept, &input);
	return feed(dir, args, &input, NULL, err);
}
