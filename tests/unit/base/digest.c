/* SPDX-License-Identifier: MIT */
/* Tests of checksums, with the vectors that their documents publish. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/digest.h"
#include "base/str.h"

/* RFC 3720, appendix B.4, and the check value of the CRC catalogues. */
static void
crc(void)
{
	uint8_t bytes[32];
	memset(bytes, 0, sizeof(bytes));
	tap_is_int(digest_crc32c(0, bytes, 32), 0x8a9136aa,
	    "the sum of 32 zero bytes is that of RFC 3720");
	memset(bytes, 0xff, sizeof(bytes));
	tap_is_int(digest_crc32c(0, bytes, 32), 0x62a8ab43,
	    "so is that of 32 bytes of ones");
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	tap_is_int(digest_crc32c(0, bytes, 32), 0x46dd794e,
	    "so is that of ascending bytes");
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(31 - i);
	tap_is_int(digest_crc32c(0, bytes, 32), 0x113fdb5c,
	    "so is that of descending bytes");
	tap_is_int(digest_crc32c(0, "123456789", 9), 0xe3069283,
	    "the sum of nine digits is the check value");
	tap_is_int(digest_crc32c(0, NULL, 0), 0, "the sum of nothing is 0");
	bool same = true;
	for (size_t cut = 0; cut <= 9; cut++) {
		uint32_t sum = digest_crc32c(0, "123456789", cut);
		sum = digest_crc32c(sum, &"123456789"[cut], 9 - cut);
		same = same && sum == 0xe3069283;
	}
	tap_ok(same, "a sum is the same in two pieces, cut anywhere");
}

static void
sha(void)
{
	char hex[DIGEST_SHA256_HEX];
	tap_is_text(digest_sha256("abc", 3, hex),
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad",
	    "the SHA-256 of abc is that of FIPS 180-4");
	tap_is_text(digest_sha256("", 0, hex),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855",
	    "the SHA-256 of nothing is right");
	struct digest_sha256_state state;
	digest_sha256_begin(&state);
	for (int i = 0; i < 1000000; i++)
		digest_sha256_add(&state, "a", 1);
	tap_is_text(digest_sha256_end(&state, hex),
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0",
	    "a million times a, byte by byte");
	tap_ok(state.context == NULL, "the state is released");
}

int
main(void)
{
	crc();
	sha();
	return tap_done();
}
