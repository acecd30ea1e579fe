/* SPDX-License-Identifier: MIT */
/* What a run says at its start and at its end. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "run/finish.h"
#include "run/parent.h"

void
finish_say(const struct supervisor *sup, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	autostr struct str line = { 0 };
	autoerror struct error closed = { 0 };
	int fd = sup->options->events_on_stdout ? STDERR_FILENO : STDOUT_FILENO;
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	text_visible(&line, str_text(&text), text.len, false);
	str_add_char(&line, '\n');
	/* A reader that went away does not end a run. */
	if (!file_write_all(fd, line.data, line.len, &closed))
		return;
}

void
finish_announce(struct supervisor *sup)
{
	struct progress *progress = sup->progress;
	const struct workflow *workflow = &sup->workflow;
	progress_say(progress, "Workflow: %s", workflow->name);
	progress_say(progress, "Session:  %s", sup->parent_name);
	if (workflow->mapreduce)
		progress_say(progress, "Job:      %s", sup->id);
	progress_say(progress, "Worktree: %s", sup->parent_dir);
	if (workflow_uses_claude(workflow))
		progress_say(progress, "Claude permissions: %s",
		    sup->claude.permission_mode);
	if (repo_is_dirty(&sup->repo))
		progress_say(progress,
		    "Note: your uncommitted changes are "
		    "not part of the run.");
}

/* Bytes this process wrote, as the kernel counts them; -1: unknown. */
static long long
bytes_written(void)
{
	autostr struct str text = { 0 };
	autoerror struct error ignored = { 0 };
	if (!file_read("/proc/self/io", 65536, &text, &ignored))
		return -1;
	const char *line = strstr(str_text(&text), "wchar: ");
	return line == NULL ? -1 : strtoll(line + 7, NULL, 10);
}

static void
say_own_cost(const struct supervisor *sup)
{
	struct rusage usage;
	if (sup->options->verbose == 0 || getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	finish_say(sup,
	    "supervisor: %.2f s CPU, %.1f MiB peak, %lld bytes "
	    "written",
	    cpu, (double)usage.ru_maxrss / 1024, bytes_written());
}

static void
say_items(const struct supervisor *sup)
{
	const struct job *job = &sup->record.job;
	size_t failed = job->counts[JOB_ITEM_FAILED];
	if (!sup->workflow.mapreduce)
		return;
	finish_say(sup, "Items:    %zu total, %zu successful, %zu failed",
	    job->total, job->counts[JOB_ITEM_DONE], failed);
	if (failed > 0)
		finish_say(sup, "Failed:   prodigy dlq show %s", sup->id);
}

void
finish_summary(struct supervisor *sup)
{
	autofree char *took = clock_duration_text(clock_now() - sup->start);
	finish_say(sup, "Session:  %s", sup->parent_name);
	if (sup->workflow.mapreduce)
		finish_say(sup, "Job:      %s", sup->id);
	say_items(sup);
	finish_say(sup, "Time:     %s", took);
	if (sup->cost_known)
		finish_say(sup, "Cost:     $%.4f", sup->cost_usd);
	finish_say(sup, "Events:   prodigy events show %s", sup->id);
	say_own_cost(sup);
}

static void
say_position(const struct supervisor *sup)
{
	const struct job *job = &sup->record.job;
	if (!sup->workflow.mapreduce || job->total == 0)
		return;
	size_t ended =
	    job->counts[JOB_ITEM_DONE] + job->counts[JOB_ITEM_FAILED];
	log_note("%zu of %zu items done (%zu failed), %zu remain", ended,
	    job->total, job->counts[JOB_ITEM_FAILED], job->total - ended);
}

static void
say_how_to_resume(const struct supervisor *sup)
{
	if (sup->workflow.mapreduce)
		log_note("Resume with: prodigy resume-job %s", sup->id);
	else
		log_note("Resume with: prodigy resume %s", sup->parent_name);
}

static void
save_pause(struct supervisor *sup, const char *why)
{
	struct record *record = &sup->record;
	if (record->job_id != NULL && record->failure.kind == ERROR_NONE) {
		record_add(record,
		    json_pack("{s:s, s:i}", "op", "interrupt", "signal",
			sup->stop_signal));
		record_snapshot(record, "BeforeShutdown");
	}
	record_event(record, "job_paused",
	    json_pack("{s:I}", "checkpoint_version",
		(json_int_t)record->job.version));
	record_session(record, SESSION_PAUSED, why);
}

void
finish_interrupted(struct supervisor *sup)
{
	save_pause(sup, "interrupted");
	log_note("Session interrupted.");
	say_position(sup);
	say_how_to_resume(sup);
}

/* A run that failed before it did anything leaves no trace in git. */
static void
drop_untouched(struct supervisor *sup)
{
	autoerror struct error err = { 0 };
	if (!parent_remove(sup, &err))
		log_warn("%s", error_text(&err));
}

void
finish_failed(struct supervisor *sup, const struct error *err)
{
	struct record *record = &sup->record;
	bool paused = err->kind == ERROR_NO_SPACE || err->kind == ERROR_STORAGE;
	say_position(sup);
	if (paused) {
		save_pause(sup, error_text(err));
	} else {
		record_event(record, "job_failed",
		    json_pack("{s:o, s:I}", "error", json_text(error_text(err)),
			"partial_results",
			(json_int_t)record->job.counts[JOB_ITEM_DONE]));
		if (record->job_id != NULL)
			record_snapshot(record, "BeforeShutdown");
		record_session(record, SESSION_FAILED, error_text(err));
	}
	if (parent_is_untouched(sup) && record->job.total == 0)
		drop_untouched(sup);
	else
		say_how_to_resume(sup);
}
