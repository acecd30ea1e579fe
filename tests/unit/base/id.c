/* SPDX-License-Identifier: MIT */
/* Tests of identifiers. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/id.h"

static bool
is_uuid(const char *text)
{
	for (size_t i = 0; i < ID_UUID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		const char *allowed = dash ? "-" : "0123456789abcdef";
		if (text[i] == '\0' || strchr(allowed, text[i]) == NULL)
			return false;
	}
	return text[ID_UUID_SIZE - 1] == '\0' && text[14] == '4' &&
	    strchr("89ab", text[19]) != NULL;
}

int
main(void)
{
	char a[ID_UUID_SIZE], b[ID_UUID_SIZE];
	bool formed = true;
	for (int i = 0; i < 1000; i++)
		formed = is_uuid(id_uuid(a)) && formed;
	tap_ok(formed, "a thousand version 4 UUIDs");
	tap_ok(strcmp(id_uuid(a), id_uuid(b)) != 0, "two of them differ");
	char hex[17];
	memset(hex, 'x', sizeof(hex));
	tap_ok(id_hex(hex, 16) == hex, "id_hex returns its buffer");
	tap_is_int((long long)strspn(hex, "0123456789abcdef"), 16,
	    "as many digits as asked for are made");
	tap_ok(hex[16] == '\0', "a NUL stands behind them");
	tap_is_text(id_hex(hex, 0), "", "no digits are the empty text");
	return tap_done();
}
