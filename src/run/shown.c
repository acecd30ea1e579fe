/* SPDX-License-Identifier: MIT */
/* What steps print, shown to the user. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "run/shown.h"

void
shown_frame(struct progress *progress, const char *who, const json_t *frame)
{
	const char *text = json_get_text(frame, "d");
	if (text == NULL)
		return;
	autofree char *copy = mem_text(text);
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0' || rest != NULL)
			progress_say(progress, "  %s%s%s",
			    who == NULL ? "" : who, who == NULL ? "" : ": ",
			    line);
}
