/* SPDX-License-Identifier: MIT */
/* What the refs of kept work point at. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "git/refs.h"
#include "git/salvaged.h"

#define OURS "prodigy <prodigy@localhost>"
#define COMMIT_LIMIT 65536 /* a larger one is not read for its trailers */

void
salvaged_release(struct salvaged *item)
{
	free(item->ref);
	free(item->run);
	free(item->item);
	free(item->kind);
	free(item->base);
	free(item->subject);
	free(item->attempt);
	free(item->path);
	*item = (struct salvaged){ 0 };
}

void
salvaged_list_release(struct salvaged_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		salvaged_release(&list->items[i]);
	free(list->items);
	*list = (struct salvaged_list){ 0 };
}

/* --- names ------------------------------------------------------------ */

bool
salvaged_name(struct salvaged *item, const char *ref, const char *oid)
{
	*item = (struct salvaged){ .number = 1, .when = -1, .files = -1 };
	if (!text_starts_with(ref, SALVAGED_REFS "/") || !git_is_oid(oid))
		return false;
	const char *run = ref + strlen(SALVAGED_REFS "/");
	const char *name = strchr(run, '/');
	if (name == NULL)
		return false;
	const char *end = strchr(name + 1, '/');
	if (end != NULL)
		item->number = strtoul(end + 1, NULL, 10);
	item->ref = mem_text(ref);
	item->run = mem_text_n(run, (size_t)(name - run));
	item->item = end == NULL
	    ? mem_text(name + 1)
	    : mem_text_n(name + 1, (size_t)(end - name - 1));
	snprintf(item->oid, sizeof(item->oid), "%s", oid);
	return true;
}

/* item_10 comes behind item_9, and 10 behind 9. */
static int
compare(const void *a, const void *b)
{
	const struct salvaged *one = a;
	const struct salvaged *other = b;
	return strverscmp(one->ref, other->ref);
}

/* --- commits ---------------------------------------------------------- */

/* The value of the first header line of that name, or NULL. */
static char *
header(const char *text, const char *name)
{
	size_t len = strlen(name);
	while (*text != '\n' && *text != '\0') {
		size_t line = strcspn(text, "\n");
		if (line > len && strncmp(text, name, len) == 0 &&
		    text[len] == ' ')
			return mem_text_n(text + len + 1, line - len - 1);
		text += line;
		text += *text == '\n';
	}
	return NULL;
}

/* The value of the last line of a message that begins so, or NULL. */
static char *
trailer(const char *message, const char *name)
{
	size_t len = strlen(name);
	char *value = NULL;
	for (const char *line = message; line != NULL && *line != '\0';) {
		size_t end = strcspn(line, "\n");
		if (end > len + 2 && strncmp(line, name, len) == 0 &&
		    line[len] == ':' && line[len + 1] == ' ') {
			free(value);
			value = mem_text_n(line + len + 2, end - len - 2);
		}
		line += end;
		line += *line == '\n';
	}
	return value;
}

/* An agent may write trailers, too; they are believed from us alone. */
static void
read_trailers(struct salvaged *item, const char *committer, const char *message)
{
	bool ours = committer != NULL && text_starts_with(committer, OURS " ");
	if (!ours) {
		item->kind = mem_text(SALVAGED_COMMIT);
		return;
	}
	item->kind = trailer(message, "Prodigy-Salvage");
	if (item->kind == NULL)
		item->kind = mem_text("uncommitted");
	item->attempt = trailer(message, "Prodigy-Attempt");
	item->path = trailer(message, "Prodigy-Path");
}

void
salvaged_read(struct salvaged *item, const char *commit, size_t len)
{
	autofree char *text = mem_text_n(commit, len);
	autofree char *committer = header(text, "committer");
	const char *end = strstr(text, "\n\n");
	const char *message = end == NULL ? "" : end + 2;
	const char *mail = committer == NULL ? NULL : strrchr(committer, '>');
	item->base = header(text, "parent");
	if (item->base != NULL && !git_is_oid(item->base)) {
		free(item->base);
		item->base = NULL;
	}
	item->subject = mem_text_n(message, strcspn(message, "\n"));
	if (mail != NULL)
		item->when = strtoll(mail + 1, NULL, 10);
	read_trailers(item, committer, message);
}

/* Runs git with one line of input for each item that is asked for. */
static bool
ask(const struct repo *repo, const struct salvaged_list *list,
    const bool *asked, bool with_base, const char *const *args,
    struct git_result *git, struct error *err)
{
	autostr struct str input = { 0 };
	for (size_t i = 0; i < list->n; i++) {
		const struct salvaged *item = &list->items[i];
		if (!asked[i])
			continue;
		str_add(&input, item->oid);
		if (with_base && item->base != NULL)
			str_format(&input, " %s", item->base);
		str_add_char(&input, '\n');
	}
	const struct git_options options = {
		.input = str_text(&input),
		.input_len = input.len,
	};
	return git_call(repo->common_dir, args, &options, git, err);
}

/* Which objects are commits that can be read; what the others are. */
static bool
check_types(const struct repo *repo, struct salvaged_list *list, bool *asked,
    struct error *err)
{
	struct git_result git = { 0 };
	const char *const args[] = { "cat-file",
		"--batch-check=%(objecttype) %(objectsize)", NULL };
	if (!ask(repo, list, asked, false, args, &git, err))
		return false;
	const char *at = str_text(&git.out);
	for (size_t i = 0; i < list->n; i++) {
		struct salvaged *item = &list->items[i];
		const char *size = NULL;
		if (text_starts_with(at, "commit "))
			size = at + strlen("commit ");
		asked[i] =
		    size != NULL && strtoul(size, NULL, 10) <= COMMIT_LIMIT;
		if (size != NULL && !asked[i])
			item->kind = mem_text(SALVAGED_COMMIT);
		else if (size == NULL && text_starts_with(at, item->oid))
			item->kind = mem_text("missing");
		else if (size == NULL)
			item->kind = mem_text_n(at, strcspn(at, " \n"));
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	git_result_release(&git);
	return true;
}

/* "OID commit SIZE", the object, a newline; one after the other. */
static bool
read_commits(const struct repo *repo, struct salvaged_list *list, bool *asked,
    struct error *err)
{
	struct git_result git = { 0 };
	const char *const args[] = { "cat-file", "--batch", NULL };
	if (!ask(repo, list, asked, false, args, &git, err))
		return false;
	size_t at = 0;
	for (size_t i = 0; i < list->n; i++) {
		if (!asked[i])
			continue;
		const char *line = str_text(&git.out) + at;
		size_t head = strcspn(line, "\n") + 1;
		const char *size = memrchr(line, ' ', head);
		size_t len = size == NULL ? 0 : strtoul(size, NULL, 10);
		asked[i] = git.out.len - at > head + len;
		if (!asked[i])
			continue;
		salvaged_read(&list->items[i], line + head, len);
		at += head + len + 1;
	}
	git_result_release(&git);
	return true;
}

/* Takes one commit's part of the output: its id, then ":... STATUS", a path. */
static const char *
count_entries(const char *at, const char *end, long *n)
{
	for (*n = 0; at < end && *at == ':'; (*n)++) {
		at += strlen(at) + 1;
		if (at < end)
			at += strlen(at) + 1;
	}
	return at;
}

/* A diff that cannot be made leaves the numbers of all behind it unknown. */
static void
count_files(
    const struct repo *repo, struct salvaged_list *list, const bool *asked)
{
	struct git_result git = { 0 };
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "diff-tree", "--stdin", "-r", "-z",
		"--raw", "--root", "--always", "--no-renames", NULL };
	if (!ask(repo, list, asked, true, args, &git, &ignored))
		return;
	const char *at = str_text(&git.out);
	const char *end = at + git.out.len;
	for (size_t i = 0; i < list->n && git.code == 0; i++) {
		struct salvaged *item = &list->items[i];
		if (!asked[i])
			continue;
		if (at >= end || strncmp(at, item->oid, strlen(item->oid)) != 0)
			break;
		at = count_entries(at + strlen(at) + 1, end, &item->files);
	}
	git_result_release(&git);
}

bool
salvaged_list(
    const struct repo *repo, struct salvaged_list *list, struct error *err)
{
	struct ref_list refs;
	*list = (struct salvaged_list){ 0 };
	if (!refs_list(repo, SALVAGED_REFS, &refs, err))
		return false;
	for (size_t i = 0; i < refs.n; i++) {
		list->items = mem_grow(
		    list->items, &list->cap, list->n + 1, sizeof(*list->items));
		if (salvaged_name(&list->items[list->n], refs.items[i].name,
			refs.items[i].oid))
			list->n++;
	}
	refs_list_release(&refs);
	if (list->n == 0)
		return true;
	qsort(list->items, list->n, sizeof(*list->items), compare);
	bool *asked = mem_array(list->n, sizeof(*asked));
	memset(asked, true, list->n * sizeof(*asked));
	bool ok = check_types(repo, list, asked, err) &&
	    read_commits(repo, list, asked, err);
	if (ok)
		count_files(repo, list, asked);
	free(asked);
	return ok;
}

/* --- one of them ------------------------------------------------------ */

/* The common ancestor with another commit; false: there is none. */
static bool
meet(const struct repo *repo, const char *oid, const char *with,
    struct str *base)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "merge-base", oid, with, NULL };
	return git_run(repo->root, args, base, &ignored) &&
	    git_is_oid(str_text(base)) && !str_is(base, oid);
}

bool
salvaged_base(const struct repo *repo, const struct salvaged *item,
    struct str *base, struct error *err)
{
	autofree char *map = mem_format("refs/prodigy/%s/map", item->run);
	str_clear(base);
	if (strcmp(item->kind, SALVAGED_COMMIT) == 0 &&
	    (meet(repo, item->oid, map, base) ||
		meet(repo, item->oid, "HEAD", base)))
		return true;
	str_clear(base);
	if (item->when < 0 && strcmp(item->kind, SALVAGED_COMMIT) != 0)
		return error_set(err, ERROR_GIT, "%s: %s, not a commit",
		    item->ref, item->kind);
	str_add(base, item->base == NULL ? "" : item->base);
	return true;
}

/* Runs diff-tree from what it stands on; options end with NULL. */
static bool
compare_trees(const struct repo *repo, const struct salvaged *item,
    const char *const *options, struct str *out, struct error *err)
{
	autostr struct str base = { 0 };
	autostrv struct strv args = { 0 };
	if (!salvaged_base(repo, item, &base, err))
		return false;
	strv_add(&args, "diff-tree");
	strv_add(&args, "-r");
	strv_add(&args, "--root");
	strv_add(&args, "--no-commit-id");
	strv_add_all(&args, options);
	if (base.len > 0)
		strv_add(&args, str_text(&base));
	strv_add(&args, item->oid);
	return git_run(
	    repo->root, (const char *const *)strv_array(&args), out, err);
}

bool
salvaged_paths(const struct repo *repo, const struct salvaged *item,
    struct strv *paths, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const options[] = { "--name-only", "-z", "--no-renames",
		NULL };
	if (!compare_trees(repo, item, options, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		strv_add(paths, at);
	return true;
}

bool
salvaged_diff(const struct repo *repo, const struct salvaged *item,
    const char *file, struct error *err)
{
	const char *below = item->path == NULL ? "" : item->path;
	const char *slash = item->path == NULL ? "" : "/";
	autofree char *output = mem_format("--output=%s", file);
	autofree char *from = mem_format("--src-prefix=a/%s%s", below, slash);
	autofree char *to = mem_format("--dst-prefix=b/%s%s", below, slash);
	const char *const options[] = { "-p", "--binary", "-M", "--no-ext-diff",
		"--no-textconv", "--no-color", from, to, output, NULL };
	return compare_trees(repo, item, options, NULL, err);
}

bool
salvaged_drop(
    const struct repo *repo, const struct salvaged *item, struct error *err)
{
	const char *const args[] = { "update-ref", "-d", item->ref, item->oid,
		NULL };
	return git_run(repo->common_dir, args, NULL, err);
}
