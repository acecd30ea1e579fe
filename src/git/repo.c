/* SPDX-License-Identifier: MIT */
/* The user's repository, as found at the start. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/git.h"
#include "git/head.h"
#include "git/repo.h"

#define OLDEST_GIT 22500
#define OUR_IDENTITY "prodigy <prodigy@localhost>"
#define SIGNING_MS                                                             \
	10000 /* somebody who is asked for a passphrase is not there */

static bool
ask(const char *dir, const char *const *args, struct str *out,
    struct error *err)
{
	str_clear(out);
	return git_run(dir, args, out, err);
}

static bool
check_git(struct error *err)
{
	unsigned version = git_version();
	if (version == 0)
		return error_set(
		    err, ERROR_GIT, "git cannot be run: is it installed?");
	if (version < OLDEST_GIT)
		return error_set(err, ERROR_GIT, "git 2.25 or newer is needed");
	return true;
}

static bool
explain_no_repository(const char *dir, struct error *err)
{
	autofree char *said = mem_text(error_text(err));
	bool none = strstr(said, "not a git repository") != NULL;
	bool foreign = strstr(said, "dubious ownership") != NULL;
	if (none || foreign)
		error_release(err);
	if (none)
		return error_set(err, ERROR_GIT,
		    "%s is not in a git repository: "
		    "make one with 'git init' and commit",
		    dir);
	if (foreign)
		return error_set(err, ERROR_GIT,
		    "%s belongs to another user: "
		    "git refuses it until safe.directory is set for it",
		    dir);
	return false;
}

/* The top of the work tree that dir lies in; NULL: in none. */
static char *
find_top(const char *dir)
{
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	const char *const top[] = { "rev-parse", "--show-toplevel", NULL };
	return ask(dir, top, &out, &ignored) ? str_take(&out) : NULL;
}

static bool
is_main_tree(const char *top, const char *common_dir)
{
	autoerror struct error ignored = { 0 };
	autofree char *git_dir = head_git_dir(top, &ignored);
	autofree char *real =
	    git_dir == NULL ? NULL : path_real(git_dir, &ignored);
	return real != NULL && strcmp(real, common_dir) == 0;
}

/*
 * The main work tree, seen from top, which may be a linked one: git does not
 * tell in general. It is what .git lies in, or what the repository names, as a
 * submodule does. Else the one where we are has to do.
 */
static char *
find_main_tree(const char *top, const char *common_dir)
{
	if (top != NULL && is_main_tree(top, common_dir))
		return mem_text(top);
	if (strcmp(path_name(common_dir), ".git") == 0)
		return path_parent(common_dir);
	char *named = find_top(common_dir);
	return named == NULL && top != NULL ? mem_text(top) : named;
}

static bool
find_root(struct repo *repo, const char *dir, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const where[] = { "rev-parse", "--is-bare-repository",
		"--git-common-dir", NULL };
	if (!ask(dir, where, &out, err))
		return explain_no_repository(dir, err);
	/* The first line is a word; what follows may hold newlines. */
	size_t word = strcspn(str_text(&out), "\n");
	bool bare = text_starts_with(str_text(&out), "true\n");
	autofree char *common =
	    path_join(dir, word < out.len ? str_text(&out) + word + 1 : ".git");
	repo->common_dir = path_real(common, err);
	if (repo->common_dir == NULL)
		return false;
	autofree char *top = bare ? NULL : find_top(dir);
	if (!bare)
		repo->root = find_main_tree(top, repo->common_dir);
	if (repo->root == NULL)
		return error_set(err, ERROR_GIT,
		    "%s is a bare repository: prodigy needs a work tree",
		    repo->common_dir);
	return true;
}

bool
repo_has_main_tree(const struct repo *repo)
{
	return is_main_tree(repo->root, repo->common_dir);
}

bool
repo_find(const char *dir, struct repo *repo, struct error *err)
{
	*repo = (struct repo){ 0 };
	if (!path_is_dir(dir))
		return error_set(
		    err, ERROR_INPUT, "%s is not a directory", dir);
	if (check_git(err) && find_root(repo, dir, err))
		return true;
	repo_release(repo);
	return false;
}

/*
 * A question to which git says no by its exit status 1, and nothing else: one
 * that fails otherwise has told nothing.
 */
static bool
ask_whether(const char *dir, const char *const *args, bool *yes,
    struct str *out, struct error *err)
{
	const struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	if (!git_call(dir, args, &options, &git, err))
		return false;
	bool known = git.code <= 1;
	*yes = git.code == 0;
	if (known)
		str_add_n(
		    out, str_text(&git.out), strcspn(str_text(&git.out), "\n"));
	else
		git_complain("looking at HEAD", &git, err);
	git_result_release(&git);
	return known;
}

/*
 * Git's own short form is for people: beside a tag of the same name it is
 * "heads/NAME".
 */
static bool
read_branch(const char *dir, char **branch, struct error *err)
{
	static const char heads[] = "refs/heads/";
	autostr struct str out = { 0 };
	bool attached = false;
	const char *const args[] = { "symbolic-ref", "-q", "HEAD", NULL };
	if (!ask_whether(dir, args, &attached, &out, err))
		return false;
	if (attached && text_starts_with(str_text(&out), heads))
		*branch = mem_text(str_text(&out) + strlen(heads));
	return true;
}

static bool
read_head(const char *dir, struct repo *repo, struct error *err)
{
	autostr struct str out = { 0 };
	bool born = false;
	const char *const args[] = { "rev-parse", "--verify", "-q",
		"HEAD^{commit}", NULL };
	if (!ask_whether(dir, args, &born, &out, err))
		return false;
	if (!born)
		return error_set(err, ERROR_GIT,
		    "%s has no commit yet: commit something first", repo->root);
	repo->head = str_take(&out);
	return read_branch(dir, &repo->branch, err);
}

bool
repo_open(const char *dir, struct repo *repo, struct error *err)
{
	if (!repo_find(dir, repo, err))
		return false;
	if (read_head(dir, repo, err))
		return true;
	repo_release(repo);
	return false;
}

void
repo_release(struct repo *repo)
{
	free(repo->root);
	free(repo->common_dir);
	free(repo->branch);
	free(repo->head);
	*repo = (struct repo){ 0 };
}

bool
repo_is_dirty(const struct repo *repo)
{
	autostr struct str out = { 0 };
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "--no-optional-locks", "status",
		"--porcelain", "--untracked-files=no", NULL };
	return git_run(repo->root, args, &out, &ignored) && out.len > 0;
}

char *
repo_identity(const struct repo *repo)
{
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	const char *const args[] = { "var", "GIT_COMMITTER_IDENT", NULL };
	if (!git_run(repo->root, args, &out, &ignored))
		return mem_text(OUR_IDENTITY);
	char *end = strrchr(out.data, '>');
	if (end == NULL)
		return mem_text(OUR_IDENTITY);
	end[1] = '\0';
	return str_take(&out);
}

/* --- whether agents can commit ---------------------------------------- */

static bool
knows_author(const struct repo *repo, const struct strv *env, struct error *err)
{
	static const char *const names[] = { "GIT_AUTHOR_IDENT",
		"GIT_COMMITTER_IDENT" };
	const struct git_options options = { .purpose = GIT_FOR_AGENT,
		.extra_env = env };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *const args[] = { "var", names[i], NULL };
		struct git_result git = { 0 };
		if (!git_call(repo->root, args, &options, &git, err))
			return false;
		bool known = git.code == 0;
		git_result_release(&git);
		if (!known)
			return error_set(err, ERROR_GIT,
			    "git does not know who commits here: "
			    "set user.name and user.email (git config)");
	}
	return true;
}

static bool
wants_signatures(const struct repo *repo, const struct strv *env)
{
	const struct git_options options = { .purpose = GIT_FOR_AGENT,
		.extra_env = env };
	const char *const args[] = { "config", "--type=bool", "--get",
		"commit.gpgSign", NULL };
	autoerror struct error ignored = { 0 };
	struct git_result git = { 0 };
	bool wants = git_call(repo->root, args, &options, &git, &ignored) &&
	    git.code == 0 && text_starts_with(str_text(&git.out), "true");
	git_result_release(&git);
	return wants;
}

/* A path as an entry of GIT_ALTERNATE_OBJECT_DIRECTORIES. */
static char *
quoted_entry(const char *path)
{
	struct str out = { 0 };
	str_add_char(&out, '"');
	for (; *path != '\0'; path++) {
		if (*path == '"' || *path == '\\')
			str_add_char(&out, '\\');
		str_add_char(&out, *path);
	}
	str_add_char(&out, '"');
	return str_take(&out);
}

/* Signs a commit whose object goes into dir, and with it away. */
static bool
sign_in(const struct repo *repo, const struct strv *env, const char *dir,
    struct error *err)
{
	autofree char *objects = path_join(repo->common_dir, "objects");
	autofree char *entry = quoted_entry(objects);
	autofree char *tree = mem_format("%s^{tree}", repo->head);
	autostrv struct strv extra = { 0 };
	const char *const args[] = { "commit-tree", "-S", "-m",
		"Whether the signing key can be used", tree, NULL };
	struct git_result git = { 0 };
	strv_copy(&extra, env);
	strv_env_set(&extra, "GIT_OBJECT_DIRECTORY", dir);
	strv_env_set(&extra, "GIT_ALTERNATE_OBJECT_DIRECTORIES", entry);
	const struct git_options options = { .purpose = GIT_FOR_AGENT,
		.extra_env = &extra,
		.timeout_ms = SIGNING_MS };
	if (!git_call(repo->root, args, &options, &git, err))
		return false;
	bool signed_well = git.code == 0;
	if (!signed_well)
		git_complain("commits are to be signed here (commit.gpgSign), "
			     "but that fails",
		    &git, err);
	git_result_release(&git);
	return signed_well;
}

static bool
can_sign(const struct repo *repo, const struct strv *env, struct error *err)
{
	autoerror struct error ignored = { 0 };
	const char *base = getenv("TMPDIR");
	autofree char *dir = path_join(
	    base != NULL && *base == '/' ? base : "/tmp", "prodigy-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return error_system(err, "making %s", dir);
	bool ok = sign_in(repo, env, dir, err);
	/* What stays there is temporary for the system, too. */
	if (!file_remove_tree(dir, &ignored))
		return ok;
	return ok;
}

bool
repo_can_commit(
    const struct repo *repo, const struct strv *env, struct error *err)
{
	return knows_author(repo, env, err) &&
	    (!wants_signatures(repo, env) || can_sign(repo, env, err));
}
