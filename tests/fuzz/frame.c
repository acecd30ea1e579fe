/* SPDX-License-Identifier: MIT */
/* Any line as a spec and as a frame: it is read or refused. */
#include "config.h"

#include <stdint.h>

#include "data/json.h"
#include "plan/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
try_frame(const char *line, size_t len)
{
	autoerror struct error err = { 0 };
	autojson json_t *object = NULL;
	enum frame_type type;
	struct frame_result result = { 0 };
	if (!frame_decode(line, len, &type, &object, &err) ||
	    type != FRAME_RESULT)
		return;
	if (frame_result_decode(object, &result, &err))
		frame_result_release(&result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	autoerror struct error err = { 0 };
	struct frame_spec spec = { 0 };
	if (frame_spec_decode((const char *)bytes, len, &spec, &err))
		frame_spec_release(&spec);
	try_frame((const char *)bytes, len);
	return 0;
}
