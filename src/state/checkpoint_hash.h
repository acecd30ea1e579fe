/* SPDX-License-Identifier: MIT */
/* The integrity hash of snapshots; for the checkpoint modules alone. */
#ifndef STATE_CHECKPOINT_HASH_H
#define STATE_CHECKPOINT_HASH_H

#include <jansson.h>
#include <stdbool.h>

#include "base/str.h"

/*
 * metadata.integrity_hash is "sha256:" and the digest of the whole document,
 * compact with sorted members, with that member empty.
 */
/* Sets it and appends the document as text. */
void checkpoint_seal(json_t *document, struct str *text);
bool checkpoint_is_sealed(json_t *document);

#endif
