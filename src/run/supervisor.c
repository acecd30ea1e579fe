/* SPDX-License-Identifier: MIT */
/* What all phases of a run share. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "proc/child.h"
#include "proc/descend.h"
#include "proc/ladder.h"
#include "proc/signals.h"
#include "run/supervisor.h"
#include "state/job_record.h"

void
supervisor_init(struct supervisor *sup, const struct run_options *options)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	*sup = (struct supervisor){ .options = options,
		.processors = processors < 1 ? 1 : (size_t)processors,
		.lock = -1,
		.start = clock_now(),
		.recorder = { .journal = { .fd = -1 },
		    .events = { .fd = -1 },
		    .spool = { .fd = -1 },
		    .reserve = -1 } };
}

void
supervisor_release(struct supervisor *sup)
{
	recorder_close(&sup->recorder);
	progress_free(sup->progress);
	streams_close(&sup->streams);
	descend_end_all(LADDER_ORPHAN_GRACE_MS);
	signals_close();
	executor_release(&sup->executor);
	vars_free(sup->vars);
	strv_release(&sup->env);
	litter_release(&sup->litter);
	record_release(&claude_config_table, &sup->claude);
	workflow_release(&sup->workflow);
	repo_release(&sup->repo);
	layout_release(&sup->layout);
	if (sup->loop != NULL) {
		child_abandon_all(sup->loop);
		loop_free(sup->loop);
	}
	if (sup->lock >= 0)
		close(sup->lock);
	free(sup->id);
	free(sup->run);
	free(sup->parent_name);
	free(sup->parent_dir);
	free(sup->trees_dir);
	free(sup->parent_branch);
	free(sup->map_ref);
	free(sup->log_dir);
	free(sup->identity);
	free(sup->results_file);
}

bool
supervisor_is_stopping(const struct supervisor *sup)
{
	return sup->stop_signal != 0 ||
	    sup->recorder.failure.kind != ERROR_NONE;
}

bool
supervisor_check(const struct supervisor *sup, struct error *err)
{
	const struct error *failure = &sup->recorder.failure;
	if (failure->kind != ERROR_NONE) {
		error_set(err, failure->kind, "%s", error_text(failure));
		return false;
	}
	if (sup->stop_signal != 0)
		return error_set(err, ERROR_CANCELLED, "interrupted");
	return true;
}

bool
supervisor_wait(struct supervisor *sup, const bool *done, struct error *err)
{
	while (!*done)
		if (!loop_turn(sup->loop, -1, err))
			return false;
	return true;
}

bool
supervisor_lock(struct supervisor *sup, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autofree char *path = layout_lock(&sup->layout, sup->parent_name);
	autofree char *folder = path_parent(path);
	autofree char *holder = mem_format("process %ld since %s\n",
	    (long)getpid(), clock_rfc3339(clock_wall(), now));
	if (!path_make_dirs(folder, err))
		return false;
	sup->lock = lock_take(path, holder, err);
	return sup->lock >= 0;
}

struct final
supervisor_final(struct supervisor *sup)
{
	return (struct final){
		.repo = &sup->repo,
		.wait = { .loop = sup->loop, .stop = &sup->stopping },
	};
}

/* What the steps at the end print is the report of the run. */
static bool
wants_output(const struct run_options *options, enum frame_phase phase)
{
	return options->verbose >= 2 ||
	    (!options->quiet &&
		(phase == PHASE_REDUCE || phase == PHASE_MERGE));
}

struct frame_spec
supervisor_spec(const struct supervisor *sup, enum frame_phase phase)
{
	struct frame_spec spec = frame_spec_of(&sup->workflow, phase);
	spec.job = sup->id;
	spec.run = sup->run;
	spec.session = sup->parent_name;
	spec.attempt = 1;
	spec.directory = sup->parent_dir;
	spec.repository = sup->repo.root;
	spec.env = sup->env;
	spec.log_dir = sup->log_dir;
	spec.grace_ms = LADDER_GRACE_MS;
	spec.send_output = wants_output(sup->options, phase);
	spec.claude = sup->claude;
	spec.results_file = sup->results_file;
	return spec;
}

/* --- frames of agents ------------------------------------------------- */

static void
pass_event(struct supervisor *sup, const struct frame_source *source,
    const json_t *frame)
{
	const char *type = json_get_text(frame, "type");
	if (!event_is_known(type)) {
		log_debug("an agent's event of type '%s'", type);
		return;
	}
	json_t *members = json_object();
	json_object_update(members, json_mutable(json_get(frame, "members")));
	json_set_text(members, "agent_id", source->agent);
	if (source->item != NULL)
		json_set_text(members, "item_id", source->item);
	recorder_event(&sup->recorder, type, members);
}

/* Steps count from 1 here, as people do. */
static void
announce_step(struct supervisor *sup, const struct frame_source *source,
    const json_t *frame)
{
	const char *state = json_get_text(frame, "state");
	const bool starts = strcmp(state, "start") == 0;
	json_t *members = json_object();
	json_set_text(members, "agent_id", source->agent);
	if (source->item != NULL) {
		json_set_text(members, "item_id", source->item);
		json_object_set_new(members, "attempt",
		    json_integer((json_int_t)source->number));
	}
	json_object_set_new(
	    members, "step", json_integer(json_get_int(frame, "step", 0) + 1));
	json_set_text(members, "title", json_get_text(frame, "title"));
	if (!starts) {
		json_set_text(members, "state", state);
		json_object_set_new(members, "exit_code",
		    json_integer(json_get_int(frame, "rc", 0)));
		json_object_set_new(members, "duration",
		    json_duration(json_get_int(frame, "ms", 0)));
		struct spent spent;
		spent_from_json(frame, &spent);
		spent_describe(&spent, members);
	}
	recorder_event(&sup->recorder,
	    starts ? "step_started" : "step_completed", members);
}

static void
pass_step(struct supervisor *sup, const struct frame_source *source,
    const json_t *frame)
{
	announce_step(sup, source, frame);
	if (source->item == NULL)
		return;
	if (strcmp(json_get_text(frame, "state"), "start") == 0)
		progress_agent(sup->progress,
		    &(struct progress_row){ .item = source->item,
			.who = source->who,
			.slot = source->slot,
			.title = json_get_text(frame, "title") });
	if (sup->options->verbose > 0)
		progress_say_step(
		    sup->progress, source->who, source->steps, frame, true);
}

/* Claude waits for this: it is durable before it is answered. */
static void
record_claude(struct supervisor *sup, const struct frame_source *source,
    const json_t *frame)
{
	recorder_claude(&sup->recorder,
	    &(struct job_record){ .op = JOB_OP_CLAUDE,
		.item = source->item,
		.phase = source->item == NULL ? source->agent : NULL,
		.attempt = json_get_int(frame, "attempt", 1),
		.claude_session_id = json_get_text(frame, "session"),
		.json_log_location = json_get_text(frame, "log") });
	if (source->attempt != NULL)
		attempt_answer(source->attempt, NULL);
}

void
supervisor_pass_frame(struct supervisor *sup, const struct frame_source *source,
    enum frame_type type, const json_t *frame)
{
	const char *label = source->label;
	switch (type) {
	case FRAME_OUT:
		progress_output(
		    sup->progress, label, json_get_text(frame, "d"));
		break;
	case FRAME_NOTE:
		log_warn("%s%s%s", source->who == NULL ? "" : source->who,
		    source->who == NULL ? "" : ": ",
		    json_get_text(frame, "text"));
		break;
	case FRAME_EVENT:
		pass_event(sup, source, frame);
		break;
	case FRAME_STEP:
		pass_step(sup, source, frame);
		break;
	case FRAME_CLAUDE:
		record_claude(sup, source, frame);
		break;
	case FRAME_SPENT:
		recorder_touch(&sup->recorder);
		break;
	case FRAME_HELLO:
	case FRAME_BEAT:
	case FRAME_ASK:
	case FRAME_RESULT:
	case FRAME_TYPES:
		break;
	}
}
