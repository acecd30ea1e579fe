/* SPDX-License-Identifier: MIT */
/* Steps as values: making, naming, releasing. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "workflow/step.h"

#define LABEL_CHARACTERS 120
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

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Appends text with every run of blanks as one space, none at the ends. */
static void
add_one_line(struct str *out, const char *text)
{
	bool gap = false;
	const size_t start = out->len;
	for (; *text; text++) {
		if (is_blank(*text)) {
			gap = out->len > start;
			continue;
		}
		if (gap)
			str_add_char(out, ' ');
		gap = false;
		str_add_char(out, *text);
	}
}

/* Cuts UTF-8 text to limit characters, an ellipsis being the last of them. */
static void
cut_characters(struct str *text, size_t limit)
{
	size_t characters = 0;
	size_t last = 0; /* where the last allowed character begins */
	for (size_t i = 0; i < text->len; i++) {
		if ((text->data[i] & 0xc0) == 0x80)
			continue;
		if (characters == limit - 1)
			last = i;
		if (++characters > limit) {
			str_cut(text, last);
			str_add(text, ELLIPSIS);
			return;
		}
	}
}

/* What the step does: its script, its prompt, or the file it writes. */
static const char *
subject(const struct step *step)
{
	const char *text =
	    step->kind == STEP_WRITE_FILE ? step->file.path : step->command;
	return text != NULL ? text : "";
}

char *
step_label(const struct step *step)
{
	struct str label = { 0 };
	if (step->name != NULL)
		add_one_line(&label, step->name);
	if (label.len == 0) {
		str_format(&label, "%s: ", step_kind_name(step->kind));
		add_one_line(&label, subject(step));
	}
	cut_characters(&label, LABEL_CHARACTERS);
	return str_take(&label);
}

char *
step_display(const struct step *step)
{
	return mem_format("%s: %s", step_kind_name(step->kind), subject(step));
}

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
	if (on_failure == NULL)
		return;
	steps_release(&on_failure->commands);
	free(on_failure->timeout_variable);
	free(on_failure);
}

void
step_release(struct step *step)
{
	free(step->name);
	free(step->id);
	free(step->command);
	free(step->file.path);
	free(step->file.content);
	free(step->capture.name);
	strv_release(&step->env);
	free(step->working_dir);
	free(step->when);
	free(step->timeout_variable);
	on_failure_free(step->on_failure);
	*step = (struct step){ 0 };
}

void
steps_release(struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++)
		step_release(&steps->items[i]);
	free(steps->items);
	*steps = (struct steps){ 0 };
}
