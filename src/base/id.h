/* SPDX-License-Identifier: MIT */
/* Identifiers from the system's random source. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stddef.h>

#define ID_UUID_SIZE 37

/* A version 4 UUID in lower case; returns out. */
char *id_uuid(char out[ID_UUID_SIZE]);
/* len lower-case hex digits and a NUL into out (len + 1 bytes). */
char *id_hex(char *out, size_t len);

#endif
