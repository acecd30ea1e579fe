/* SPDX-License-Identifier: MIT */
/* A scratch folder in which a test runs prodigy. */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "home.h"
#include "proc/run.h"

static char *folder;

static void
set_environment(void)
{
	autofree char *user = home_path("home");
	autofree char *state = home_path("state");
	autofree char *config = home_path("home/.gitconfig");
	setenv("HOME", user, 1);
	setenv("PRODIGY_HOME", state, 1);
	setenv("GIT_CONFIG_GLOBAL", config, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CEILING_DIRECTORIES", folder, 1);
	setenv("TZ", "UTC", 1);
	tzset();
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("PRODIGY_AUTOMATION");
	unsetenv("PRODIGY_ARG");
}

void
home_make(void)
{
	autoerror struct error err = { 0 };
	const char *tmp = getenv("TMPDIR");
	autofree char *made =
	    mem_format("%s/prodigy-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(made) == NULL)
		BUG("no temporary folder");
	folder = path_real(made, &err);
	if (folder == NULL)
		BUG("%s", error_text(&err));
	set_environment();
	home_write("home/.gitconfig",
	    "[user]\n\tname = Tester\n\temail = tester@example.invalid\n"
	    "[init]\n\tdefaultBranch = main\n");
	home_write("repo/file.txt", "one\n");
	home_write("state/README", "\n");
	home_git("repo", "init", "-q", ".", NULL);
	home_commit("repo", "initial commit");
	autofree char *repo = home_path("repo");
	autofree char *state = home_path("state");
	if (chmod(state, 0700) != 0 || chdir(repo) != 0)
		BUG("%s cannot be used", folder);
}

void
home_done(void)
{
	autoerror struct error err = { 0 };
	if (chdir("/") != 0 || !file_remove_tree(folder, &err))
		BUG("%s", error_text(&err));
	free(folder);
	folder = NULL;
}

char *
home_path(const char *name)
{
	return path_join(folder, name);
}

void
home_write(const char *name, const char *text)
{
	autoerror struct error err = { 0 };
	autofree char *path = home_path(name);
	autofree char *dir = path_parent(path);
	if (!path_make_dirs(dir, &err) ||
	    !file_replace(path, text, strlen(text), &err))
		BUG("%s", error_text(&err));
}

void
home_format(const char *name, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	home_write(name, str_text(&text));
}

static void
run_git(const char *dir, const struct strv *words)
{
	autoerror struct error err = { 0 };
	autofree char *path = home_path(dir);
	autorun struct run_result result = { 0 };
	const struct run_spec spec = { .argv = words->items, .dir = path };
	if (!run_capture(&spec, &result, &err))
		BUG("%s", error_text(&err));
	if (!run_succeeded(&result))
		BUG("git %s: %s", words->items[1], str_text(&result.err));
}

void
home_git(const char *dir, ...)
{
	autostrv struct strv words = { 0 };
	va_list args;
	strv_add(&words, "git");
	va_start(args, dir);
	for (const char *word; (word = va_arg(args, const char *)) != NULL;)
		strv_add(&words, word);
	va_end(args);
	run_git(dir, &words);
}

void
home_commit(const char *dir, const char *message)
{
	home_git(dir, "add", ".", NULL);
	home_git(dir, "commit", "-q", "-m", message, NULL);
}
