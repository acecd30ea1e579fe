/* SPDX-License-Identifier: MIT */
/* An agent from its spec to its result. */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/agent_main.h"
#include "agent/chain.h"
#include "agent/chain_run.h"
#include "agent/keeper.h"
#include "agent/planner.h"
#include "agent/prepare.h"
#include "agent/remains.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "git/git.h"

#define HOST_SIZE 256

static void
send_hello(struct keeper *keeper)
{
	autostr struct str frame = { 0 };
	char host[HOST_SIZE] = "";
	if (gethostname(host, sizeof(host) - 1) == -1)
		host[0] = '\0';
	frame_hello_encode(host, (int64_t)getpid(), &frame);
	keeper_send(keeper, &frame);
}

static void
send_result(struct keeper *keeper, const struct frame_result *result)
{
	autostr struct str frame = { 0 };
	frame_result_encode(result, &frame);
	keeper_send(keeper, &frame);
	keeper_flush(keeper);
}

/* What is logged here travels as a note: nobody sees our standard error. */
static void
warning_came(const char *text, void *arg)
{
	struct keeper *keeper = arg;
	autostr struct str frame = { 0 };
	frame_note_encode(text, &frame);
	keeper_send(keeper, &frame);
}

/* A text that the supervisor left out is an empty one. */
static void
fill_in(char **text)
{
	if (*text == NULL)
		*text = mem_text("");
}

static void
fill_in_spec(struct frame_spec *spec)
{
	fill_in(&spec->job);
	fill_in(&spec->session);
	fill_in(&spec->workflow);
	fill_in(&spec->agent);
	fill_in(&spec->item);
	if (spec->log_dir == NULL)
		spec->log_dir = mem_text("/tmp");
	if (spec->log_name == NULL)
		spec->log_name = mem_text("step");
}

static void
work(struct keeper *keeper, const struct frame_spec *spec,
    struct frame_result *result)
{
	struct chain chain = { 0 };
	struct error err = { 0 };
	if (!prepare_tree(keeper, spec, &err)) {
		failure_take_error(&result->failure, CAUSE_WORKTREE, &err);
		return;
	}
	struct remains *remains = remains_begin(keeper, spec);
	if (!chain_open(&chain, keeper, spec, &err))
		failure_take_error(&result->failure, CAUSE_INPUT, &err);
	else if (spec->phase == PHASE_PLAN)
		planner_run(&chain, result);
	else
		chain_run(&chain, result);
	chain_close(&chain);
	keeper_finish(keeper);
	/* However long it takes, the supervisor hears of us. */
	git_wait_in(keeper->loop);
	remains_keep(remains, result);
	git_wait_in(NULL);
}

static void
run_spec(struct keeper *keeper)
{
	struct frame_spec spec = { 0 };
	struct frame_result result = { 0 };
	struct error err = { 0 };
	int64_t start = clock_now();
	if (!frame_spec_decode(
		str_text(&keeper->spec), keeper->spec.len, &spec, &err)) {
		failure_take_error(&result.failure, CAUSE_INPUT, &err);
	} else {
		str_release(&keeper->spec);
		fill_in_spec(&spec);
		keeper->grace_ms = spec.grace_ms;
		keeper->tree = spec.directory;
		keeper_set_limit(keeper, spec.timeout_ms);
		work(keeper, &spec, &result);
	}
	result.duration_ms = clock_now() - start;
	send_result(keeper, &result);
	keeper->tree = NULL;
	frame_result_release(&result);
	frame_spec_release(&spec);
}

int
agent_main(void)
{
	struct keeper keeper = { 0 };
	autoerror struct error err = { 0 };
	if (!keeper_open(&keeper, &err)) {
		log_error("agent-run: %s", error_text(&err));
		return error_exit_code(err.kind);
	}
	log_set_sink(warning_came, &keeper);
	send_hello(&keeper);
	keeper_read_spec(&keeper);
	run_spec(&keeper);
	log_set_sink(NULL, NULL);
	keeper_close(&keeper);
	return 0;
}
