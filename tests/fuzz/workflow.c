/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a workflow file: it loads or there are findings; the steps of
 * one that loads survive their JSON form.
 */
#include "config.h"

#include <stdlib.h>

#include "data/json.h"
#include "workflow/workflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_steps(const struct steps *steps)
{
	struct steps back = { 0 };
	autoerror struct error err = { 0 };
	autojson json_t *json = steps_to_json(steps);
	if (!steps_from_json(json, &back, &err))
		abort();
	autojson json_t *again = steps_to_json(&back);
	if (!json_equal(json, again))
		abort();
	steps_release(&back);
	for (size_t i = 0; i < steps->n; i++) {
		if (steps->items[i].kind != STEP_WRITE_FILE &&
		    steps->items[i].command == NULL)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct workflow workflow;
	struct workflow_findings findings = { 0 };
	if (workflow_load_text("f.yml", bytes, len, &workflow, &findings)) {
		check_steps(&workflow.commands);
		check_steps(&workflow.setup.steps);
		check_steps(&workflow.map.agent_template);
		check_steps(&workflow.reduce.steps);
		check_steps(&workflow.merge.steps);
		if (findings.errors.n > 0)
			abort();
	} else if (findings.errors.n == 0)
		abort();
	workflow_release(&workflow);
	workflow_findings_release(&findings);
	return 0;
}
