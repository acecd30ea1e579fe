/* SPDX-License-Identifier: MIT */
/* Identifiers from the system's random source. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/id.h"

char *
id_uuid(char out[ID_UUID_SIZE])
{
	uint8_t b[16];
	arc4random_buf(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
	snprintf(out, ID_UUID_SIZE,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
	return out;
}

char *
id_hex(char *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++)
		out[i] = digits[arc4random_uniform(16)];
	out[len] = '\0';
	return out;
}
