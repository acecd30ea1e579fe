#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent_harness.h"
#include "base/mem.h"
int main(int argc, char **argv) {
	struct harness h; harness_open(&h, PHASE_MAP);
	for (int i = 1; i < argc; i++) {
		struct step *s = argv[i][0] == '!' ? harness_shell(&h, argv[i]+1) : harness_claude(&h, argv[i]);
		if (getenv("STEP_TIMEOUT")) s->timeout_ms = atoi(getenv("STEP_TIMEOUT"));
	}
	harness_run(&h);
	printf("ok=%d cause=%s code=%d ms=%lld cost=%g session=%s\nmessage=%s\noutput=%s\nevents=%s\nnotes=%s log=%s\nsurvivors=%u\n", h.result.ok, frame_cause_name(h.result.cause), h.result.exit_code, (long long)h.ms, h.result.cost_usd, h.result.claude_session, h.result.message, h.result.output, str_text(&h.events), str_text(&h.notes), h.result.log, harness_survivors(&h));
	char *u = h.result.usage ? json_dumps(h.result.usage, 0) : NULL; printf("usage=%s tip=%s unc=%s\n", u, h.result.tip, h.result.uncommitted);
	harness_close(&h); return 0; }
