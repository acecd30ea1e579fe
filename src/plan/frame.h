/* SPDX-License-Identifier: MIT */
/*
 * The protocol between the supervisor (run/) and an agent process (agent/):
 * one JSON line in, JSON lines out. Both sides include this module and
 * nothing of each other.
 *
 * The supervisor writes the spec as one line on the agent's standard input and
 * keeps the pipe open: its end of file means the supervisor is gone, and the
 * answers to what the agent asks (FRAME_ASK) come through it. The agent
 * answers with frames on standard output, "result" last. No result means that
 * the attempt is lost, whatever the exit status.
 */
#ifndef PLAN_FRAME_H
#define PLAN_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "plan/failure.h"
#include "plan/items.h"
#include "plan/kept.h"
#include "plan/spent.h"
#include "workflow/step.h"
#include "workflow/workflow.h"

#define FRAME_VERSION 1
#define FRAME_OUT_LIMIT 65536 /* bytes of output in one frame */
#define FRAME_RESOLVE_LIMIT_MS 600000 /* of a conflict, if nothing is said */

enum frame_phase {
	PHASE_WORKFLOW,
	PHASE_SETUP,
	PHASE_PLAN, /* reads the input and writes the item list */
	PHASE_MAP,
	PHASE_REDUCE,
	PHASE_MERGE,
	PHASE_RESOLVE, /* claude in a scratch tree with a conflict */
	FRAME_PHASES
};

const char *frame_phase_name(enum frame_phase phase); /* "map", ... */

/* How claude is started. */
struct claude_config {
	struct strv command; /* default {"claude"} */
	struct strv arguments; /* extra, before "--" */
	char *permission_mode; /* "bypassPermissions" by default */
	bool plain; /* dialect plain: text and exit status */
};

/* What PHASE_PLAN does. */
struct plan_request {
	char *input;
	char *json_path;
	char *filter;
	struct strv sort_by;
	char *distinct;
	char *item_name; /* NULL: items are called by their members */
	size_t offset;
	size_t max_items;
	bool has_max_items;
	char *spool; /* file to write: one {"id","label","data"} a line */
};

struct frame_spec {
	enum frame_phase phase;
	char *job;
	char *run; /* names the run on the machine: the id and random digits */
	char *session;
	char *workflow; /* name */
	char *agent; /* agent id, "" outside of map */
	char *item; /* item id, "" outside of map */
	unsigned attempt; /* from 1 */
	char *directory; /* work tree where steps run */
	char *repository; /* main work tree; informative */
	/* prepare: make the tree exactly base on a new branch; NULL: as is */
	char *base;
	char *branch;
	/* refs below which what is left is kept (git/salvage.h); NULL: none */
	char *salvage_refs;
	bool reused; /* the tree served another agent */
	bool needs_clean; /* untracked and ignored files are to be removed */
	char *stands_at; /* commit that its files and index are; NULL: unsure */
	bool check_reuse; /* say at the end whether the tree can serve again */
	struct steps steps;
	size_t
	    first_step; /* steps before it are done already (reduce, resume) */
	struct output_captures outputs; /* capture_outputs of setup */
	json_t *vars; /* vars_to_json() form */
	char *results_file; /* map.results; NULL: none */
	struct strv env; /* NAME=VALUE over the inherited environment */
	char *log_dir; /* exists; one log file per step that writes one */
	char *log_name; /* start of the log files' names */
	int64_t timeout_ms; /* of the whole chain; 0: none */
	int64_t grace_ms; /* between SIGTERM and SIGKILL */
	bool raw; /* interpolation: raw */
	struct strv keep; /* globs of ignored files that are kept */
	char *artifacts; /* folder for their copies, not made yet; or NULL */
	bool send_output; /* "out" frames wanted */
	struct claude_config claude;
	struct plan_request plan; /* PHASE_PLAN only */
};

/*
 * A new member of a struct of this module needs a row in its table in frame.c,
 * from which come what is sent, what is read, and the release.
 */
extern const struct record_table claude_config_table;
extern const struct record_table plan_request_table;
extern const struct record_table frame_spec_table;
extern const struct record_table frame_result_table;

/*
 * A spec of this phase with everything that the workflow says about it: steps,
 * outputs, limit of time, settings of the map. All of it is borrowed; such a
 * spec is not released.
 */
struct frame_spec frame_spec_of(
    const struct workflow *workflow, enum frame_phase phase);
/* One line without newline, appended. */
void frame_spec_encode(const struct frame_spec *spec, struct str *out);
bool frame_spec_decode(const char *line, size_t len, struct frame_spec *spec,
    struct error *err) MUST_USE;
void frame_spec_release(struct frame_spec *spec);
/*
 * RUN/ITEM/ATTEMPT: marks every process that this attempt starts. A run's is
 * like no other run's, whatever home that has.
 */
char *frame_token(const struct frame_spec *spec) MUST_USE;

enum frame_type {
	FRAME_HELLO, /* v, pid, host */
	FRAME_OUT, /* step, s ("stdout"/"stderr"), d (text) */
	FRAME_BEAT,
	/*
	 * step: its index in the spec, title: with its values,
	 * state: "start" | "skipped" | "done" (also with a failure that is
	 * tolerated) | "failed", rc, ms; and, as spent_describe() has it, what
	 * its claudes cost
	 */
	FRAME_STEP,
	/*
	 * A claude is about to be started: session, the id it will have, log,
	 * attempt. It is started when that is answered: recorded, that is.
	 */
	FRAME_CLAUDE,
	FRAME_SPENT, /* spent: by the attempt, as far as is known */
	FRAME_EVENT, /* type and members of a claude_* event */
	FRAME_NOTE, /* text: a warning for the user */
	FRAME_ASK, /* commit: which tree it has; frame_answer_encode() */
	FRAME_RESULT,
	FRAME_TYPES
};

struct frame_result {
	struct failure failure; /* CAUSE_NONE: it succeeded */
	size_t steps_done; /* of the chain */
	char *output; /* stdout of all steps, a newline after each; bounded */
	char *tip; /* HEAD at the end; NULL when unknown */
	char *uncommitted; /* porcelain lines of what is left, or NULL */
	struct kept_list salvage; /* what was left, and how it is kept */
	json_t *ignored; /* {files, bytes, names} of ignored files, or NULL */
	json_t *artifacts; /* {path, files, bytes, names} of copies, or NULL */
	bool reusable; /* the tree can serve another agent */
	bool needs_clean; /* ... after removing untracked and ignored files */
	bool is_tip; /* files and index are those of tip, and nothing else */
	/*
	 * Of the last claude that ran; without one, of the last step that wrote
	 * one, or NULL.
	 */
	char *log;
	struct strv logs; /* of all that ran, the last ones, in their order */
	json_t *captures; /* vars_to_json() form of what steps captured */
	json_t *steps; /* [{label, rc, ms, skipped, output}] */
	char *claude_session;
	struct spent spent; /* by all its claudes */
	int64_t duration_ms;
	size_t item_count; /* PHASE_PLAN */
	char *items_sha256; /* PHASE_PLAN */
	struct items_counts counts; /* PHASE_PLAN */
};

/*
 * The log of a step: "LOG_DIR/LOG_NAME-N-KIND.SUFFIX" for the Nth command of
 * the agent, from 1. Allocated.
 */
char *frame_log_path(const struct frame_spec *spec, unsigned n,
    const char *kind, const char *suffix) MUST_USE;

/*
 * Lines with newline, appended: {"f":"out","step":0,"s":"stdout","d":"..."}
 * and so on, members named as above. An event's members (borrowed) stand in a
 * member of their own: {"f":"event","type":"claude_message","members":{...}}.
 */
void frame_hello_encode(const char *host, int64_t pid, struct str *out);
void frame_out_encode(size_t step, bool is_stderr, const void *bytes,
    size_t len, struct str *out);
void frame_beat_encode(struct str *out);
void frame_step_encode(size_t step, const char *title, const char *state,
    int rc, int64_t ms, const struct spent *spent, struct str *out);
void frame_claude_encode(
    const char *session, const char *log, unsigned attempt, struct str *out);
void frame_spent_encode(const struct spent *spent, struct str *out);
void frame_event_encode(const char *type, json_t *members, struct str *out);
void frame_note_encode(const char *text, struct str *out);
void frame_ask_encode(const char *commit, struct str *out);
void frame_result_encode(const struct frame_result *result, struct str *out);

/*
 * The answer to FRAME_ASK or FRAME_CLAUDE, a line on the agent's standard input
 * behind the spec: {"tree":"..."}, without the member when there is no tree, or
 * none is known. Decoding
 * gives the tree, or NULL; it is allocated.
 */
void frame_answer_encode(const char *tree, struct str *out);
char *frame_answer_decode(const char *line, size_t len) MUST_USE;

/*
 * What a frame line says: its type and the whole object (new reference), for
 * the members named above. Frames with an unknown type are ERROR_INPUT.
 */
bool frame_decode(const char *line, size_t len, enum frame_type *type,
    json_t **object, struct error *err) MUST_USE;
/*
 * The step that a FRAME_STEP is about, out of the steps that the spec had:
 * whatever is shown of a step is known without being sent. NULL when there is
 * none of that index.
 */
const struct step *frame_step_of(
    const json_t *frame, const struct steps *steps);
bool frame_result_decode(const json_t *object, struct frame_result *result,
    struct error *err) MUST_USE;
void frame_result_release(struct frame_result *result);

#endif
