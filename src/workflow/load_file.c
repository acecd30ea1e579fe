/* SPDX-License-Identifier: MIT */
/* The command write_file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflow/load.h"

#define DEFAULT_MODE 0644u
#define MODE_LIMIT 0777u

static bool
climbs(const char *path)
{
	while (*path) {
		const size_t len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += len;
		path += strspn(path, "/");
	}
	return false;
}

static void
read_file_path(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "text");
	if (text == NULL)
		return;
	if (!*text)
		load_error(load, node, "the path is empty");
	else if (climbs(text))
		load_error(load, node, "a path with '..' is not allowed");
	else
		*(char **)target = mem_text(text);
}

static void
read_file_format(struct load *load, const struct yaml_node *node, void *target)
{
	static const char *const names[] = { "text", "json", "yaml", NULL };
	unsigned choice = 0;
	if (load_choice(load, node, names, &choice))
		*(enum write_format *)target = (enum write_format)choice;
}

static void
read_file_mode(struct load *load, const struct yaml_node *node, void *target)
{
	const char *text = load_scalar(load, node, "text");
	unsigned long mode = 0;
	if (text == NULL)
		return;
	if (*text && text[strspn(text, "01234567")] == '\0')
		mode = strtoul(text, NULL, 8);
	else
		mode = MODE_LIMIT + 1;
	if (mode > MODE_LIMIT)
		load_expected(load, node, "permissions in octal up to 0777");
	else
		*(unsigned *)target = (unsigned)mode;
}

void
load_write_file(struct load *load, const struct yaml_node *node, void *target)
{
	static const struct load_field fields[] = {
		{ "path", read_file_path, offsetof(struct write_file, path) },
		{ "content", load_text, offsetof(struct write_file, content) },
		{ "format", read_file_format,
		    offsetof(struct write_file, format) },
		{ "mode", read_file_mode, offsetof(struct write_file, mode) },
		{ "create_dirs", load_bool,
		    offsetof(struct write_file, create_dirs) },
		{ NULL, NULL, 0 },
	};
	struct write_file *file = target;
	struct load_table table = { fields, file, 0 };
	file->mode = DEFAULT_MODE;
	if (!load_is_kind(
		load, node, YAML_KIND_MAP, "a map with path and content"))
		return;
	load_map(load, node, &table, 1);
	if (yaml_find(node, "path") == NULL)
		load_error(load, node, "'path' is missing");
	if (yaml_find(node, "content") == NULL)
		load_error(load, node, "'content' is missing");
}
