/* SPDX-License-Identifier: MIT */
/*
 * A conflict goes to claude: in a scratch work tree at the head of the job,
 * where nothing but its result counts, and only if that stands up to a check.
 */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/git.h"
#include "git/merge.h"
#include "git/worktree.h"
#include "run/map.h"

#define RESOLVE_LIMIT_MS 600000

struct resolution {
	struct map *map;
	struct worker *worker;
	struct steps steps;
};

static void
end_resolution(
    struct resolution *resolution, enum agent_event event, const char *why)
{
	struct map *map = resolution->map;
	struct worker *worker = resolution->worker;
	if (why != NULL)
		failure_set(&worker->failure, worker->failure.cause, 0,
		    "%s (claude could not resolve it: %s)",
		    worker->failure.message, why);
	trees_give(map->trees, worker->scratch, false);
	steps_release(&resolution->steps);
	free(resolution);
	if (event != AGENT_RESOLVED)
		map->merging = NULL;
	worker_handle(worker, event);
	if (map->merging == NULL)
		merge_queue_next(map);
}

static void
attempt_ended(enum verdict verdict, const struct frame_result *result,
    const char *why, void *arg)
{
	struct resolution *resolution = arg;
	struct worker *worker = resolution->worker;
	autoerror struct error err = { 0 };
	char tree[GIT_OID_SIZE];
	worker->attempt = NULL;
	supervisor_add_cost(resolution->map->sup, result);
	if (verdict == VERDICT_CANCELLED) {
		end_resolution(resolution, AGENT_CANCELLED, NULL);
	} else if (verdict != VERDICT_OK) {
		const char *said =
		    result == NULL ? why : result->failure.message;
		end_resolution(resolution, AGENT_UNRESOLVED, said);
	} else if (!merge_verify(worker->scratch, resolution->map->head,
		       worker->result.tip, tree, &err)) {
		end_resolution(resolution, AGENT_UNRESOLVED, error_text(&err));
	} else {
		worker->resolved_tree = mem_text(tree);
		end_resolution(resolution, AGENT_RESOLVED, NULL);
	}
}

/* The repository's own command for it, or the task in words. */
static char *
make_prompt(const struct worker *worker)
{
	autofree char *command = path_join(
	    worker->scratch, ".claude/commands/prodigy-merge-worktree.md");
	if (path_exists(command))
		return mem_format("/prodigy-merge-worktree %s", worker->branch);
	return mem_format(
	    "Merge a branch into HEAD of this work tree with "
	    "'git merge --no-ff'. It conflicts: resolve each conflict so that "
	    "what both sides intended is kept, leave no conflict marker, and "
	    "commit the merge. Change nothing else. If that is impossible, "
	    "run 'git merge --abort' and say why. The branch: %s",
	    worker->branch);
}

static void
start_claude(struct resolution *resolution)
{
	struct worker *worker = resolution->worker;
	struct supervisor *sup = resolution->map->sup;
	autoerror struct error err = { 0 };
	autofree char *name = mem_format("%s-merge", worker->name);
	struct step *step = steps_add(&resolution->steps);
	step->kind = STEP_CLAUDE;
	step->command = make_prompt(worker);
	struct frame_spec spec = supervisor_spec(sup, PHASE_RESOLVE);
	spec.agent = worker->agent;
	spec.item = worker->item;
	spec.attempt = worker->attempt_number;
	spec.directory = worker->scratch;
	spec.steps = resolution->steps;
	spec.timeout_ms = RESOLVE_LIMIT_MS;
	spec.log_name = name;
	spec.vars = json_object();
	worker->attempt = attempt_start(sup->loop, &sup->executor, &spec, NULL,
	    attempt_ended, resolution, &err);
	json_decref(spec.vars);
	if (worker->attempt == NULL)
		end_resolution(resolution, AGENT_UNRESOLVED, error_text(&err));
}

static void
checked_out(const struct git_result *git, void *arg)
{
	struct resolution *resolution = arg;
	autoerror struct error err = { 0 };
	if (git->code == 0) {
		start_claude(resolution);
		return;
	}
	git_complain("git checkout", git, &err);
	end_resolution(resolution, AGENT_UNRESOLVED, error_text(&err));
}

static void
scratch_added(const struct error *why, void *arg)
{
	struct resolution *resolution = arg;
	struct map *map = resolution->map;
	autoerror struct error err = { 0 };
	const char *const args[] = { "checkout", "-q", "-f", "--detach",
		map->head, "--", NULL };
	if (why != NULL)
		end_resolution(resolution, AGENT_UNRESOLVED, error_text(why));
	else if (!git_start(map->sup->loop, resolution->worker->scratch, args,
		     checked_out, resolution, &err))
		end_resolution(resolution, AGENT_UNRESOLVED, error_text(&err));
}

void
resolve_start(struct map *map, struct worker *worker)
{
	struct resolution *resolution = mem_zalloc(sizeof(*resolution));
	autofree char *name = mem_format("%s-merge", worker->name);
	resolution->map = map;
	resolution->worker = worker;
	worker->scratch = layout_worktree(&map->sup->layout, name);
	progress_say(map->sup->progress, "%s: %s: asking claude", worker->item,
	    worker->failure.message);
	worktree_add(map->sup->loop, &map->sup->repo, worker->scratch,
	    map->head, scratch_added, resolution);
}
