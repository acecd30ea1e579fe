/* SPDX-License-Identifier: MIT */
/* Steps as values: names, tables, making and releasing. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "workflow/step.h"

#define ELLIPSIS "\xe2\x80\xa6"

const char *
step_kind_name(enum step_kind kind)
{
	switch (kind) {
	case STEP_SHELL:
		return "shell";
	case STEP_CLAUDE:
		return "claude";
	case STEP_WRITE_FILE:
		return "write_file";
	case STEP_KINDS:
		break;
	}
	BUG("no such kind of step: %d", (int)kind);
}

static const char *
subject(const struct step *step)
{
	const char *text =
	    step->kind == STEP_WRITE_FILE ? step->file.path : step->command;
	return text != NULL ? text : "";
}

char *
step_display(const struct step *step)
{
	return mem_format("%s: %s", step_kind_name(step->kind), subject(step));
}

char *
step_label(const struct step *step)
{
	struct str label = { 0 };
	if (step->name != NULL)
		text_line(&label, step->name, strlen(step->name),
		    STEP_LABEL_CHARACTERS);
	if (label.len == 0) {
		autofree char *display = step_display(step);
		text_line(
		    &label, display, strlen(display), STEP_LABEL_CHARACTERS);
	}
	return str_take(&label);
}

/* Whether a line of a script does nothing but set the stage. */
static bool
is_prelude(const char *line, size_t len)
{
	static const char set[] = "set -";
	if (len == 0 || *line == '#' || (len == 1 && *line == ':'))
		return true;
	return len > strlen(set) && strncmp(line, set, strlen(set)) == 0 &&
	    memchr(line, ';', len) == NULL;
}

/* The first line that does something, or else the whole text. */
static void
add_first_line(struct str *out, const char *text)
{
	for (const char *line = text; *line != '\0';) {
		while (text_is_blank(*line))
			line++;
		const size_t len = strcspn(line, "\n");
		if (!is_prelude(line, len)) {
			str_add_n(out, line, len);
			if (line[len + strspn(line + len, " \t\r\n")] != '\0')
				str_add(out, " " ELLIPSIS);
			return;
		}
		line += len;
	}
	str_add(out, text);
}

char *
step_title(const struct step *step)
{
	struct str title = { 0 };
	if (step->name != NULL && *step->name != '\0')
		return mem_text(step->name);
	str_format(&title, "%s: ", step_kind_name(step->kind));
	if (step->kind == STEP_SHELL)
		add_first_line(&title, subject(step));
	else
		str_add(&title, subject(step));
	return str_take(&title);
}

/* --- tables ----------------------------------------------------------- */

static const char *
kind_name(unsigned kind)
{
	return step_kind_name((enum step_kind)kind);
}

static const char *
capture_format_name(unsigned format)
{
	static const char *const names[CAPTURE_FORMATS] = {
		[CAPTURE_STRING] = "string",
		[CAPTURE_JSON] = "json",
		[CAPTURE_LINES] = "lines",
		[CAPTURE_NUMBER] = "number",
		[CAPTURE_BOOLEAN] = "boolean",
	};
	return names[format];
}

static const char *
write_format_name(unsigned format)
{
	static const char *const names[WRITE_FORMATS] = {
		[WRITE_TEXT] = "text",
		[WRITE_JSON] = "json",
		[WRITE_YAML] = "yaml",
	};
	return names[format];
}

static const char *
strategy_name(unsigned strategy)
{
	static const char *const names[HANDLER_STRATEGIES] = {
		[HANDLER_RECOVERY] = "recovery",
		[HANDLER_FALLBACK] = "fallback",
		[HANDLER_CLEANUP] = "cleanup",
	};
	return names[strategy];
}

static const struct record_field capture_fields[] = {
	RECORD(struct capture, name),
	RECORD_ENUM(
	    struct capture, format, capture_format_name, CAPTURE_FORMATS),
	RECORD_AS("stdout", struct capture, out),
	RECORD_AS("stderr", struct capture, err),
	RECORD(struct capture, exit_code),
	RECORD(struct capture, success),
	RECORD(struct capture, duration),
	RECORD_END,
};

const struct record_table capture_table =
    RECORD_TABLE(struct capture, capture_fields);

static const struct record_field write_file_fields[] = {
	RECORD(struct write_file, path),
	RECORD(struct write_file, content),
	RECORD_ENUM(
	    struct write_file, format, write_format_name, WRITE_FORMATS),
	RECORD(struct write_file, mode),
	RECORD(struct write_file, create_dirs),
	RECORD_END,
};

const struct record_table write_file_table =
    RECORD_TABLE(struct write_file, write_file_fields);

static const struct record_field on_failure_fields[] = {
	RECORD_LIST(struct on_failure, commands, &step_table),
	RECORD(struct on_failure, ignore),
	RECORD(struct on_failure, bare),
	RECORD(struct on_failure, from_commands),
	RECORD(struct on_failure, max_attempts),
	RECORD(struct on_failure, fail_workflow),
	RECORD(struct on_failure, handler_failure_fatal),
	RECORD(struct on_failure, commit_required),
	RECORD_ENUM(
	    struct on_failure, strategy, strategy_name, HANDLER_STRATEGIES),
	RECORD(struct on_failure, timeout_ms),
	RECORD(struct on_failure, timeout_variable),
	RECORD_END,
};

const struct record_table on_failure_table =
    RECORD_TABLE(struct on_failure, on_failure_fields);

static const struct record_field step_fields[] = {
	RECORD_ENUM(struct step, kind, kind_name, STEP_KINDS),
	RECORD(struct step, name),
	RECORD(struct step, id),
	RECORD(struct step, command),
	RECORD_OBJECT(struct step, file, &write_file_table),
	RECORD_OBJECT(struct step, capture, &capture_table),
	RECORD(struct step, env),
	RECORD(struct step, working_dir),
	RECORD(struct step, when),
	RECORD(struct step, timeout_ms),
	RECORD(struct step, timeout_variable),
	RECORD(struct step, commit_required),
	RECORD(struct step, continue_on_error),
	RECORD_OWNED(struct step, on_failure, &on_failure_table),
	RECORD(struct step, line),
	RECORD(struct step, column),
	RECORD_END,
};

const struct record_table step_table = RECORD_TABLE(struct step, step_fields);

json_t *
steps_to_json(const struct steps *steps)
{
	json_t *array = json_array();
	for (size_t i = 0; i < steps->n; i++)
		json_array_append_new(
		    array, record_to_json(&step_table, &steps->items[i]));
	return array;
}

/* --- making and releasing --------------------------------------------- */

struct step *
steps_add(struct steps *steps)
{
	steps->items = mem_grow(
	    steps->items, &steps->cap, steps->n + 1, sizeof(*steps->items));
	struct step *step = &steps->items[steps->n++];
	*step = (struct step){ 0 };
	step->capture.out = true;
	step->capture.exit_code = true;
	step->capture.success = true;
	step->capture.duration = true;
	return step;
}

bool
steps_use_claude(const struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct step *step = &steps->items[i];
		if (step->kind == STEP_CLAUDE ||
		    (step->on_failure != NULL &&
			steps_use_claude(&step->on_failure->commands)))
			return true;
	}
	return false;
}

void
on_failure_free(struct on_failure *on_failure)
{
	if (on_failure != NULL)
		record_release(&on_failure_table, on_failure);
	free(on_failure);
}

void
steps_release(struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++)
		record_release(&step_table, &steps->items[i]);
	free(steps->items);
	*steps = (struct steps){ 0 };
}
