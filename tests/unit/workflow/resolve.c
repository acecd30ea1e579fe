/* SPDX-License-Identifier: MIT */
/* Fields of a workflow that are given by variables. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "workflow/load.h"
#include "workflow/value.h"

static const char text[] = "env: {MAX: 3, SLOW: 2m}\n"
			   "setup: {timeout: $SLOW, commands: []}\n"
			   "map:\n"
			   "  input: a\n"
			   "  max_parallel: ${MAX}\n"
			   "  agent_timeout_secs: $LIMIT\n"
			   "  agent_template:\n"
			   "    - shell: b\n"
			   "      timeout: $SLOW\n"
			   "      on_failure:\n"
			   "        timeout: $LIMIT\n"
			   "        commands: [{shell: c, timeout: $LIMIT}]\n";

static bool
load(struct workflow *workflow)
{
	struct workflow_findings findings = { 0 };
	const bool ok = workflow_load_text(
	    "w.yml", text, strlen(text), workflow, &findings);
	for (size_t i = 0; i < findings.errors.n; i++)
		tap_note("%s", error_text(&findings.errors.items[i]));
	workflow_findings_release(&findings);
	return tap_ok(ok, "a workflow with variables loads");
}

static void
test_resolved(void)
{
	struct workflow w;
	autostrv struct strv environment = { 0 };
	autoerror struct error err = { 0 };
	strv_add(&environment, "MAX=100");
	strv_add(&environment, "LIMIT=30");
	if (!load(&w) ||
	    !tap_ok(workflow_resolve(&w, &environment, &err),
		"all its variables are resolved"))
		return;
	tap_is_int(w.map.max_parallel, 3,
	    "env of the file goes before the environment");
	tap_is_int(w.map.agent_timeout_ms, 30000,
	    "the environment has what the file has not");
	tap_is_int(
	    w.setup.timeout_ms, 120000, "the timeout of a phase is resolved");
	const struct step *step = &w.map.agent_template.items[0];
	tap_is_int(
	    step->timeout_ms, 120000, "the timeout of a step is resolved");
	tap_is_int(step->on_failure->timeout_ms, 30000,
	    "the timeout of a handler is resolved");
	tap_is_int(step->on_failure->commands.items[0].timeout_ms, 30000,
	    "the timeout of a step of a handler is resolved");
	tap_ok(w.map.max_parallel_variable == NULL &&
		w.map.agent_timeout_variable == NULL &&
		w.setup.timeout_variable == NULL &&
		step->timeout_variable == NULL &&
		step->on_failure->timeout_variable == NULL,
	    "no variable is left to be resolved");
	tap_ok(workflow_resolve(&w, &environment, &err),
	    "resolving once more does no harm");
	tap_ok(!workflow_uses_claude(&w),
	    "a workflow of shell steps does not use claude");
	workflow_release(&w);
}

static void
expect_failure(const char *max, const char *limit, const char *want)
{
	struct workflow w;
	autostrv struct strv environment = { 0 };
	autoerror struct error err = { 0 };
	if (!load(&w))
		return;
	strv_env_set(&w.env, "MAX", max);
	if (limit != NULL)
		strv_env_set(&environment, "LIMIT", limit);
	tap_ok(!workflow_resolve(&w, &environment, &err),
	    "MAX=%s and LIMIT=%s are refused", max,
	    limit == NULL ? "(none)" : limit);
	tap_is_text(
	    error_text(&err), want, "the refusal says which variable and why");
	workflow_release(&w);
}

static void
test_variables(void)
{
	static const char *const cases[][2] = {
		{ "$A", "A" },
		{ "${A_1}", "A_1" },
		{ "$1", NULL },
		{ "${1A}", NULL },
		{ "$", NULL },
		{ "${}", NULL },
		{ "${A", NULL },
		{ "$A}", NULL },
		{ "$A B", NULL },
		{ "A", NULL },
		{ "", NULL },
		{ "${A:-5}", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autofree char *name = value_variable(cases[i][0]);
		tap_is_text(name != NULL ? name : "none",
		    cases[i][1] != NULL ? cases[i][1] : "none",
		    "'%s' is a variable's name, or not", cases[i][0]);
	}
}

int
main(void)
{
	json_init();
	test_resolved();
	expect_failure("0", "30",
	    "w.yml: map.max_parallel: the variable $MAX: must be from 1 to "
	    "10000, not 0");
	expect_failure("many", "30",
	    "w.yml: map.max_parallel: the variable $MAX: expected a whole "
	    "number, not \"many\"");
	expect_failure("3", NULL,
	    "w.yml: map.agent_timeout_secs: the variable $LIMIT is not set");
	expect_failure("3", "0",
	    "w.yml: map.agent_timeout_secs: the variable $LIMIT: a timeout "
	    "must be more than 0, not \"0\"");
	test_variables();
	return tap_done();
}
