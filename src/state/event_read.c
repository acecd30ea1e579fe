/* SPDX-License-Identifier: MIT */
/* Reading the event files of a job in time order. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "state/event_read.h"

/* A file being read, with the event that stands first in it. */
struct event_source {
	FILE *file;
	char *line;
	size_t cap;
	json_t *next; /* NULL: at its end */
};

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
event_files(const char *dir, struct strv *paths, struct error *err)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	if (d == NULL && errno == ENOENT)
		return true;
	if (d == NULL)
		return error_system(err, "reading %s", dir);
	while ((entry = readdir(d)) != NULL)
		if (text_starts_with(entry->d_name, "events-") &&
		    strstr(entry->d_name, ".jsonl") != NULL)
			strv_give(paths, path_join(dir, entry->d_name));
	closedir(d);
	if (paths->n > 0)
		qsort(paths->items, paths->n, sizeof(*paths->items),
		    compare_texts);
	return true;
}

static bool
is_event(const json_t *json)
{
	return json_get_text(json, "timestamp") != NULL &&
	    json_get_text(json_get(json, "event"), "event_type") != NULL;
}

/* Moves on to the next whole event; a line without newline is being written. */
static void
advance(struct event_source *source, size_t *malformed)
{
	ssize_t n;
	json_decref(source->next);
	source->next = NULL;
	while ((n = getline(&source->line, &source->cap, source->file)) > 0) {
		autoerror struct error ignored = { 0 };
		if (source->line[n - 1] != '\n')
			return;
		if (n == 1)
			continue;
		source->next = json_load_record(
		    source->line, (size_t)n - 1, "event", &ignored);
		if (is_event(source->next))
			return;
		json_decref(source->next);
		source->next = NULL;
		(*malformed)++;
	}
}

static struct event_source *
earliest(struct event_source *sources, size_t n)
{
	struct event_source *first = NULL;
	for (size_t i = 0; i < n; i++) {
		struct event_source *s = &sources[i];
		if (s->next != NULL &&
		    (first == NULL ||
			strcmp(json_get_text(s->next, "timestamp"),
			    json_get_text(first->next, "timestamp")) < 0))
			first = s;
	}
	return first;
}

/* A file may have been removed since it was listed. */
static bool
open_sources(const struct strv *paths, struct event_source *sources, size_t *n,
    size_t *malformed, struct error *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		sources[*n].file = fopen(paths->items[i], "re");
		if (sources[*n].file != NULL)
			advance(&sources[(*n)++], malformed);
		else if (errno != ENOENT)
			return error_system(err, "reading %s", paths->items[i]);
	}
	return true;
}

bool
event_read(const char *dir, event_read_fn *fn, void *arg, size_t *malformed,
    struct error *err)
{
	autostrv struct strv paths = { 0 };
	*malformed = 0;
	if (!event_files(dir, &paths, err))
		return false;
	struct event_source *sources = mem_array(paths.n, sizeof(*sources));
	size_t n = 0;
	bool ok = open_sources(&paths, sources, &n, malformed, err);
	struct event_source *source;
	while (ok && (source = earliest(sources, n)) != NULL &&
	    fn(source->next, arg))
		advance(source, malformed);
	for (size_t i = 0; i < n; i++) {
		fclose(sources[i].file);
		json_decref(sources[i].next);
		free(sources[i].line);
	}
	free(sources);
	return ok;
}
