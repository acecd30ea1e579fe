/* SPDX-License-Identifier: MIT */
/* prodigy salvage: work that was kept where nothing else had it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/find.h"
#include "cli/output.h"
#include "cli/pieces.h"
#include "data/json.h"
#include "git/bring.h"

#define OID_SHOWN 12
#define PATHS_SHOWN 20
#define DIGITS 8

struct salvage_values {
	const char *path;
	bool json;
	bool yes;
};

#define AT(member) offsetof(struct salvage_values, member)
#define PATH_OPTION                                                            \
	{                                                                      \
		"path", 'p', OPTION_TEXT, AT(path), "DIR",                     \
		    "the repository at DIR"                                    \
	}

static const struct option_spec look_options[] = {
	{ "json", 0, OPTION_FLAG, AT(json), NULL,
	    "one JSON document on standard output" },
	PATH_OPTION,
};

static const struct option_spec plain_options[] = {
	PATH_OPTION,
};

static const struct option_spec drop_options[] = {
	{ "yes", 'y', OPTION_FLAG, AT(yes), NULL, "delete without asking" },
	PATH_OPTION,
};

/* What JOB and ITEM mean, from all that is kept. */
static bool
choose(const struct find *find, const struct invocation *invocation,
    bool all_jobs, struct pieces *pieces, struct error *err)
{
	const char *job = invocation->n_args > 0 ? invocation->args[0] : NULL;
	const char *item = invocation->n_args > 1 ? invocation->args[1] : NULL;
	return find_repository(find, err) &&
	    pieces_collect(find, pieces, err) &&
	    pieces_choose(find, pieces, job, item, all_jobs, err);
}

typedef bool choice_fn(const struct find *find,
    const struct invocation *invocation, const struct pieces *pieces,
    struct error *err);

static bool
with_choice(const struct find *find, const struct invocation *invocation,
    bool all_jobs, choice_fn *fn, struct error *err)
{
	struct pieces pieces = { 0 };
	bool ok = choose(find, invocation, all_jobs, &pieces, err) &&
	    fn(find, invocation, &pieces, err);
	pieces_release(&pieces);
	return ok;
}

/* --- list and show ---------------------------------------------------- */

static const char *
date_of(const struct piece *piece, char when[CLOCK_RFC3339_SIZE])
{
	if (piece->work == NULL || piece->work->when < 0)
		return "";
	return clock_local(piece->work->when * 1000, when);
}

static json_t *
describe(const struct piece *piece)
{
	const struct salvaged *work = piece->work;
	char when[CLOCK_RFC3339_SIZE];
	json_t *out = json_object();
	json_set_text(out, "job_id", piece->job);
	json_set_text(out, "item_id", piece->item);
	json_set_text(out, "kind", piece->kind);
	json_set_text(out, "path", work == NULL ? piece->path : work->path);
	if (work == NULL)
		return out;
	json_set_text(out, "run", work->run);
	json_object_set_new(
	    out, "number", json_integer((json_int_t)work->number));
	json_set_text(out, "ref", work->ref);
	json_set_text(out, "commit", work->oid);
	json_set_text(out, "what", work->subject);
	json_set_text(out, "attempt", work->attempt);
	json_object_set_new(out, "files",
	    work->files < 0 ? json_null() : json_integer(work->files));
	json_set_text(out, "created_at",
	    work->when < 0 ? NULL : clock_rfc3339(work->when * 1000, when));
	return out;
}

static void
print_document(const struct pieces *pieces)
{
	autojson json_t *document = json_array();
	for (size_t i = 0; i < pieces->n; i++)
		json_array_append_new(document, describe(&pieces->items[i]));
	output_json(document);
}

static void
add_row(struct output_table *table, const struct piece *piece)
{
	const struct salvaged *work = piece->work;
	char when[CLOCK_RFC3339_SIZE];
	autofree char *number =
	    mem_format("%lu", work == NULL ? 0 : work->number);
	autofree char *files =
	    mem_format("%ld", work == NULL ? -1 : work->files);
	autofree char *commit = mem_text_n(
	    work == NULL ? "" : work->oid, work == NULL ? 0 : OID_SHOWN);
	output_table_add(table, piece->job);
	output_table_add(table, piece->item);
	output_table_add(table, work == NULL ? "" : number);
	output_table_add(table, piece->kind);
	output_table_add(table, *files == '-' ? "" : files);
	output_table_add(table, commit);
	output_table_add(table, date_of(piece, when));
	output_table_add(table,
	    work == NULL		? piece->path
		: work->subject == NULL ? ""
					: work->subject);
}

static bool
print_list(const struct find *find, const struct invocation *invocation,
    const struct pieces *pieces, struct error *err)
{
	static const char *const header[] = { "JOB", "ITEM", "N", "KIND",
		"FILES", "COMMIT", "DATE", "WHAT" };
	const struct salvage_values *values = invocation->values;
	struct output_table table = { .columns = COUNT_OF(header) };
	(void)find;
	(void)err;
	if (values->json) {
		print_document(pieces);
		return true;
	}
	if (pieces->n == 0) {
		output_line("Nothing is kept.");
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(header); i++)
		output_table_add(&table, header[i]);
	for (size_t i = 0; i < pieces->n; i++)
		add_row(&table, &pieces->items[i]);
	output_table_print(&table);
	output_line("%zu kept", pieces->n);
	return true;
}

static bool
list(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return with_choice(find, invocation, true, print_list, err);
}

static void
print_paths(const struct strv *paths)
{
	for (size_t i = 0; i < paths->n && i < PATHS_SHOWN; i++)
		output_line("    %s", paths->items[i]);
	if (paths->n > PATHS_SHOWN)
		output_line("    and %zu more", paths->n - PATHS_SHOWN);
}

static void
print_tree(const struct piece *piece)
{
	output_line(
	    "%s of %s: its work tree was kept", piece->item, piece->job);
	output_line("  path:    %s", piece->path);
	output_line(
	    "  branch:  %s", piece->branch == NULL ? "" : piece->branch);
}

static void
print_work(const struct find *find, const struct piece *piece)
{
	const struct salvaged *work = piece->work;
	char when[CLOCK_RFC3339_SIZE];
	autostrv struct strv paths = { 0 };
	autostr struct str base = { 0 };
	autoerror struct error err = { 0 };
	output_line("%s/%lu of %s: %s", piece->item, work->number, piece->job,
	    work->subject == NULL ? piece->kind : work->subject);
	output_line("  kind:    %s", piece->kind);
	if (work->attempt != NULL)
		output_line("  attempt: %s", work->attempt);
	if (work->path != NULL)
		output_line("  folder:  %s", work->path);
	output_line("  date:    %s", date_of(piece, when));
	output_line("  ref:     %s", work->ref);
	output_line("  commit:  %s", work->oid);
	if (!salvaged_base(&find->repo, work, &base, &err) ||
	    !salvaged_paths(&find->repo, work, &paths, &err)) {
		output_line("  %s", error_text(&err));
		return;
	}
	output_line(
	    "  on:      %s", base.len == 0 ? "nothing" : str_text(&base));
	output_line("  files:   %zu", paths.n);
	print_paths(&paths);
	output_line("  look:    prodigy salvage diff %s %s/%lu", piece->job,
	    piece->item, work->number);
	output_line("  back:    prodigy salvage apply %s %s/%lu", piece->job,
	    piece->item, work->number);
}

static bool
print_all(const struct find *find, const struct invocation *invocation,
    const struct pieces *pieces, struct error *err)
{
	const struct salvage_values *values = invocation->values;
	(void)err;
	if (values->json) {
		print_document(pieces);
		return true;
	}
	for (size_t i = 0; i < pieces->n; i++)
		if (pieces->items[i].work == NULL)
			print_tree(&pieces->items[i]);
		else
			print_work(find, &pieces->items[i]);
	return true;
}

static bool
show(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return with_choice(find, invocation, false, print_all, err);
}

/* --- diff ------------------------------------------------------------- */

static bool
print_diff(const struct find *find, const struct piece *piece, bool headed,
    const char *file, struct error *err)
{
	if (piece->work == NULL && !headed)
		return error_set(err, ERROR_STATE,
		    "the work of %s is in its tree: look in %s", piece->item,
		    piece->path);
	if (headed && piece->work == NULL)
		output_line(
		    "# %s of %s: %s", piece->item, piece->job, piece->path);
	else if (headed)
		output_line("# %s/%lu of %s", piece->item, piece->work->number,
		    piece->job);
	return piece->work == NULL ||
	    (salvaged_diff(&find->repo, piece->work, file, err) &&
		output_file(file, err));
}

static bool
print_diffs(const struct find *find, const struct invocation *invocation,
    const struct pieces *pieces, struct error *err)
{
	char digits[DIGITS + 1];
	bool ok = true;
	(void)invocation;
	autofree char *file = mem_format("%s/prodigy-diff-%s",
	    find->repo.common_dir, id_hex(digits, DIGITS));
	for (size_t i = 0; ok && i < pieces->n; i++)
		ok = print_diff(
		    find, &pieces->items[i], pieces->n > 1, file, err);
	(void)unlink(file);
	return ok;
}

static bool
diff(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return with_choice(find, invocation, false, print_diffs, err);
}

/* --- apply ------------------------------------------------------------ */

/* The tree the user stands in, of the repository that has the work. */
static char *
own_tree(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	const struct salvage_values *values = invocation->values;
	struct repo here;
	autoerror struct error why = { 0 };
	const char *dir = values->path == NULL ? "." : values->path;
	bool same = repo_find(dir, &here, &why) &&
	    strcmp(here.common_dir, find->repo.common_dir) == 0;
	repo_release(&here);
	if (same)
		return bring_top(dir, err);
	error_set(err, ERROR_STATE,
	    "the work is of the repository at %s: call this in a work tree of "
	    "it",
	    find->repo.root);
	return NULL;
}

/* A tree that stays beside what was kept of it has nothing to add. */
static const struct piece *
one_piece(const struct pieces *pieces, struct error *err)
{
	const struct piece *only = &pieces->items[0];
	autostr struct str list = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < pieces->n; i++) {
		const struct piece *piece = &pieces->items[i];
		if (piece->work == NULL)
			continue;
		only = piece;
		str_format(&list, " %s/%lu", piece->item, piece->work->number);
		n++;
	}
	if (n == 1)
		return only;
	if (n == 0)
		error_set(err, ERROR_STATE,
		    "the work of %s is in its tree: take it from %s",
		    only->item, only->path);
	else
		error_set(err, ERROR_STATE,
		    "which of these? They come one at a time, and %s has:%s",
		    only->job, str_text(&list));
	return NULL;
}

static bool
apply_one(const struct find *find, const struct invocation *invocation,
    const struct pieces *pieces, struct error *err)
{
	const struct piece *piece = one_piece(pieces, err);
	autostr struct str base = { 0 };
	autostrv struct strv changed = { 0 };
	if (piece == NULL)
		return false;
	const struct salvaged *work = piece->work;
	autofree char *top = own_tree(find, invocation, err);
	if (top == NULL || !salvaged_base(&find->repo, work, &base, err))
		return false;
	/* A repository of its own is no change of ours: all of it is new. */
	bool alone = work->path != NULL || base.len == 0;
	const struct bring what = {
		.dir = top,
		.base = alone ? NULL : str_text(&base),
		.commit = work->oid,
		.below = work->path,
	};
	if (!bring_changes(&what, &changed, err))
		return error_wrap(
		    err, "%s/%lu of %s", piece->item, work->number, piece->job);
	if (changed.n == 0) {
		output_line("All of %s/%lu is in %s already.", piece->item,
		    work->number, top);
		return true;
	}
	output_line("%zu file%s in %s, uncommitted:", changed.n,
	    changed.n == 1 ? "" : "s", top);
	print_paths(&changed);
	output_line("It stays kept until: prodigy salvage drop %s %s/%lu",
	    piece->job, piece->item, work->number);
	return true;
}

static bool
apply(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return with_choice(find, invocation, false, apply_one, err);
}

/* --- drop ------------------------------------------------------------- */

static bool
may_drop(
    const struct salvage_values *values, const struct pieces *pieces, size_t n)
{
	if (values->yes)
		return true;
	autofree char *question = n == 1
	    ? mem_text("Delete it for good?")
	    : mem_format("Delete these %zu for good?", n);
	if (output_confirm(question, false))
		return true;
	output_line("Nothing was deleted. Delete it with: "
		    "prodigy salvage drop -y %s%s%s",
	    pieces->items[0].job, pieces->chosen == NULL ? "" : " ",
	    pieces->chosen == NULL ? "" : pieces->chosen);
	return false;
}

static bool
drop_all(const struct find *find, const struct invocation *invocation,
    const struct pieces *pieces, struct error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < pieces->n; i++) {
		if (pieces->items[i].work == NULL)
			print_tree(&pieces->items[i]);
		else
			print_work(find, &pieces->items[i]);
		n += pieces->items[i].work != NULL;
	}
	if (n == 0)
		return error_set(err, ERROR_STATE,
		    "the work tree stays; git removes it: "
		    "git worktree remove --force %s",
		    pieces->items[0].path);
	if (!may_drop(invocation->values, pieces, n))
		return true;
	for (size_t i = 0; i < pieces->n; i++) {
		const struct salvaged *work = pieces->items[i].work;
		if (work == NULL)
			continue;
		if (!salvaged_drop(&find->repo, work, err))
			return error_wrap(err, "deleting %s", work->ref);
		output_line("Deleted %s (it was %s).", work->ref, work->oid);
	}
	return true;
}

static bool
drop(const struct find *find, const struct invocation *invocation,
    struct error *err)
{
	return with_choice(find, invocation, false, drop_all, err);
}

/* --- commands --------------------------------------------------------- */

#define RUN(name)                                                              \
	static bool run_##name(                                                \
	    struct invocation *invocation, int *status, struct error *err)     \
	{                                                                      \
		const struct salvage_values *values = invocation->values;      \
		(void)status;                                                  \
		return find_with(invocation, values->path, name, err);         \
	}

RUN(list)
RUN(show)
RUN(diff)
RUN(apply)
RUN(drop)

#define COMMAND(name_, summary_, options_)                                     \
	.name = name_, .summary = summary_,                                    \
	.synopsis = "[OPTION...] [JOB [ITEM]]", .options = options_,           \
	.n_options = COUNT_OF(options_),                                       \
	.values_size = sizeof(struct salvage_values), .max_args = 2

static const struct command salvage_list = {
	COMMAND("list", "Lists the work that was kept", look_options),
	.aliases = "ls",
	.run = run_list,
};

static const struct command salvage_show = {
	COMMAND(
	    "show", "Tells what was kept and where it came from", look_options),
	.aliases = "view",
	.run = run_show,
};

static const struct command salvage_diff = {
	COMMAND("diff", "Prints kept work as a patch", plain_options),
	.run = run_diff,
};

static const struct command salvage_apply = {
	COMMAND("apply", "Brings kept work into the current work tree",
	    plain_options),
	.run = run_apply,
};

static const struct command salvage_drop = {
	COMMAND("drop", "Deletes kept work for good", drop_options),
	.run = run_drop,
};

static const struct command *const children[] = {
	&salvage_list,
	&salvage_show,
	&salvage_diff,
	&salvage_apply,
	&salvage_drop,
	NULL,
};

const struct command cmd_salvage = {
	.name = "salvage",
	.summary = "Brings back work that agents left uncommitted or stray",
	.synopsis = "COMMAND [ARGUMENT...]",
	.max_args = (size_t)-1,
	.children = children,
};
