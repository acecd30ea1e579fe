/* SPDX-License-Identifier: MIT */
/* What repositories inside of a work tree have is kept. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/head.h"
#include "git/index_file.h"
#include "git/nested_keep.h"

#define HEADS_MAX 1000 /* newest commits of one repository */
#define REFS_SHOWN "--count=100" /* in the message of its commit */

/*
 * New objects are made in a git directory of our own, the scratch, which has
 * the objects of both repositories beside its own and the settings of neither.
 * All that the commit needs then goes into the repository as one pack.
 */
struct keeping {
	const char *dir; /* the work tree */
	const struct salvage_owner *owner;
	const struct nested_list *all;
	const struct nested *nested;
	struct head head; /* of the owner's tree */
	char *admin; /* git directory of the owner's tree */
	char *common; /* of its repository */
	char *folder; /* with its files */
	char *objects; /* folder with its objects */
	char *scratch;
	struct strv heads; /* newest of its own commits */
	struct str head_tree; /* of its HEAD; empty: it has no commit */
	struct str tree; /* of its files */
};

/* --- its size --------------------------------------------------------- */

/* Takes the descriptor; false when it is more, or cannot be told. */
static bool
measure(int dir_fd, uint64_t *left)
{
	const struct dirent *entry;
	struct stat st;
	bool ok = true;
	DIR *dir = dir_fd < 0 ? NULL : fdopendir(dir_fd);
	if (dir == NULL) {
		if (dir_fd >= 0)
			close(dir_fd);
		return false;
	}
	while (ok && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		ok = fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		if (ok && S_ISDIR(st.st_mode))
			ok = measure(openat(dirfd(dir), name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					     O_CLOEXEC),
			    left);
		else if (ok && (uint64_t)st.st_size > *left)
			ok = false;
		else if (ok)
			*left -= (uint64_t)st.st_size;
	}
	closedir(dir);
	return ok;
}

static bool
is_small(const struct keeping *keeping, struct error *err)
{
	const struct nested *nested = keeping->nested;
	uint64_t left = NESTED_LIMIT;
	static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	bool own =
	    nested->place == NESTED_INSIDE || nested->place == NESTED_SUBMODULE;
	if ((!nested->has_files ||
		measure(open(keeping->folder, flags), &left)) &&
	    (!own || measure(open(nested->git_dir, flags), &left)))
		return true;
	return error_set(err, ERROR_STATE,
	    "it is larger than %llu MiB, or cannot be read",
	    (unsigned long long)(NESTED_LIMIT >> 20));
}

/* --- git -------------------------------------------------------------- */

struct call {
	const char *dir;
	const char *git_dir;
	const char *objects; /* beside those of git_dir, or NULL */
	const struct str *input; /* or NULL */
	enum git_sync sync;
};

/* A path as git reads them in lists of object folders: any byte in quotes. */
static char *
quote_objects(const char *path)
{
	autostr struct str text = { 0 };
	str_add_char(&text, '"');
	for (; *path != '\0'; path++) {
		if (*path == '"' || *path == '\\')
			str_add_char(&text, '\\');
		if (*path == '\n')
			str_add(&text, "\\n");
		else
			str_add_char(&text, *path);
	}
	str_add_char(&text, '"');
	return str_take(&text);
}

/* The result's exit status may be anything. */
static bool
call_git(const struct call *call, const char *const *args,
    struct git_result *result, struct error *err)
{
	autostrv struct strv all = { 0 };
	autostrv struct strv env = { 0 };
	strv_format(&all, "--git-dir=%s", call->git_dir);
	strv_add_all(&all, args);
	if (call->objects != NULL) {
		autofree char *objects = quote_objects(call->objects);
		strv_format(
		    &env, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s", objects);
	}
	strv_add(&env, "GIT_NO_REPLACE_OBJECTS=1");
	strv_add(&env, "GIT_AUTHOR_NAME=prodigy");
	strv_add(&env, "GIT_AUTHOR_EMAIL=prodigy@localhost");
	strv_add(&env, "GIT_COMMITTER_NAME=prodigy");
	strv_add(&env, "GIT_COMMITTER_EMAIL=prodigy@localhost");
	const struct git_options options = {
		.extra_env = &env,
		.sync = call->sync,
		.input = call->input == NULL ? NULL : str_text(call->input),
		.input_len = call->input == NULL ? 0 : call->input->len,
	};
	return git_call(call->dir, (const char *const *)strv_array(&all),
	    &options, result, err);
}

/* out may be NULL; its last newline is removed. */
static bool
run_git(const struct call *call, const char *const *args, struct str *out,
    struct error *err)
{
	struct git_result result = { 0 };
	if (!call_git(call, args, &result, err))
		return false;
	bool ok = result.code == 0 || git_complain("git", &result, err);
	if (ok && out != NULL) {
		str_add_str(out, &result.out);
		if (out->len > 0 && out->data[out->len - 1] == '\n')
			str_cut(out, out->len - 1);
	}
	git_result_release(&result);
	return ok;
}

static struct call
call_nested(const struct keeping *keeping)
{
	return (struct call){ .dir = keeping->dir,
		.git_dir = keeping->nested->git_dir };
}

static struct call
call_scratch(const struct keeping *keeping)
{
	return (struct call){ .dir = keeping->folder,
		.git_dir = keeping->scratch,
		.sync = GIT_HARDENED_LATER };
}

/* --- its commits ------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * Of lines "COMMIT PARENT ...", the commits that are no parent of another:
 * the others can be reached from them.
 */
static bool
take_heads(struct keeping *keeping, char *rest, struct error *err)
{
	autostrv struct strv commits = { 0 };
	autostrv struct strv parents = { 0 };
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		const char *commit = strsep(&line, " ");
		if (*commit == '\0')
			continue;
		strv_add(&commits, commit);
		for (const char *oid; (oid = strsep(&line, " ")) != NULL;)
			strv_add(&parents, oid);
	}
	if (parents.n > 0)
		qsort(parents.items, parents.n, sizeof(char *), compare);
	for (size_t i = 0; i < commits.n; i++)
		if (parents.n == 0 ||
		    bsearch(&commits.items[i], parents.items, parents.n,
			sizeof(char *), compare) == NULL)
			strv_add(&keeping->heads, commits.items[i]);
	if (keeping->heads.n > HEADS_MAX)
		return error_set(err, ERROR_STATE,
		    "it has more than %d lines of history", HEADS_MAX);
	return true;
}

static bool
read_head(struct keeping *keeping, struct error *err)
{
	static const char *const args[] = { "rev-parse", "-q", "--verify",
		"HEAD^{tree}", NULL };
	struct call call = call_nested(keeping);
	struct git_result result = { 0 };
	if (!call_git(&call, args, &result, err))
		return false;
	bool ok = result.code <= 1 || git_complain("git", &result, err);
	if (result.code == 0)
		str_add_n(&keeping->head_tree, str_text(&result.out),
		    strcspn(str_text(&result.out), "\n"));
	git_result_release(&result);
	return ok;
}

static bool
find_heads(struct keeping *keeping, struct error *err)
{
	static const char *const own[] = { "rev-list", "--parents", "--all",
		"--reflog", "--not", "--remotes", NULL };
	/* Its branches are those of the repository, and stay. */
	static const char *const ours[] = { "rev-list", "--parents", "HEAD",
		"--not", "--branches", "--tags", "--remotes", NULL };
	struct call call = call_nested(keeping);
	autostr struct str out = { 0 };
	bool is_ours = keeping->nested->place == NESTED_OURS;
	if (!read_head(keeping, err))
		return false;
	if (keeping->nested->place == NESTED_ELSEWHERE ||
	    (is_ours && keeping->head_tree.len == 0))
		return true;
	if (!run_git(&call, is_ours ? ours : own, &out, err))
		return false;
	autofree char *lines = str_take(&out);
	return take_heads(keeping, lines, err);
}

/* --- commits of a submodule ------------------------------------------- */

static bool
put_into(const struct keeping *keeping, const struct call *call,
    const struct str *objects, struct error *err)
{
	autofree char *pack = mem_format("%s/objects/pack/pack", call->git_dir);
	autofree char *dir = path_parent(pack);
	struct call packing = *call;
	packing.input = objects;
	const char *const args[] = { "pack-objects", "-q", "--window=0", pack,
		NULL };
	if (!run_git(&packing, args, NULL, err) || !file_sync_dir(dir, err))
		return false;
	for (size_t i = 0; i < keeping->heads.n; i++) {
		const char *oid = keeping->heads.items[i];
		autofree char *ref =
		    mem_format("%s/%s", keeping->owner->refs, oid);
		const char *const set[] = { "update-ref", ref, oid, NULL };
		if (!run_git(call, set, NULL, err))
			return false;
	}
	return true;
}

/*
 * The repository of the same submodule beside the main work tree gets commits
 * that it does not have; what is left then is the work of others to keep.
 */
static bool
keep_in_submodule(
    struct keeping *keeping, struct nested_kept *kept, struct error *err)
{
	const char *name = keeping->nested->git_dir + strlen(keeping->admin);
	autofree char *git_dir = mem_format("%s%s", keeping->common, name);
	autofree char *head = path_join(git_dir, "HEAD");
	autostrv struct strv args = { 0 };
	autostr struct str objects = { 0 };
	if (keeping->heads.n == 0 || !path_exists(head))
		return true;
	const struct call call = { .dir = keeping->dir,
		.git_dir = git_dir,
		.objects = keeping->objects };
	static const char *const list_args[] = { "rev-list", "--objects",
		NULL };
	static const char *const not_args[] = { "--not", "--all", NULL };
	strv_add_all(&args, list_args);
	strv_copy(&args, &keeping->heads);
	strv_add_all(&args, not_args);
	if (!run_git(
		&call, (const char *const *)strv_array(&args), &objects, err))
		return false;
	if (objects.len > 0) {
		str_add_char(&objects, '\n');
		if (!put_into(keeping, &call, &objects, err))
			return false;
		kept->beside = mem_text(git_dir);
		memcpy(kept->commit, keeping->heads.items[0],
		    strlen(keeping->heads.items[0]) + 1);
	}
	strv_clear(&keeping->heads);
	return true;
}

/* --- its files -------------------------------------------------------- */

static bool
write_file(const struct keeping *keeping, const char *name, const char *text,
    struct error *err)
{
	autofree char *path = path_join(keeping->scratch, name);
	return file_replace_derived(path, text, strlen(text), err);
}

static bool
make_scratch(const struct keeping *keeping, struct error *err)
{
	bool sha256 = strlen(keeping->head.oid) == 64;
	autofree char *info = path_join(keeping->scratch, "objects/info");
	autofree char *refs = path_join(keeping->scratch, "refs");
	autofree char *ours = mem_format("%s/objects", keeping->common);
	autofree char *first = quote_objects(ours);
	autofree char *second = quote_objects(keeping->objects);
	autofree char *both = mem_format("%s\n%s\n", first, second);
	const char *config = sha256
	    ? "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
	      "[extensions]\n\tobjectformat = sha256\n"
	    : "[core]\n\trepositoryformatversion = 0\n\tbare = false\n";
	return file_remove_tree(keeping->scratch, err) &&
	    path_make_dirs(info, err) && path_make_dirs(refs, err) &&
	    write_file(keeping, "HEAD", "ref: refs/heads/none\n", err) &&
	    write_file(keeping, "config", config, err) &&
	    write_file(keeping, "objects/info/alternates", both, err);
}

/* What its index knows is not read again, nor left out as ignored. */
static bool
copy_index(const struct keeping *keeping, struct error *err)
{
	autofree char *from = path_join(keeping->nested->git_dir, "index");
	autofree char *to = path_join(keeping->scratch, "index");
	bool all = true;
	if (!path_exists(from))
		return true;
	if (!index_copy(from, to, err) ||
	    !index_unmark(
		keeping->folder, to, strlen(keeping->head.oid) / 2, &all, err))
		return false;
	return all ||
	    error_set(err, ERROR_UNSUPPORTED, "its index is split or sparse");
}

static bool
write_tree(struct keeping *keeping, struct error *err)
{
	autostr struct str paths = { 0 };
	struct call call = call_scratch(keeping);
	autofree char *files = mem_format("--work-tree=%s", keeping->folder);
	const char *const add[] = { files, "-c", "advice.addEmbeddedRepo=false",
		"-c", "core.safecrlf=false", "add", "-A",
		"--pathspec-from-file=-", "--pathspec-file-nul", NULL };
	static const char *const write[] = { "write-tree", NULL };
	nested_add_pathspecs(keeping->all, keeping->nested->path, &paths);
	if (!copy_index(keeping, err))
		return false;
	call.input = &paths;
	if (!run_git(&call, add, NULL, err))
		return false;
	call.input = NULL;
	return run_git(&call, write, &keeping->tree, err);
}

/* Without files it has those of its newest commit. */
static bool
find_tree(struct keeping *keeping, struct error *err)
{
	struct call call = call_nested(keeping);
	if (keeping->nested->has_files)
		return write_tree(keeping, err);
	if (keeping->heads.n == 0)
		return true;
	autofree char *name = mem_format("%s^{tree}", keeping->heads.items[0]);
	const char *const args[] = { "rev-parse", "--verify", name, NULL };
	str_clear(&keeping->head_tree);
	return run_git(&call, args, &keeping->tree, err) &&
	    (str_add_str(&keeping->head_tree, &keeping->tree), true);
}

static bool
has_own_files(const struct keeping *keeping)
{
	static const char *const empty[] = {
		"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"6ef19b41225c5369f1c104d45d8d85ef"
		"a9b057b53b14b4b9b939dd74decc5321",
	};
	const char *before = str_text(&keeping->head_tree);
	if (!keeping->nested->has_files)
		return false;
	if (*before != '\0')
		return !str_is(&keeping->tree, before);
	return !str_is(&keeping->tree, empty[0]) &&
	    !str_is(&keeping->tree, empty[1]);
}

/* --- the commit that keeps it ----------------------------------------- */

static void
add_refs(const struct keeping *keeping, struct str *message)
{
	static const char *const args[] = { "for-each-ref", REFS_SHOWN,
		"--format=%(objectname) %(refname)", NULL };
	struct call call = call_nested(keeping);
	autostr struct str out = { 0 };
	autoerror struct error ignored = { 0 };
	if (keeping->heads.n == 0 || keeping->nested->place == NESTED_OURS ||
	    !run_git(&call, args, &out, &ignored))
		return;
	text_visible(message, out.data, out.len, false);
	str_add(message, "\n\n");
}

static bool
make_commit(
    const struct keeping *keeping, struct str *commit, struct error *err)
{
	const struct salvage_owner *owner = keeping->owner;
	autofree char *path = nested_quote(keeping->nested->path);
	autostr struct str message = { 0 };
	autostrv struct strv args = { 0 };
	struct call call = call_scratch(keeping);
	str_format(&message, "Repository in the tree of %s\n\n", owner->item);
	add_refs(keeping, &message);
	str_format(&message,
	    "Prodigy-Salvage: nested\nProdigy-Item: %s\n"
	    "Prodigy-Attempt: %u\nProdigy-Path: %s\n",
	    owner->item, owner->attempt, path);
	strv_add(&args, "commit-tree");
	strv_add(&args, str_text(&keeping->tree));
	for (size_t i = 0; i < keeping->heads.n; i++) {
		strv_add(&args, "-p");
		strv_add(&args, keeping->heads.items[i]);
	}
	call.input = &message;
	return run_git(&call, (const char *const *)strv_array(&args), commit,
		   err) &&
	    (git_is_oid(str_text(commit)) ||
		error_set(err, ERROR_GIT, "git made no commit"));
}

/* All that the commit reaches and the tree's own does not. */
static bool
pack(const struct keeping *keeping, const struct str *commit, struct error *err)
{
	autofree char *objects = path_join(keeping->scratch, "objects");
	autofree char *name =
	    mem_format("%s/objects/pack/pack", keeping->common);
	autofree char *dir = path_parent(name);
	autostr struct str input = { 0 };
	const char *const args[] = { "pack-objects", "-q", "--revs",
		"--window=0", name, NULL };
	const struct call call = { .dir = keeping->dir,
		.git_dir = keeping->common,
		.objects = objects,
		.input = &input };
	str_format(&input, "%s\n^%s\n", str_text(commit), keeping->head.oid);
	return run_git(&call, args, NULL, err) && file_sync_dir(dir, err);
}

static bool
keep_commit(
    struct keeping *keeping, struct nested_kept *kept, struct error *err)
{
	autostr struct str commit = { 0 };
	return make_commit(keeping, &commit, err) &&
	    pack(keeping, &commit, err) &&
	    salvage_put(keeping->owner, str_text(&commit), &kept->ref, err);
}

static bool
keep(struct keeping *keeping, struct nested_kept *kept, struct error *err)
{
	if (!is_small(keeping, err) || !find_heads(keeping, err))
		return false;
	if (keeping->nested->place == NESTED_SUBMODULE &&
	    !keep_in_submodule(keeping, kept, err))
		return false;
	if (!make_scratch(keeping, err) || !find_tree(keeping, err))
		return false;
	return (keeping->heads.n == 0 && !has_own_files(keeping)) ||
	    keep_commit(keeping, kept, err);
}

/* --- outside ---------------------------------------------------------- */

/* Linked work trees have their objects where the others have them. */
static char *
object_folder(const char *git_dir)
{
	autofree char *file = path_join(git_dir, "commondir");
	autostr struct str line = { 0 };
	autofree char *dir = head_read_line(file, &line)
	    ? path_join(git_dir, str_text(&line))
	    : mem_text(git_dir);
	return path_join(dir, "objects");
}

static bool
open_keeping(struct keeping *keeping, struct error *err)
{
	const char *tree = keeping->dir;
	autofree char *admin = head_git_dir(tree, err);
	autofree char *common =
	    admin == NULL ? NULL : head_common_dir(tree, err);
	if (common == NULL || !head_read(tree, &keeping->head, err) ||
	    (keeping->admin = path_real(admin, err)) == NULL ||
	    (keeping->common = path_real(common, err)) == NULL)
		return false;
	keeping->folder = path_join(tree, keeping->nested->path);
	keeping->objects = object_folder(keeping->nested->git_dir);
	keeping->scratch = path_join(keeping->admin, "prodigy-nested");
	return true;
}

static void
close_keeping(struct keeping *keeping)
{
	autoerror struct error ignored = { 0 };
	if (keeping->scratch != NULL)
		(void)!file_remove_tree(keeping->scratch, &ignored);
	head_release(&keeping->head);
	strv_release(&keeping->heads);
	str_release(&keeping->head_tree);
	str_release(&keeping->tree);
	free(keeping->admin);
	free(keeping->common);
	free(keeping->folder);
	free(keeping->objects);
	free(keeping->scratch);
}

bool
nested_keep(const char *tree, const struct salvage_owner *owner,
    const struct nested_list *all, const struct nested *nested,
    struct nested_kept *kept, struct error *err)
{
	struct keeping keeping = {
		.dir = tree, .owner = owner, .all = all, .nested = nested
	};
	*kept = (struct nested_kept){ 0 };
	bool ok = nested->damaged
	    ? error_set(err, ERROR_STATE, "git cannot open it")
	    : open_keeping(&keeping, err) && keep(&keeping, kept, err);
	close_keeping(&keeping);
	if (ok)
		return true;
	autofree char *name = nested_quote(nested->path);
	return error_wrap(err, "keeping the repository %s in %s", name, tree);
}

void
nested_kept_release(struct nested_kept *kept)
{
	salvage_ref_release(&kept->ref);
	free(kept->beside);
	*kept = (struct nested_kept){ 0 };
}
