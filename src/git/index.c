/* SPDX-License-Identifier: MIT */
/* A look at git's index file. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "git/index.h"

#define HEADER 12
#define STAT_FIELDS 40 /* ten 32-bit numbers before the object id */
#define FLAG_ASSUME_VALID 0x8000
#define FLAG_EXTENDED 0x4000
#define NAME_MASK 0x0fff
#define EXTENDED_SKIP_WORKTREE 0x4000
#define MODE_OFFSET 24
#define MODE_GITLINK 0160000

struct index_scan {
	const uint8_t *at;
	const uint8_t *end;
	unsigned version;
	size_t oid_bytes;
};

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The name of a version 4 entry: a number of bytes to drop, then text. */
static bool
skip_compressed_name(struct index_scan *scan)
{
	while (scan->at < scan->end && (*scan->at & 0x80) != 0)
		scan->at++;
	if (scan->at >= scan->end)
		return false;
	scan->at++;
	const uint8_t *nul =
	    memchr(scan->at, 0, (size_t)(scan->end - scan->at));
	if (nul == NULL)
		return false;
	scan->at = nul + 1;
	return true;
}

/* Names of versions 2 and 3 end in 1 to 8 NULs, to a multiple of eight. */
static bool
skip_padded_name(struct index_scan *scan, const uint8_t *entry)
{
	const uint8_t *nul =
	    memchr(scan->at, 0, (size_t)(scan->end - scan->at));
	if (nul == NULL)
		return false;
	size_t len = (size_t)(nul - entry);
	size_t padded = (len + 8) & ~(size_t)7;
	if (padded > (size_t)(scan->end - entry))
		return false;
	scan->at = entry + padded;
	return true;
}

static bool
scan_entry(struct index_scan *scan)
{
	const uint8_t *entry = scan->at;
	size_t fixed = STAT_FIELDS + scan->oid_bytes + 2;
	if ((size_t)(scan->end - entry) < fixed + 2)
		return false;
	unsigned flags = get16(entry + STAT_FIELDS + scan->oid_bytes);
	if ((flags & FLAG_ASSUME_VALID) != 0 ||
	    (get32(entry + MODE_OFFSET) & 0170000) == MODE_GITLINK)
		return false;
	scan->at = entry + fixed;
	if ((flags & FLAG_EXTENDED) != 0) {
		if (scan->version < 3 ||
		    (get16(scan->at) & EXTENDED_SKIP_WORKTREE) != 0)
			return false;
		scan->at += 2;
	}
	return scan->version == 4 ? skip_compressed_name(scan)
				  : skip_padded_name(scan, entry);
}

/*
 * Extensions up to the checksum; one whose name does not begin with a
 * capital ("link", "sdir") changes the meaning of what came before.
 */
static bool
scan_extensions(struct index_scan *scan)
{
	while ((size_t)(scan->end - scan->at) >= scan->oid_bytes + 8) {
		if (scan->at[0] < 'A' || scan->at[0] > 'Z')
			return false;
		size_t size = get32(scan->at + 4);
		scan->at += 8;
		if (size > (size_t)(scan->end - scan->at))
			return false;
		scan->at += size;
	}
	return (size_t)(scan->end - scan->at) == scan->oid_bytes;
}

bool
index_is_plain(const void *bytes, size_t len, size_t oid_bytes)
{
	const uint8_t *at = bytes;
	if (len < HEADER + oid_bytes || memcmp(at, "DIRC", 4) != 0)
		return false;
	struct index_scan scan = {
		.at = at + HEADER,
		.end = at + len,
		.version = get32(at + 4),
		.oid_bytes = oid_bytes,
	};
	if (scan.version < 2 || scan.version > 4)
		return false;
	for (uint32_t n = get32(at + 8); n > 0; n--)
		if (!scan_entry(&scan))
			return false;
	return scan_extensions(&scan);
}
