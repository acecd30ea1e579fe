/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a workflow file: it loads or there are findings; one that
 * loads survives its JSON form.
 */
#include "config.h"

#include <stdlib.h>

#include "data/json.h"
#include "workflow/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_commands(const struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		if (steps->items[i].kind != STEP_WRITE_FILE &&
		    steps->items[i].command == NULL)
			abort();
	}
}

static void
check_workflow(const struct workflow *workflow)
{
	struct workflow back;
	autoerror struct error err = { 0 };
	autojson json_t *json = record_to_json(&workflow_table, workflow);
	if (!record_from_json(&workflow_table, json, &back, &err))
		abort();
	autojson json_t *again = record_to_json(&workflow_table, &back);
	if (!json_equal(json, again))
		abort();
	workflow_release(&back);
	check_commands(&workflow->commands);
	check_commands(&workflow->setup.steps);
	check_commands(&workflow->map.agent_template);
	check_commands(&workflow->reduce.steps);
	check_commands(&workflow->merge.steps);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct workflow workflow;
	struct workflow_findings findings = { 0 };
	if (workflow_load_text("f.yml", bytes, len, &workflow, &findings)) {
		check_workflow(&workflow);
		if (findings.errors.n > 0)
			abort();
	} else if (findings.errors.n == 0)
		abort();
	workflow_release(&workflow);
	workflow_findings_release(&findings);
	return 0;
}
