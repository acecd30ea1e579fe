/* SPDX-License-Identifier: MIT */
/* What the parts of the frame protocol share; not for others. */
#ifndef PLAN_FRAME_PARTS_H
#define PLAN_FRAME_PARTS_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "plan/frame.h"

/* An object that says its type. */
json_t *frame_new(enum frame_type type) MUST_USE;
/* Appends the object in one line, without and with newline; takes it. */
void frame_dump(json_t *object, struct str *out);
void frame_end(json_t *object, struct str *out);
/* The object that a line holds, or NULL. */
json_t *frame_parse(const char *line, size_t len, struct error *err) MUST_USE;

#endif
