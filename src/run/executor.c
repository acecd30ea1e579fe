/* SPDX-License-Identifier: MIT */
/* What all executors share. */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "run/executor.h"

void
executor_release(struct executor *executor)
{
	free(executor->program);
	*executor = (struct executor){ 0 };
}

char *
executor_token(const struct frame_spec *spec)
{
	return mem_format("%s/%s/%u", spec->job, spec->item, spec->attempt);
}
