/* SPDX-License-Identifier: MIT */
/* What commands print on standard output. */
#include "config.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/color.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/output.h"
#include "data/json.h"

#define LINE_LIMIT 65536 /* bytes of a file's line at a terminal */

static bool only_ascii;
static int write_error; /* errno of the first write that failed */

void
output_setup(bool ascii)
{
	setlocale(LC_CTYPE, "");
	only_ascii = ascii || strcasecmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

bool
output_ascii(void)
{
	return only_ascii;
}

static void
put(const struct str *text)
{
	errno = 0;
	if (text->len > 0 &&
	    fwrite(text->data, 1, text->len, stdout) < text->len &&
	    write_error == 0)
		write_error = errno;
}

void
output_line(const char *fmt, ...)
{
	autostr struct str line = { 0 };
	autostr struct str shown = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&line, fmt, args);
	va_end(args);
	text_visible(&shown, str_text(&line), line.len, false);
	str_add_char(&shown, '\n');
	put(&shown);
}

static bool
copy_bytes(int fd, const char *path, struct error *err)
{
	char buffer[65536];
	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_system(err, "reading %s", path);
		if (n == 0)
			return true;
		struct str piece = { .data = buffer, .len = (size_t)n };
		put(&piece);
	}
}

bool
output_file(const char *path, struct error *err)
{
	autostr struct str line = { 0 };
	int fd = file_open_regular(path, err);
	if (fd < 0)
		return false;
	if (!isatty(STDOUT_FILENO)) {
		bool ok = copy_bytes(fd, path, err);
		close(fd);
		return ok;
	}
	FILE *file = fdopen(fd, "r");
	if (file == NULL) {
		close(fd);
		return error_system(err, "reading %s", path);
	}
	while (file_read_line(file, LINE_LIMIT, &line) > 0) {
		str_cut(&line, strcspn(str_text(&line), "\n"));
		output_line("%s", str_text(&line));
	}
	fclose(file);
	return true;
}

static void
put_json(const struct str *text)
{
	autostr struct str shown = { 0 };
	text_visible_json(&shown, str_text(text), text->len);
	str_add_char(&shown, '\n');
	put(&shown);
}

void
output_json_line(const json_t *json)
{
	autostr struct str text = { 0 };
	json_compact(json, &text, true);
	put_json(&text);
}

void
output_json(const json_t *json)
{
	autostr struct str text = { 0 };
	json_pretty(json, &text);
	put_json(&text);
}

void
output_table_add(struct output_table *table, const char *cell)
{
	autostr struct str shown = { 0 };
	text_visible(&shown, cell, strlen(cell), true);
	strv_give(&table->cells, str_take(&shown));
}

static size_t
terminal_columns(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

static size_t
column_width(const struct output_table *table, size_t column)
{
	size_t widest = 0;
	for (size_t i = column; i < table->cells.n; i += table->columns) {
		size_t width = text_width(table->cells.items[i]);
		if (width > widest)
			widest = width;
	}
	return widest;
}

static void
print_row(const struct output_table *table, size_t first, const size_t *widths,
    size_t limit)
{
	autostr struct str line = { 0 };
	autostr struct str shown = { 0 };
	size_t used = 0;
	for (size_t c = 0; c < table->columns; c++) {
		const char *cell = table->cells.items[first + c];
		if (c + 1 == table->columns) {
			if (limit == 0)
				str_add(&line, cell);
			else if (limit > used)
				text_fit(&line, cell, limit - used, only_ascii);
			break;
		}
		str_format(&line, "%s%*s", cell,
		    (int)(widths[c] - text_width(cell) + 2), "");
		used += widths[c] + 2;
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		str_cut(&line, line.len - 1);
	color_add(&shown, STDOUT_FILENO, first == 0 ? COLOR_HEAD : COLOR_PLAIN,
	    str_text(&line));
	str_add_char(&shown, '\n');
	put(&shown);
}

void
output_table_print(struct output_table *table)
{
	size_t *widths = mem_array(table->columns, sizeof(*widths));
	size_t limit = terminal_columns();
	for (size_t c = 0; c < table->columns; c++)
		widths[c] = column_width(table, c);
	for (size_t i = 0; i < table->cells.n; i += table->columns)
		print_row(table, i, widths, limit);
	free(widths);
	strv_release(&table->cells);
}

bool
output_can_ask(void)
{
	const char *automation = getenv("PRODIGY_AUTOMATION");
	if (automation != NULL && strcmp(automation, "true") == 0)
		return false;
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool
output_confirm(const char *question, bool default_yes)
{
	char answer[64];
	if (!output_can_ask())
		return false;
	fprintf(stderr, "%s %s ", question, default_yes ? "[Y/n]" : "[y/N]");
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	if (answer[0] == '\n')
		return default_yes;
	return answer[0] == 'y' || answer[0] == 'Y';
}

bool
output_finish(void)
{
	if (fflush(stdout) != 0 && write_error == 0)
		write_error = errno;
	if (write_error == 0 || write_error == EPIPE)
		return true;
	log_error("writing standard output: %s", strerror(write_error));
	return false;
}
