/* SPDX-License-Identifier: MIT */
/* Repositories to test with. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "proc/run.h"
#include "support.h"

#define PATIENCE_MS 60000

static char *sandbox;

const char *
sandbox_begin(void)
{
	autoerror struct error err = { 0 };
	char name[] = "/tmp/prodigy git.XXXXXX";
	if (mkdtemp(name) == NULL)
		BUG("no temporary directory");
	sandbox = path_real(name, &err);
	if (sandbox == NULL)
		BUG("%s", error_text(&err));
	setenv("HOME", sandbox, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	unsetenv("GIT_DEFAULT_HASH");
	sh(sandbox,
	    "git config --global user.name Tester;"
	    "git config --global user.email tester@example.org;"
	    "git config --global init.defaultBranch main");
	return sandbox;
}

void
sandbox_end(void)
{
	autoerror struct error err = { 0 };
	if (!file_remove_tree(sandbox, &err))
		tap_ok(false, "%s", error_text(&err));
	free(sandbox);
	sandbox = NULL;
}

char *
in_sandbox(const char *name)
{
	return path_join(sandbox, name);
}

bool
held(const struct error *err, bool held, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	tap_ok(held, "%s", str_text(&text));
	if (err->text != NULL)
		tap_note("%s", error_text(err));
	return held;
}

static void
run(const char *dir, const char *script, struct str *out)
{
	autoerror struct error err = { 0 };
	autorun struct run_result result = { 0 };
	char shell[] = "sh", errexit[] = "-ec";
	autofree char *text = mem_text(script);
	char *const argv[] = { shell, errexit, text, NULL };
	struct run_spec spec = {
		.argv = argv,
		.dir = dir,
		.timeout_ms = PATIENCE_MS,
	};
	if (!run_capture(&spec, &result, &err))
		tap_ok(false, "%s: %s", script, error_text(&err));
	else if (!run_succeeded(&result))
		tap_ok(false, "%s: %s", script, str_text(&result.err));
	if (out != NULL)
		str_add_str(out, &result.out);
}

void
sh(const char *dir, const char *script)
{
	run(dir, script, NULL);
}

char *
sh_out(const char *dir, const char *script)
{
	struct str out = { 0 };
	run(dir, script, &out);
	if (out.len > 0 && out.data[out.len - 1] == '\n')
		str_cut(&out, out.len - 1);
	return str_take(&out);
}

char *
rev(const char *dir, const char *name)
{
	autofree char *script =
	    mem_format("git rev-parse --verify -q '%s'", name);
	return sh_out(dir, script);
}

char *
make_repository(const char *name)
{
	char *path = in_sandbox(name);
	autoerror struct error err = { 0 };
	if (!path_make_dirs(path, &err))
		BUG("%s", error_text(&err));
	sh(path,
	    "git init -q; seq 20 > a; seq 20 > b; mkdir d; seq 20 > d/c;"
	    "git add .; git commit -qm base");
	return path;
}

void
open_repository(const char *path, struct repo *repo)
{
	autoerror struct error err = { 0 };
	held(&err, repo_open(path, repo, &err), "the repository %s is found",
	    path_name(path));
}

bool
turn_until(struct loop *loop, const bool *done)
{
	autoerror struct error err = { 0 };
	int64_t deadline = clock_now() + PATIENCE_MS;
	while (!*done && clock_now() < deadline)
		if (!loop_turn(loop, 100, &err))
			return tap_ok(false, "%s", error_text(&err));
	return *done || tap_ok(false, "it is done in time");
}
