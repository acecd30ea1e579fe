/* SPDX-License-Identifier: MIT */
/*
 * A run in progress: what all modules of run/ work on. The phases follow each
 * other as plain function calls; each turns the one event loop until it has
 * what it waits for, so that signals, timers and progress go on all the while.
 */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "data/vars.h"
#include "git/final.h"
#include "git/objects.h"
#include "git/repo.h"
#include "plan/frame.h"
#include "proc/loop.h"
#include "run/attempt.h"
#include "run/executor.h"
#include "run/litter.h"
#include "run/progress.h"
#include "run/recorder.h"
#include "run/streams.h"
#include "state/layout.h"
#include "workflow/workflow.h"

struct map;
struct users_side;

/* What the command line says about a run. */
struct run_options {
	const char *workflow; /* path of the file */
	const char *directory; /* where the repository is; NULL: here */
	bool yes; /* consent to the final merge */
	bool no_merge; /* leave the result on its branch */
	bool fail_on_dlq; /* failed items make the run fail */
	bool fail_on_empty; /* and so does an empty list of items */
	bool quiet;
	bool ascii;
	unsigned verbose;
	bool events_on_stdout; /* --output jsonl */
	unsigned max_parallel; /* 0: as the file says */
	bool has_max_items;
	size_t max_items;
	bool has_offset;
	size_t offset;
	const char *permission_mode; /* NULL: as the file says */
	const struct strv *arguments; /* --args: $ARG, $1, ... */
	bool can_ask; /* somebody sits at a terminal */
};

struct supervisor {
	const struct run_options *options;
	struct loop *loop;
	struct layout layout;
	struct repo repo;
	struct workflow workflow;
	struct executor executor;
	struct streams streams;
	struct progress *progress;
	struct recorder recorder;
	char *id; /* job id, or session id of a standard workflow */
	/*
	 * The id with random digits: names the run in refs, branches and
	 * tokens, which other homes see, too.
	 */
	char *run;
	char *parent_name; /* of the parent work tree: the session id */
	char *parent_dir;
	char *trees_dir; /* holds agents' trees; NULL: as the home has it */
	char *parent_branch; /* short name */
	char *map_ref; /* refs/prodigy/RUN/map */
	char *log_dir;
	char *identity; /* "Name <mail>" of merge commits */
	struct vars *vars; /* arguments, env, captures of setup */
	struct strv env; /* for every child */
	struct claude_config claude;
	int lock; /* the session's */
	int stop_signal; /* 0: none came */
	bool stopping; /* one came: for those who wait for git */
	unsigned stop_count; /* how often */
	size_t processors; /* so many fresh trees are made at once */
	bool is_delivering; /* all is done but for what is yet to be read */
	struct attempt *attempt; /* of the phase that runs steps, or NULL */
	struct map *map; /* while the map phase is on */
	struct users_side *users_side; /* watched while steps run, or NULL */
	size_t users_changes; /* seen there, in all */
	int64_t start; /* clock_now() */
	struct litter litter; /* ignored files that items left */
	char *results_file; /* map.results, once written */
	bool in_conflict; /* why the final merge failed */
	bool left_behind; /* the parent tree could not be brought to map_ref */
};

/* An empty one, whose start is now; options are borrowed. */
void supervisor_init(struct supervisor *sup, const struct run_options *options);
/* Ends whatever was started and releases everything, however far it came. */
void supervisor_release(struct supervisor *sup);

/* Takes the lock of the session, which tells that the run lives. */
bool supervisor_lock(struct supervisor *sup, struct error *err) MUST_USE;

/* Whether to stop: a signal, or storage failed. */
bool supervisor_is_stopping(const struct supervisor *sup);
/* ERROR_CANCELLED or the storage failure, when it is stopping. */
bool supervisor_check(const struct supervisor *sup, struct error *err) MUST_USE;
/* Turns the loop until *done. */
bool supervisor_wait(
    struct supervisor *sup, const bool *done, struct error *err) MUST_USE;

/* The repository, and how to wait for git: a signal ends that. */
struct final supervisor_final(struct supervisor *sup);

/*
 * The parts of a spec that are alike for all agents of the run. Strings in it
 * are borrowed: do not release it.
 */
struct frame_spec supervisor_spec(
    const struct supervisor *sup, enum frame_phase phase);
/* Who sends a frame. */
struct frame_source {
	const char *agent; /* agent id in events: "JOB_agent_7", "setup" */
	const char *item; /* item id in events; NULL: none */
	unsigned number; /* of the attempt, in events of an item */
	unsigned slot; /* of an item's agent, on the screen; 0: none */
	const char *label; /* before lines of output; NULL: none */
	const char
	    *who; /* before warnings and steps: id and label; NULL: none */
	const struct steps *steps; /* of an item's agent: what it is at */
	struct attempt *attempt; /* its process, to be answered */
};
/*
 * What every agent's frames lead to: output goes to the progress display, and
 * so does the step that an agent of an item begins; notes become warnings,
 * events go to the log. What else a frame means is the caller's.
 */
void supervisor_pass_frame(struct supervisor *sup,
    const struct frame_source *source, enum frame_type type,
    const json_t *frame);

#endif
