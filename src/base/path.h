/* SPDX-License-Identifier: MIT */
/*
 * Paths as text. Nothing here touches the file system except where said.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

/* An absolute name wins, and so does any name over an empty dir. */
char *path_join(const char *dir, const char *name) MUST_USE;
char *path_parent(const char *path) MUST_USE;
const char *path_name(const char *path); /* after the last slash, borrowed */
/* A leading "~" or "~/" replaced by $HOME. */
char *path_expand_home(const char *path) MUST_USE;
/* realpath(3); NULL on failure. */
char *path_real(const char *path, struct error *err) MUST_USE;
/* The current directory joined in front of a relative path; reads cwd. */
char *path_absolute(const char *path, struct error *err) MUST_USE;
/* Relative, no empty, "." or ".." component: stays below where it is put. */
bool path_is_beneath(const char *path);
/* 1..255 bytes of [A-Za-z0-9._-], not starting with '.' or '-'. */
bool path_is_safe_name(const char *name);
/*
 * A name fit to be one path component: a safe name as it is, anything else
 * percent-encoded ('%' too, so different names stay different); over 200 bytes
 * cut and ended by '~' and 16 hex digits of the name's SHA-256.
 */
char *path_encode_name(const char *name) MUST_USE;
bool path_exists(const char *path);
bool path_is_dir(const char *path);
/*
 * Adds the names in a folder that do not begin with a dot to names, in no
 * order. A folder that is missing has none.
 */
bool path_list(const char *dir, struct strv *names, struct error *err) MUST_USE;
/* mkdir -p with mode 0700. */
bool path_make_dirs(const char *path, struct error *err) MUST_USE;

#endif
