/* SPDX-License-Identifier: MIT */
/* CRC-32C by table and SHA-256 by libmd. */
#include "config.h"

#include <sha2.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/mem.h"

#define CASTAGNOLI 0x82f63b78u /* reflected polynomial */

static uint32_t table[256];
static bool table_made;

static void
make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? CASTAGNOLI : 0);
		table[i] = crc;
	}
	table_made = true;
}

uint32_t
digest_crc32c(uint32_t crc, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	if (!table_made)
		make_table();
	crc = ~crc;
	while (len-- > 0)
		crc = (crc >> 8) ^ table[(crc ^ *at++) & 0xff];
	return ~crc;
}

void
digest_sha256_begin(struct digest_sha256_state *state)
{
	state->context = mem_zalloc(sizeof(SHA2_CTX));
	SHA256Init(state->context);
}

void
digest_sha256_add(
    struct digest_sha256_state *state, const void *bytes, size_t len)
{
	SHA256Update(state->context, bytes, len);
}

char *
digest_sha256_end(
    struct digest_sha256_state *state, char out[DIGEST_SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[SHA256_DIGEST_LENGTH];
	SHA256Final(sum, state->context);
	free(state->context);
	state->context = NULL;
	for (size_t i = 0; i < sizeof(sum); i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[2 * sizeof(sum)] = '\0';
	return out;
}

char *
digest_sha256(const void *bytes, size_t len, char out[DIGEST_SHA256_HEX])
{
	struct digest_sha256_state state;
	digest_sha256_begin(&state);
	digest_sha256_add(&state, bytes, len);
	return digest_sha256_end(&state, out);
}
