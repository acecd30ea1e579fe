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
#include "run/parent.h"
#include "run/report.h"

void
report_line(struct supervisor *sup, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	autostr struct str line = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	text_visible(&line, str_text(&text), text.len, false);
	str_add_char(&line, '\n');
	if (sup->options->events_on_stdout)
		streams_say(&sup->streams, line.data, line.len);
	else
		streams_print(&sup->streams, line.data, line.len);
}

void
report_start(const struct supervisor *sup)
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
		    "Note: your uncommitted changes are not part of the run.");
}

/* The number behind a name in a file of /proc; -1: unknown. */
static long long
proc_number(const char *path, const char *name)
{
	autostr struct str text = { 0 };
	autoerror struct error ignored = { 0 };
	if (!file_read(path, 65536, &text, &ignored))
		return -1;
	const char *line = strstr(str_text(&text), name);
	return line == NULL ? -1 : strtoll(line + strlen(name), NULL, 10);
}

/*
 * What the supervisor itself costs. The peak is not taken from getrusage(),
 * which begins with that of the program that started this one; the bytes are
 * those of this thread, since those of the process include its children's.
 */
static void
say_own_cost(struct supervisor *sup)
{
	struct rusage usage;
	if (sup->options->verbose == 0 || getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	long long peak = proc_number("/proc/self/status", "VmHWM:");
	long long written = proc_number("/proc/thread-self/io", "wchar: ");
	report_line(sup,
	    "supervisor: %.2f s CPU, %.1f MiB peak, %lld bytes written", cpu,
	    (double)peak / 1024, written);
}

static void
say_items(struct supervisor *sup)
{
	const struct job *job = &sup->recorder.job;
	size_t failed = job->counts[JOB_ITEM_FAILED];
	if (!sup->workflow.mapreduce)
		return;
	report_line(sup, "Items:    %zu total, %zu successful, %zu failed",
	    job->total, job->counts[JOB_ITEM_DONE], failed);
	if (failed > 0 && job->counts[JOB_ITEM_DONE] == 0)
		report_line(sup, "None of the items succeeded.");
	if (failed > 0)
		report_line(sup, "Failed:   prodigy dlq show %s", sup->id);
}

static void
say_artifacts(struct supervisor *sup)
{
	autofree char *kept = litter_kept(&sup->litter);
	autofree char *dir = layout_artifacts(&sup->layout, sup->id);
	if (kept != NULL)
		report_line(sup, "Kept:     %s in %s", kept, dir);
}

void
report_summary(struct supervisor *sup)
{
	const struct spent *spent = &sup->recorder.job.spent;
	autofree char *took = clock_duration_text(clock_now() - sup->start);
	autofree char *cost = spent_text(spent);
	report_line(sup, "Session:  %s", sup->parent_name);
	if (sup->workflow.mapreduce)
		report_line(sup, "Job:      %s", sup->id);
	say_items(sup);
	report_line(sup, "Time:     %s", took);
	if (!spent_is_nothing(spent))
		report_line(sup, "Cost:     %s", cost);
	say_artifacts(sup);
	if (sup->users_changes > 0)
		report_line(sup,
		    "Yours:    %zu change%s of what agents share with you",
		    sup->users_changes, sup->users_changes == 1 ? "" : "s");
	report_line(sup, "Events:   prodigy events show %s", sup->id);
	say_own_cost(sup);
}
