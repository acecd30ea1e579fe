/* SPDX-License-Identifier: MIT */
/* What an agent process says on its way. */
#include "config.h"

#include "base/log.h"
#include "data/json.h"
#include "run/frames.h"

static void
pass_event(struct supervisor *sup, const struct frames_source *source,
    const json_t *frame)
{
	json_t *members = json_object();
	json_object_update(members, json_mutable(json_get(frame, "members")));
	json_set_text(members, "agent_id", source->agent);
	if (source->item != NULL)
		json_set_text(members, "item_id", source->item);
	recorder_event(&sup->recorder, json_get_text(frame, "type"), members);
}

void
frames_pass_on(struct supervisor *sup, const struct frames_source *source,
    enum frame_type type, const json_t *frame)
{
	const char *label = source->label;
	switch (type) {
	case FRAME_OUT:
		progress_output(
		    sup->progress, label, json_get_text(frame, "d"));
		break;
	case FRAME_NOTE:
		log_warn("%s%s%s", label == NULL ? "" : label,
		    label == NULL ? "" : ": ", json_get_text(frame, "text"));
		break;
	case FRAME_EVENT:
		pass_event(sup, source, frame);
		break;
	case FRAME_HELLO:
	case FRAME_BEAT:
	case FRAME_STEP:
	case FRAME_RESULT:
	case FRAME_TYPES:
		break;
	}
}
