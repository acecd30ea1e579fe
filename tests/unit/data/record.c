/* SPDX-License-Identifier: MIT */
/* Structs by tables: every kind of member, and what is refused. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "../records.h"
#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"

enum colour {
	RED,
	GREEN,
	COLOURS
};

struct wheel {
	char *name;
	struct wheel *spare;
};

struct wheels {
	struct wheel *items;
	size_t n;
	size_t cap;
};

struct vehicle {
	char *text;
	struct strv texts;
	bool flag;
	int number;
	unsigned count;
	size_t length;
	int64_t time;
	double weight;
	enum colour colour;
	json_t *list;
	json_t *object;
	struct wheel steering;
	struct wheel *spare;
	struct wheels wheels;
};

static const char *
colour_name(unsigned colour)
{
	return colour == RED ? "red" : "green";
}

static const struct record_table wheel_table;

static const struct record_field wheel_fields[] = {
	RECORD(struct wheel, name),
	RECORD_OWNED(struct wheel, spare, &wheel_table),
	RECORD_END,
};

static const struct record_table wheel_table =
    RECORD_TABLE(struct wheel, wheel_fields);

static const struct record_field vehicle_fields[] = {
	RECORD_FOREIGN("type"),
	RECORD(struct vehicle, text),
	RECORD(struct vehicle, texts),
	RECORD(struct vehicle, flag),
	RECORD(struct vehicle, number),
	RECORD(struct vehicle, count),
	RECORD(struct vehicle, length),
	RECORD(struct vehicle, time),
	RECORD(struct vehicle, weight),
	RECORD_ENUM(struct vehicle, colour, colour_name, COLOURS),
	RECORD_JSON(struct vehicle, list, JSON_ARRAY),
	RECORD_JSON(struct vehicle, object, JSON_OBJECT),
	RECORD_OBJECT(struct vehicle, steering, &wheel_table),
	RECORD_OWNED(struct vehicle, spare, &wheel_table),
	RECORD_LIST(struct vehicle, wheels, &wheel_table),
	RECORD_END,
};

static const struct record_table vehicle_table =
    RECORD_TABLE(struct vehicle, vehicle_fields);

static void
test_writing(void)
{
	struct wheel spare = { 0 };
	struct vehicle vehicle = { .weight = NAN };
	autostr struct str text = { 0 };
	autojson json_t *none = record_to_json(&vehicle_table, &vehicle);
	tap_is_int((long long)json_object_size(none), 0,
	    "members that are zero or no number are left out");
	vehicle.spare = &spare;
	vehicle.steering.name = mem_text("a\xff");
	vehicle.colour = GREEN;
	autojson json_t *some = record_to_json(&vehicle_table, &vehicle);
	json_compact(some, &text, true);
	tap_is_text(str_text(&text),
	    "{\"colour\":\"green\",\"spare\":{},"
	    "\"steering\":{\"name\":\"a\xef\xbf\xbd\"}}",
	    "an owned struct is written even if it is all zero");
	free(vehicle.steering.name);
}

static void
test_refusals(void)
{
	static const char *const cases[][2] = {
		{ "7", "expected an object" },
		{ "{\"more\":1}", "the member 'more' is not known" },
		{ "{\"type\":1,\"text\":1}",
		    "text: expected text without NUL" },
		{ "{\"texts\":[\"a\",1]}", "texts: expected text without NUL" },
		{ "{\"texts\":7}", "texts: expected a list of texts" },
		{ "{\"flag\":1}", "flag: expected true or false" },
		{ "{\"number\":2147483648}",
		    "number: expected an integer in range" },
		{ "{\"count\":4294967296}",
		    "count: expected an integer in range" },
		{ "{\"length\":-1}", "length: expected an integer in range" },
		{ "{\"time\":1.5}", "time: expected an integer in range" },
		{ "{\"weight\":\"1\"}", "weight: expected a number" },
		{ "{\"colour\":\"blue\"}", "colour: expected a known name" },
		{ "{\"list\":{}}", "list: expected a list" },
		{ "{\"object\":[]}", "object: expected an object" },
		{ "{\"steering\":[]}", "steering: expected an object" },
		{ "{\"spare\":{\"spare\":null}}",
		    "spare: spare: expected an object" },
		{ "{\"wheels\":{}}", "wheels: expected a list" },
		{ "{\"text\":\"kept\",\"wheels\":[{\"name\":\"w\"},{\"x\":1}]}",
		    "wheels: 1: the member 'x' is not known" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct vehicle vehicle;
		autoerror struct error err = { 0 };
		autojson json_t *json =
		    json_loads(cases[i][0], JSON_DECODE_ANY, NULL);
		tap_ok(!record_from_json(&vehicle_table, json, &vehicle, &err),
		    "%s is refused", cases[i][0]);
		tap_is_text(error_text(&err), cases[i][1],
		    "the refusal says where and why");
		tap_ok(vehicle.text == NULL && vehicle.wheels.items == NULL,
		    "nothing is kept of what was refused");
	}
}

/* So many spare wheels within each other. */
static bool
is_deep_accepted(unsigned depth, struct error *err)
{
	json_t *json = json_object();
	struct vehicle vehicle;
	for (unsigned i = 0; i < depth; i++)
		json = json_pack("{s:o}", "spare", json);
	const bool ok = record_from_json(&vehicle_table, json, &vehicle, err);
	json_decref(json);
	record_release(&vehicle_table, &vehicle);
	return ok;
}

static void
test_depth(void)
{
	autoerror struct error err = { 0 };
	tap_ok(is_deep_accepted(RECORD_DEPTH_LIMIT, &err),
	    "%d structs within each other are read", RECORD_DEPTH_LIMIT);
	tap_ok(!is_deep_accepted(RECORD_DEPTH_LIMIT + 1, &err),
	    "one more is refused");
}

int
main(void)
{
	json_init();
	srand(7);
	RECORDS_CHECK_ROWS(struct wheel, &wheel_table);
	RECORDS_CHECK_ROWS(struct vehicle, &vehicle_table);
	records_check_journey("a struct of all kinds", &vehicle_table, 500);
	test_writing();
	test_refusals();
	test_depth();
	return tap_done();
}
