/* SPDX-License-Identifier: MIT */
/* From libyaml's events to a tree of nodes, within limits. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "data/yaml_parts.h"

#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	char *name;
	struct yaml_node *node; /* owned by the document */
};

struct composer {
	yaml_parser_t parser;
	struct yaml_doc *doc;
	struct anchor *anchors;
	size_t n_anchors;
	size_t cap_anchors;
	unsigned n_aliases;
	struct error *err;
};

static struct yaml_node *compose(
    struct composer *c, const yaml_event_t *event, unsigned depth);

static struct yaml_place
place_of(yaml_mark_t mark)
{
	const struct yaml_place place = { (unsigned)mark.line + 1,
		(unsigned)mark.column + 1 };
	return place;
}

static bool
next_event(struct composer *c, yaml_event_t *event)
{
	return yaml_parser_parse(&c->parser, event) == 1 ||
	    yaml_problem(c->doc, &c->parser, c->err);
}

static bool
fail_at(const struct composer *c, struct yaml_place place, const char *what)
{
	return yaml_error(c->doc, place, c->err, ERROR_INPUT, "%s", what);
}

static struct yaml_node *
new_node(struct composer *c, enum yaml_kind kind, struct yaml_place place)
{
	struct yaml_doc *doc = c->doc;
	if (doc->n_nodes >= YAML_NODES_LIMIT) {
		yaml_error(doc, place, c->err, ERROR_INPUT,
		    "more than %d values in one file", YAML_NODES_LIMIT);
		return NULL;
	}
	struct yaml_node *node = mem_zalloc(sizeof(*node));
	node->kind = kind;
	node->place = place;
	node->visits = 1;
	node->height = kind == YAML_KIND_SCALAR ? 0 : 1;
	doc->nodes = mem_grow(doc->nodes, &doc->cap_nodes, doc->n_nodes + 1,
	    sizeof(struct yaml_node *));
	doc->nodes[doc->n_nodes++] = node;
	return node;
}

/* Counts a child in, as if every alias were written out. */
static bool
account(struct composer *c, struct yaml_node *parent,
    const struct yaml_node *child, struct yaml_place place)
{
	parent->visits += child->visits;
	if (parent->visits > YAML_VISITS_LIMIT)
		return yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "more than %d values once aliases are expanded",
		    YAML_VISITS_LIMIT);
	if (parent->height < child->height + 1)
		parent->height = child->height + 1;
	return true;
}

static bool
add_anchor(struct composer *c, const yaml_char_t *name, struct yaml_node *node)
{
	if (name == NULL)
		return true;
	if (c->n_anchors >= YAML_ANCHORS_LIMIT)
		return yaml_error(c->doc, node->place, c->err, ERROR_INPUT,
		    "more than %d anchors", YAML_ANCHORS_LIMIT);
	c->anchors = mem_grow(
	    c->anchors, &c->cap_anchors, c->n_anchors + 1, sizeof(*c->anchors));
	c->anchors[c->n_anchors].name = mem_text((const char *)name);
	c->anchors[c->n_anchors++].node = node;
	return true;
}

static struct yaml_node *
resolve_alias(struct composer *c, const yaml_event_t *event, unsigned depth)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct yaml_place place = place_of(event->start_mark);
	struct yaml_node *node = NULL;
	if (++c->n_aliases > YAML_ALIASES_LIMIT) {
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "more than %d aliases", YAML_ALIASES_LIMIT);
		return NULL;
	}
	for (size_t i = c->n_anchors; i > 0 && node == NULL; i--) {
		if (strcmp(c->anchors[i - 1].name, name) == 0)
			node = c->anchors[i - 1].node;
	}
	if (node == NULL)
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "there is no anchor '%s' before this alias", name);
	else if (node->open)
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "the alias '%s' stands inside of what it refers to", name);
	else if (depth + node->height > YAML_DEPTH_LIMIT)
		yaml_error(c->doc, place, c->err, ERROR_INPUT,
		    "nested more than %d levels deep with aliases expanded",
		    YAML_DEPTH_LIMIT);
	else
		return node;
	return NULL;
}

/* Reads the next node, or gives NULL with *ended at the collection's end. */
static struct yaml_node *
compose_next(struct composer *c, unsigned depth, bool *ended)
{
	yaml_event_t event;
	struct yaml_node *node = NULL;
	*ended = false;
	if (!next_event(c, &event))
		return NULL;
	if (event.type == YAML_SEQUENCE_END_EVENT ||
	    event.type == YAML_MAPPING_END_EVENT)
		*ended = true;
	else if (event.type == YAML_ALIAS_EVENT)
		node = resolve_alias(c, &event, depth);
	else
		node = compose(c, &event, depth);
	yaml_event_delete(&event);
	return node;
}

static bool
read_list(struct composer *c, struct yaml_node *list, unsigned depth)
{
	for (;;) {
		bool ended = false;
		struct yaml_node *item = compose_next(c, depth, &ended);
		if (ended)
			return true;
		if (item == NULL || !account(c, list, item, item->place))
			return false;
		list->items = mem_grow(list->items, &list->cap, list->n + 1,
		    sizeof(struct yaml_node *));
		list->items[list->n++] = item;
	}
}

static bool
check_key(const struct composer *c, const struct yaml_node *key)
{
	if (key->kind != YAML_KIND_SCALAR)
		return yaml_error(c->doc, key->place, c->err, ERROR_INPUT,
		    "a key must be text, not %s", yaml_describe(key));
	if (key->len == 0 && key->plain)
		return fail_at(c, key->place, "a key is missing before ':'");
	return true;
}

static bool
read_map(struct composer *c, struct yaml_node *map, unsigned depth)
{
	for (;;) {
		bool ended = false;
		struct yaml_node *key = compose_next(c, depth, &ended);
		if (ended)
			return yaml_finish_map(c->doc, map, c->err);
		if (key == NULL || !check_key(c, key))
			return false;
		struct yaml_node *value = compose_next(c, depth, &ended);
		if (value == NULL || !account(c, map, key, key->place) ||
		    !account(c, map, value, key->place))
			return false;
		map->entries = mem_grow(
		    map->entries, &map->cap, map->n + 1, sizeof(*map->entries));
		map->entries[map->n].key = key;
		map->entries[map->n++].value = value;
	}
}

static const char *
event_tag(const yaml_event_t *event)
{
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.tag;
	default:
		return (const char *)event->data.mapping_start.tag;
	}
}

static const yaml_char_t *
event_anchor(const yaml_event_t *event)
{
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	default:
		return event->data.mapping_start.anchor;
	}
}

static struct yaml_node *
node_of_event(struct composer *c, const yaml_event_t *event)
{
	const struct yaml_place place = place_of(event->start_mark);
	const bool scalar = event->type == YAML_SCALAR_EVENT;
	struct yaml_node *node = new_node(c,
	    scalar					   ? YAML_KIND_SCALAR
		: event->type == YAML_SEQUENCE_START_EVENT ? YAML_KIND_LIST
							   : YAML_KIND_MAP,
	    place);
	if (node == NULL || !scalar)
		return node;
	const char *value = (const char *)event->data.scalar.value;
	node->len = event->data.scalar.length;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (strlen(value) != node->len) {
		fail_at(c, place, "a text contains a NUL character");
		return NULL;
	}
	node->text = mem_text(value);
	return node;
}

/*
 * Makes an explicit tag of the core schema count. A local tag gives the name
 * of the wrapping map in *wrapper.
 */
static bool
apply_tag(const struct composer *c, const char *tag, struct yaml_node *node,
    const char **wrapper)
{
	static const char *const scalar_tags[] = { "int", "float", "bool",
		"null" };
	const size_t core = strlen(CORE_TAG);
	if (tag == NULL)
		return true;
	if (tag[0] == '!' && tag[1] != '\0') {
		*wrapper = tag + 1;
		return true;
	}
	const char *name = strncmp(tag, CORE_TAG, core) == 0 ? tag + core : "";
	if (strcmp(tag, "!") == 0 ||
	    (strcmp(name, "str") == 0 && node->kind == YAML_KIND_SCALAR)) {
		node->plain = false;
		return true;
	}
	if ((strcmp(name, "seq") == 0 && node->kind == YAML_KIND_LIST) ||
	    (strcmp(name, "map") == 0 && node->kind == YAML_KIND_MAP))
		return true;
	for (size_t i = 0; i < COUNT_OF(scalar_tags); i++) {
		if (strcmp(name, scalar_tags[i]) == 0 &&
		    node->kind == YAML_KIND_SCALAR) {
			node->plain = true;
			return true;
		}
	}
	return yaml_error(c->doc, node->place, c->err, ERROR_INPUT,
	    "the tag '%s%s' cannot be given to %s", *name ? "!!" : "",
	    *name ? name : tag, yaml_describe(node));
}

/* {name: ...}, to be filled with the tagged node. */
static struct yaml_node *
wrap(struct composer *c, struct yaml_node *node, const char *name)
{
	struct yaml_node *map = new_node(c, YAML_KIND_MAP, node->place);
	struct yaml_node *key = new_node(c, YAML_KIND_SCALAR, node->place);
	if (map == NULL || key == NULL)
		return NULL;
	key->text = mem_text(name);
	key->len = strlen(name);
	map->entries = mem_array(1, sizeof(*map->entries));
	map->entries[0].key = key;
	map->entries[0].value = node;
	map->n = map->cap = 1;
	return map;
}

static bool
read_content(struct composer *c, struct yaml_node *node, unsigned depth)
{
	switch (node->kind) {
	case YAML_KIND_SCALAR:
		return true;
	case YAML_KIND_LIST:
		return read_list(c, node, depth);
	case YAML_KIND_MAP:
		return read_map(c, node, depth);
	}
	BUG("no such kind of node");
}

/* The node that event begins, in a collection of depth - 1 levels. */
static struct yaml_node *
compose(struct composer *c, const yaml_event_t *event, unsigned depth)
{
	const char *name = NULL;
	struct yaml_node *node = node_of_event(c, event);
	if (node == NULL || !apply_tag(c, event_tag(event), node, &name))
		return NULL;
	struct yaml_node *outer = name != NULL ? wrap(c, node, name) : node;
	if (outer == NULL || !add_anchor(c, event_anchor(event), outer))
		return NULL;
	depth += outer->height + (name != NULL ? node->height : 0);
	if (depth > YAML_DEPTH_LIMIT) {
		yaml_error(c->doc, node->place, c->err, ERROR_INPUT,
		    "nested more than %d levels deep", YAML_DEPTH_LIMIT);
		return NULL;
	}
	outer->open = node->open = true;
	if (!read_content(c, node, depth) ||
	    (name != NULL && !account(c, outer, node, node->place)))
		return NULL;
	outer->open = node->open = false;
	return outer;
}

/* Passes over the events before content or after it. */
static bool
read_documents(struct composer *c)
{
	unsigned documents = 0;
	for (;;) {
		yaml_event_t event;
		if (!next_event(c, &event))
			return false;
		const yaml_event_type_t type = event.type;
		const struct yaml_place place = place_of(event.start_mark);
		bool ok = true;
		if (type == YAML_DOCUMENT_START_EVENT && documents++ > 0)
			ok = fail_at(c, place,
			    "a second document begins here: one file holds "
			    "one workflow or value");
		else if (type == YAML_SCALAR_EVENT ||
		    type == YAML_SEQUENCE_START_EVENT ||
		    type == YAML_MAPPING_START_EVENT) {
			c->doc->root = compose(c, &event, 0);
			ok = c->doc->root;
		} else if (type == YAML_ALIAS_EVENT)
			ok = fail_at(c, place, "an alias without an anchor");
		yaml_event_delete(&event);
		if (!ok || type == YAML_STREAM_END_EVENT)
			return ok;
	}
}

static bool
compose_document(struct yaml_doc *doc, struct error *err)
{
	struct composer c = { .doc = doc, .err = err };
	if (!yaml_parser_initialize(&c.parser))
		BUG("libyaml is out of memory");
	yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &c.parser, (const unsigned char *)doc->bytes, doc->len);
	const bool ok = read_documents(&c);
	yaml_parser_delete(&c.parser);
	for (size_t i = 0; i < c.n_anchors; i++)
		free(c.anchors[i].name);
	free(c.anchors);
	return ok;
}

bool
yaml_load(const char *name, const void *bytes, size_t len, struct yaml_doc *doc,
    struct error *err)
{
	*doc = (struct yaml_doc){ .name = mem_text(name) };
	if (yaml_scan(doc, bytes, len, err) && compose_document(doc, err))
		return true;
	yaml_doc_release(doc);
	return false;
}

void
yaml_doc_release(struct yaml_doc *doc)
{
	for (size_t i = 0; i < doc->n_nodes; i++) {
		free(doc->nodes[i]->text);
		free(doc->nodes[i]->items);
		free(doc->nodes[i]->entries);
		free(doc->nodes[i]);
	}
	free(doc->nodes);
	free(doc->lines);
	free(doc->bytes);
	free(doc->name);
	*doc = (struct yaml_doc){ 0 };
}
