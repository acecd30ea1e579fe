/* SPDX-License-Identifier: MIT */
/* Diagnostics on standard error, one write a line. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/color.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

#define CONTINUATION "    "

static enum log_level current = LOG_NORMAL;
static log_writer_fn *writer;
static void *writer_arg;
static void (*sink)(const char *, void *);
static void *sink_arg;

void
log_set_level(enum log_level level)
{
	current = level;
}

void
log_set_sink(void (*fn)(const char *text, void *arg), void *arg)
{
	sink = fn;
	sink_arg = arg;
}

void
log_set_writer(log_writer_fn *fn, void *arg)
{
	writer = fn;
	writer_arg = arg;
}

static void
write_now(const struct str *line)
{
	ssize_t n;
	/* Nobody is left to tell when standard error is gone. */
	do
		n = write(STDERR_FILENO, str_text(line), line->len);
	while (n < 0 && errno == EINTR);
}

static void
write_line(const struct str *line, bool is_detail)
{
	if (writer != NULL)
		writer(str_text(line), line->len, is_detail, writer_arg);
	else
		write_now(line);
}

/* Adds text made harmless, with what follows a newline set in. */
static void
add_lines(struct str *line, const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (;;) {
		const char *newline = memchr(text, '\n', len);
		size_t part = newline == NULL ? len : (size_t)(newline - text);
		text_visible(line, text, part, false);
		str_add_char(line, '\n');
		if (newline == NULL)
			return;
		str_add(line, CONTINUATION);
		text += part + 1;
		len -= part + 1;
	}
}

PRINTF_LIKE(4, 0)
static void
print_line(const char *prefix, enum color color, bool is_detail,
    const char *fmt, va_list args)
{
	autostr struct str text = { 0 };
	autostr struct str line = { 0 };
	int saved = errno;
	str_vformat(&text, fmt, args);
	color_add(&line, STDERR_FILENO, color, prefix);
	add_lines(&line, str_text(&text), text.len);
	write_line(&line, is_detail);
	errno = saved;
}

PRINTF_LIKE(3, 0)
static void
tell(const char *prefix, enum color color, const char *fmt, va_list args)
{
	if (sink == NULL) {
		print_line(prefix, color, false, fmt, args);
		return;
	}
	autostr struct str text = { 0 };
	str_vformat(&text, fmt, args);
	sink(str_text(&text), sink_arg);
}

void
log_error(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	print_line("prodigy: ", COLOR_BAD, false, fmt, args);
	va_end(args);
}

void
log_warn(const char *fmt, ...)
{
	if (current < LOG_NORMAL)
		return;
	va_list args;
	va_start(args, fmt);
	tell("prodigy: warning: ", COLOR_WARNING, fmt, args);
	va_end(args);
}

void
log_note(const char *fmt, ...)
{
	if (current < LOG_NORMAL)
		return;
	va_list args;
	va_start(args, fmt);
	tell("", COLOR_PLAIN, fmt, args);
	va_end(args);
}

void
log_info(const char *fmt, ...)
{
	if (current < LOG_VERBOSE)
		return;
	va_list args;
	va_start(args, fmt);
	print_line("", COLOR_PLAIN, true, fmt, args);
	va_end(args);
}

void
log_debug(const char *fmt, ...)
{
	if (current < LOG_DEBUG)
		return;
	va_list args;
	va_start(args, fmt);
	print_line("debug: ", COLOR_PLAIN, true, fmt, args);
	va_end(args);
}
