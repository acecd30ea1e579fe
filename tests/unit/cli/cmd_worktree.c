/* SPDX-License-Identifier: MIT */
/* prodigy worktree: work trees are listed, and merged when one agrees. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "home.h"
#include "program.h"

#define DONE "session-done"
#define LIVE "session-live"
#define BARE "session-detached"

/* A work tree with one commit more than the user's branch, and its session. */
static void
make_run(const char *id, const char *status, const char *target)
{
	autofree char *name = mem_format("state/worktrees/repo/%s", id);
	autofree char *path = home_path(name);
	autofree char *branch = mem_format("prodigy-%s", id);
	autofree char *file = mem_format("%s/%s.txt", name, id);
	autofree char *document = mem_format("state/sessions/%s.json", id);
	autofree char *repo = home_path("repo");
	autofree char *workflow =
	    mem_format("state/state/repo/runs/%s/workflow.yml", id);
	home_write(workflow, "- shell: 'true'\n");
	home_git("repo", "worktree", "add", "-q", "-b", branch, path, NULL);
	home_write(file, "new\n");
	home_commit(name, "a commit of the run");
	home_format(document,
	    "{\"id\":\"%s\",\"status\":\"%s\",\"repository\":\"%s\","
	    "\"branch\":\"%s\",\"workflow_path\":\"w.yml\","
	    "\"map_ref\":\"refs/prodigy/%s/map\","
	    "\"started_at\":\"2026-01-01T10:00:00.000Z\","
	    "\"mapreduce_data\":{\"processed_items\":3,\"total_items\":4}"
	    "%s%s%s}\n",
	    id, status, repo, branch, id,
	    target == NULL ? "" : ",\"original_branch\":\"",
	    target == NULL ? "" : target, target == NULL ? "" : "\"");
}

static void
an_empty_home_has_none(struct program *p)
{
	program_run(p, "worktree", "ls", NULL);
	tap_is_text(
	    str_text(&p->out), "No work trees.\n", "an empty list is one line");
	program_run(p, "worktree", "ls", "--json", NULL);
	autojson json_t *json = program_json(p);
	tap_is_int(json_get_int(json_get(json, "summary"), "total", -1), 0,
	    "or a document that counts none");
}

static void
trees_are_listed(struct program *p)
{
	program_run(p, "worktree", "list", NULL);
	program_printed(p,
	    "WORKTREE          STATUS       DONE  TARGET  COMMITS  DIRTY\n",
	    "the list has a header");
	program_printed(p, "item_3            agent                      0\n",
	    "the tree of a failed agent is listed");
	program_printed(p, DONE "      Completed    3/4   main    1\n",
	    "a run is listed with its target and its commits");
	program_printed(p,
	    LIVE "      interrupted  3/4   main    1        yes\n",
	    "one that has died is interrupted; changes are told");
	program_printed(p, "\n4 work trees\n", "and they are counted");
	tap_ok(strstr(str_text(&p->out), "elsewhere") == NULL,
	    "a work tree of the user is not listed");
	program_run(p, "worktree", "ls", "--detailed", NULL);
	autofree char *path = home_path("state/worktrees/repo/" DONE);
	autofree char *line =
	    mem_format("\n" DONE ": %s, workflow w.yml\n", path);
	program_printed(p, line, "--detailed tells path and workflow");
}

static void
trees_are_a_document(struct program *p)
{
	program_run(p, "worktree", "ls", "--json", NULL);
	autojson json_t *json = program_json(p);
	const json_t *trees = json_get(json, "sessions");
	const json_t *done = NULL;
	for (size_t i = 0; i < json_array_size(trees); i++)
		if (strcmp(
			json_get_text(json_array_get(trees, i), "session_id"),
			DONE) == 0)
			done = json_array_get(trees, i);
	tap_is_text(json_get_text(done, "branch_name"), "prodigy-" DONE,
	    "--json names the branch");
	tap_is_int(json_get_int(done, "commits", -1), 1, "counts the commits");
	tap_is_int(json_get_int(done, "items_processed", -1), 3,
	    "and the items that are through");
	tap_is_int(json_get_int(done, "total_items", -1), 4, "of all");
	tap_ok(!json_get_bool(done, "dirty", true), "and says what is clean");
}

static bool
is_merged(const char *id)
{
	autofree char *name = mem_format("repo/%s.txt", id);
	autofree char *path = home_path(name);
	return path_exists(path);
}

static bool
is_there(const char *id)
{
	autofree char *name = mem_format("state/worktrees/repo/%s", id);
	autofree char *path = home_path(name);
	return path_exists(path);
}

static void
consent_is_needed(struct program *p)
{
	struct pty pty;
	program_run(p, "worktree", "merge", DONE, NULL);
	program_ended(p, 0, "without a terminal nobody agrees");
	program_printed(p, "Merge it with: prodigy worktree merge " DONE "\n",
	    "and it is said how to merge later");
	tap_ok(!is_merged(DONE) && is_there(DONE), "and nothing is merged");
	if (!pty_open(&pty, 80)) {
		tap_skip("there are no pseudo terminals here");
		return;
	}
	p->pty = &pty;
	pty_type(&pty, "n\n");
	program_run(p, "worktree", "merge", DONE, NULL);
	program_printed(p,
	    "Merge 1 commit (1 file) of " DONE " into main? [Y/n] ",
	    "a person is asked, and may say no");
	program_printed(
	    p, "The result is on branch prodigy-" DONE ".", "it stays then");
	tap_ok(!is_merged(DONE) && is_there(DONE), "then nothing is merged");
	pty_type(&pty, "y\n");
	program_run(p, "worktree", "merge", DONE, NULL);
	program_printed(p, "Merged 1 commit into main.\n", "or say yes");
	tap_ok(is_merged(DONE) && !is_there(DONE),
	    "then it is merged, and the work tree goes");
	p->pty = NULL;
	pty_close(&pty);
}

static void
merges_are_careful(struct program *p)
{
	program_run(p, "worktree", "merge", "-y", LIVE, NULL);
	program_ended(p, 0, "-y merges without a question");
	autofree char *patch =
	    home_path("state/logs/repo/" LIVE "/uncommitted.patch");
	tap_ok(is_merged(LIVE) && !is_there(LIVE) && path_exists(patch),
	    "what was not committed in its tree is kept as a patch");
	program_run(p, "worktree", "merge", "-y", LIVE, NULL);
	tap_is_text(str_text(&p->out),
	    LIVE " was merged into main: nothing is left to merge.\n",
	    "a second merge finds nothing");
	program_ended(p, 0, "which is no failure");
	program_run(p, "worktree", "merge", "-y", BARE, NULL);
	program_ended(p, 1, "without a target there is no merge");
	program_said(p,
	    BARE " was started on a detached HEAD: "
		 "merge branch prodigy-" BARE " yourself",
	    "and it is said what to do");
	program_run(p, "worktree", "merge", "-y", "session-x", NULL);
	program_ended(p, 1, "an unknown session is refused");
	program_said(p, "no session 'session-x'", "by its name");
	program_run(p, "worktree", "merge", NULL);
	program_ended(p, 2, "a session must be named");
}

static void
a_running_one_is_not_merged(struct program *p)
{
	autoerror struct error err = { 0 };
	autofree char *path = home_path("state/locks/" LIVE);
	home_write("state/locks/README", "\n");
	autofd int lock = lock_take(path, "a run", &err);
	if (lock < 0)
		BUG("%s", error_text(&err));
	program_run(p, "worktree", "merge", "-y", LIVE, NULL);
	program_ended(p, 1, "a run that lives is not merged");
	program_said(p, LIVE " is still running", "and it is said why");
	program_run(p, "worktree", "ls", NULL);
	program_printed(p, LIVE "      Running", "the list says it, too");
}

static void
make_conflict(const char *id)
{
	autofree char *file =
	    mem_format("state/worktrees/repo/%s/file.txt", id);
	autofree char *tree = mem_format("state/worktrees/repo/%s", id);
	make_run(id, "Completed", "main");
	home_write(file, "theirs\n");
	home_commit(tree, "their change");
	home_write("repo/file.txt", "ours\n");
	home_commit("repo", "our change");
}

static void
a_conflict_changes_nothing(struct program *p)
{
	make_conflict("session-conflict");
	program_run(p, "worktree", "merge", "-y", "session-conflict", NULL);
	program_ended(p, 1, "a conflict is a failure");
	tap_ok(is_there("session-conflict") && !is_merged("session-conflict"),
	    "and nothing is changed");
	program_run(p, "worktree", "ls", NULL);
	program_printed(p, "session-conflict  Completed  3/4   main    2\n",
	    "its commits are still to be merged");
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	home_make();
	an_empty_home_has_none(&p);
	autofree char *elsewhere = home_path("elsewhere");
	autofree char *agent = home_path("state/worktrees/repo/item_3");
	home_git("repo", "worktree", "add", "-q", "--detach", elsewhere, NULL);
	home_git("repo", "worktree", "add", "-q", "--detach", agent, NULL);
	make_run(DONE, "Completed", "main");
	make_run(LIVE, "Running", "main");
	make_run(BARE, "Completed", NULL);
	home_write("state/worktrees/repo/" LIVE "/file.txt", "changed\n");
	trees_are_listed(&p);
	trees_are_a_document(&p);
	a_running_one_is_not_merged(&p);
	consent_is_needed(&p);
	merges_are_careful(&p);
	a_conflict_changes_nothing(&p);
	home_done();
	return tap_done();
}
