/* SPDX-License-Identifier: MIT */
/* What claude has cost. */
#include "config.h"

#include "data/json.h"
#include "plan/spent.h"

#define NANO 1e9
#define NANO_LIMIT 9e18 /* what is more is no price */

static const struct record_field spent_fields[] = {
	RECORD(struct spent, has_cost),
	RECORD(struct spent, has_tokens),
	RECORD(struct spent, at_least),
	RECORD(struct spent, nano_usd),
	RECORD(struct spent, input_tokens),
	RECORD(struct spent, output_tokens),
	RECORD(struct spent, cache_read_tokens),
	RECORD(struct spent, cache_write_tokens),
	RECORD_END,
};

const struct record_table spent_table =
    RECORD_TABLE(struct spent, spent_fields);

/* The numbers of tokens by the names that records have for them. */
static const struct spent_kind {
	const char *name;
	size_t offset;
} kinds[] = {
	{ "input", offsetof(struct spent, input_tokens) },
	{ "output", offsetof(struct spent, output_tokens) },
	{ "cache_read", offsetof(struct spent, cache_read_tokens) },
	{ "cache_write", offsetof(struct spent, cache_write_tokens) },
};

static int64_t *
number(struct spent *spent, const struct spent_kind *kind)
{
	return (int64_t *)(void *)((char *)spent + kind->offset);
}

static int64_t
number_of(const struct spent *spent, const struct spent_kind *kind)
{
	return *(
	    const int64_t *)(const void *)((const char *)spent + kind->offset);
}

bool
spent_is_nothing(const struct spent *spent)
{
	return !spent->has_cost && !spent->has_tokens && !spent->at_least;
}

/* What comes from outside may be any number: a sum stays one. */
static int64_t
sum_of(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void
spent_add(struct spent *to, const struct spent *more)
{
	to->has_cost = to->has_cost || more->has_cost;
	to->has_tokens = to->has_tokens || more->has_tokens;
	to->at_least = to->at_least || more->at_least;
	to->nano_usd = sum_of(to->nano_usd, more->nano_usd);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		*number(to, &kinds[i]) = sum_of(
		    number_of(to, &kinds[i]), number_of(more, &kinds[i]));
}

void
spent_join(struct spent *to, const struct spent *other)
{
	to->has_cost = to->has_cost || other->has_cost;
	to->has_tokens = to->has_tokens || other->has_tokens;
	to->at_least = to->at_least || other->at_least;
	if (other->nano_usd > to->nano_usd)
		to->nano_usd = other->nano_usd;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (number_of(other, &kinds[i]) > number_of(to, &kinds[i]))
			*number(to, &kinds[i]) = number_of(other, &kinds[i]);
}

void
spent_set_cost(struct spent *spent, double usd)
{
	double nano = usd * NANO + 0.5;
	spent->has_cost = nano >= 0 && nano < NANO_LIMIT;
	spent->nano_usd = spent->has_cost ? (int64_t)nano : 0;
}

/* --- in records ------------------------------------------------------- */

void
spent_describe(const struct spent *spent, json_t *object)
{
	json_object_del(object, "cost_usd");
	json_object_del(object, "tokens");
	json_object_del(object, "cost_at_least");
	if (spent_is_nothing(spent))
		return;
	json_object_set_new(object, "cost_usd",
	    spent->has_cost ? json_real((double)spent->nano_usd / NANO)
			    : json_null());
	if (spent->has_tokens) {
		json_t *tokens = json_object();
		for (size_t i = 0; i < COUNT_OF(kinds); i++)
			json_object_set_new(tokens, kinds[i].name,
			    json_integer(number_of(spent, &kinds[i])));
		json_object_set_new(object, "tokens", tokens);
	}
	if (spent->at_least)
		json_object_set_new(object, "cost_at_least", json_true());
}

json_t *
spent_to_json(const struct spent *spent)
{
	if (spent_is_nothing(spent))
		return NULL;
	json_t *object = json_object();
	spent_describe(spent, object);
	return object;
}

void
spent_from_json(const json_t *object, struct spent *spent)
{
	const json_t *cost = json_get(object, "cost_usd");
	const json_t *tokens = json_get(object, "tokens");
	*spent = (struct spent){ 0 };
	if (json_is_number(cost))
		spent_set_cost(spent, json_number_value(cost));
	spent->has_tokens = json_is_object(tokens);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		*number(spent, &kinds[i]) =
		    json_get_int(tokens, kinds[i].name, 0);
	spent->at_least = json_get_bool(object, "cost_at_least", false);
}

char *
spent_text(const struct spent *spent)
{
	struct str text = { 0 };
	if (!spent->has_cost)
		str_add(&text, "not known");
	else
		str_format(&text, "%s$%.4f", spent->at_least ? "at least " : "",
		    (double)spent->nano_usd / NANO);
	if (spent->has_tokens)
		str_format(&text,
		    " (%s%lld input, %lld output, %lld cache read, "
		    "%lld cache write tokens)",
		    spent->at_least && !spent->has_cost ? "at least " : "",
		    (long long)spent->input_tokens,
		    (long long)spent->output_tokens,
		    (long long)spent->cache_read_tokens,
		    (long long)spent->cache_write_tokens);
	return str_take(&text);
}
