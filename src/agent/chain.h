/* SPDX-License-Identifier: MIT */
/*
 * What the steps of one agent share: its spec, its variables, the environment
 * of its children, its logs.
 */
#ifndef AGENT_CHAIN_H
#define AGENT_CHAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/keeper.h"
#include "agent/outcome.h"
#include "agent/step_log.h"
#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/template.h"
#include "data/vars.h"
#include "plan/frame.h"
#include "workflow/step.h"

#define CHAIN_ARGUMENT_LIMIT (100u * 1024) /* of one argument or variable */

struct chain {
	struct keeper *keeper; /* borrowed */
	const struct frame_spec *spec; /* borrowed */
	struct vars *given; /* from the spec */
	struct vars *kept; /* captures and ids: they travel in the result */
	struct vars *recent; /* shell.output, last.output ... */
	const struct vars *scope; /* what references see: the innermost */
	struct strv env; /* of every child */
	size_t step; /* place of the current step in spec->steps */
	unsigned runs; /* commands run so far: numbers the logs */
	struct strv logs; /* of the commands so far, the last ones */
	char *claude_log; /* of the last claude that ran, or NULL */
	/* Of the step that is handled: how often it was run; 0: none is. */
	unsigned execution;
	int64_t deadline; /* of the handler, clock_now(); 0: none */
	char *session; /* of the last claude step */
	struct spent spent; /* by all claudes that have ended */
	struct spent step_spent; /* by those of the current step */
	/* What is shown of stdout and stderr: a line that has not ended yet. */
	struct str unshown[2];
	size_t left_out; /* frames of output and events that were not sent */
};

bool chain_open(struct chain *chain, struct keeper *keeper,
    const struct frame_spec *spec, struct error *err) MUST_USE;
void chain_close(struct chain *chain);

/* A warning for the user. */
void chain_note(const struct chain *chain, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/*
 * Whether a frame that may be left out should be sent now. What is left out is
 * counted, and told when the chain ends.
 */
bool chain_has_room(struct chain *chain) MUST_USE;
/*
 * Output of the current step for the screen, when it is wanted. Whole lines
 * are sent; chain_show_rest() sends what is left when the command has ended.
 */
void chain_show(
    struct chain *chain, bool is_stderr, const void *bytes, size_t len);
void chain_show_rest(struct chain *chain);
/*
 * Expands a prompt, a path or a value. Fails also when the result holds a NUL
 * byte, which neither an argument nor a path can carry.
 */
bool chain_text(const struct chain *chain, const char *text, struct str *out,
    struct template_report *report, struct error *err) MUST_USE;
/* The directory where the step runs, absolute; it exists. Allocated. */
char *chain_directory(const struct chain *chain, const struct step *step,
    struct error *err) MUST_USE;
/* Replaces env by the environment of the step's children. */
bool chain_environment(const struct chain *chain, const struct step *step,
    struct strv *env, struct error *err) MUST_USE;
/* How long the step may run now, in ms; 0: no limit. At least 1 otherwise. */
int64_t chain_timeout(const struct chain *chain, const struct step *step);
/* "LOG_DIR/NAME-N-KIND.SUFFIX" of the current run; allocated. */
char *chain_file(
    const struct chain *chain, const char *kind, const char *suffix) MUST_USE;
/*
 * Writes text to chain_file(), in place of what another attempt left there.
 * Gives its path, for the caller to free; NULL on failure.
 */
char *chain_write(const struct chain *chain, const char *kind,
    const char *suffix, const struct str *text, struct error *err) MUST_USE;
/* step_log_end(); a log that could not be written is noted. */
char *chain_end_log(const struct chain *chain, struct step_log *log) MUST_USE;
/*
 * Tells the supervisor what has been spent by now, so that it is known whatever
 * becomes of this process; running (NULL: none) is what a claude has spent that
 * is still at work.
 */
void chain_tell_spent(const struct chain *chain, const struct spent *running);
/*
 * The commit at HEAD of the work tree; NULL when there is none, which is no
 * failure: a step may be what makes the first. Allocated.
 */
char *chain_head(const struct chain *chain) MUST_USE;

/*
 * When the keeper stops the chain, makes that the outcome and returns true.
 */
bool chain_is_stopped(const struct chain *chain, struct outcome *outcome);

#endif
