/* SPDX-License-Identifier: MIT */
/*
 * What an agent process says on its way (plan/frame), passed on to people and
 * to the event log.
 */
#ifndef RUN_FRAMES_H
#define RUN_FRAMES_H

#include <jansson.h>

#include "plan/frame.h"
#include "run/supervisor.h"

/* Who speaks. */
struct frames_source {
	const char *agent; /* agent id in events: "JOB_agent_7", "setup" */
	const char *item; /* item id in events; NULL: none */
	const char *label; /* before lines that people see; NULL: none */
};

/*
 * Output goes to the progress display, notes become warnings, events go to the
 * log. Frames of other types are for the caller and are passed over here.
 */
void frames_pass_on(struct supervisor *sup, const struct frames_source *source,
    enum frame_type type, const json_t *frame);

#endif
