/* SPDX-License-Identifier: MIT */
/* Checksums: CRC-32C (RFC 3720, Castagnoli) and SHA-256 (FIPS 180-4, libmd). */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA256_HEX 65

/*
 * Carries crc over len more bytes; start with 0. The pieces of a text give the
 * sum of the whole.
 */
uint32_t digest_crc32c(uint32_t crc, const void *bytes, size_t len);
/* 64 lower-case hex digits; returns out. */
char *digest_sha256(const void *bytes, size_t len, char out[DIGEST_SHA256_HEX]);

/* Computes a digest of bytes that come in pieces. */
struct digest_sha256_state {
	void *context; /* owned */
};
void digest_sha256_begin(struct digest_sha256_state *state);
void digest_sha256_add(
    struct digest_sha256_state *state, const void *bytes, size_t len);
/* Ends and releases the state; returns out. */
char *digest_sha256_end(
    struct digest_sha256_state *state, char out[DIGEST_SHA256_HEX]);

#endif
