/* SPDX-License-Identifier: MIT */
/* Signals through the self-pipe. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "proc/run.h"
#include "proc/signals.h"
#include "support.h"

struct counts {
	unsigned of[NSIG];
	unsigned total;
};

static void
on_signal(int signo, void *arg)
{
	struct counts *counts = arg;
	counts->of[signo]++;
	counts->total++;
}

static bool
has_three(const void *arg)
{
	return ((const struct counts *)arg)->total >= 3;
}

static bool
handler_is(int signo, void (*handler)(int))
{
	struct sigaction now;
	sigaction(signo, NULL, &now);
	return now.sa_handler == handler;
}

static void
test_delivery(struct loop *loop)
{
	struct counts counts = { 0 };
	autoerror struct error why = { 0 };
	tap_ok(signals_open(loop, on_signal, &counts, &why),
	    "signals are handled");
	raise(SIGINT);
	raise(SIGINT);
	errno = 77;
	raise(SIGWINCH);
	tap_is_int(errno, 77, "a handler preserves errno");
	tap_is_int(counts.total, 0, "nothing is called inside the handler");
	tap_ok(turn_until(loop, has_three, &counts),
	    "each arrival is a call from the loop");
	tap_is_int(counts.of[SIGINT], 2, "two SIGINT are two calls");
	tap_is_int(counts.of[SIGWINCH], 1, "a SIGWINCH is one call");
	signals_close();
	tap_ok(handler_is(SIGINT, SIG_DFL), "closing restores SIGINT");
	tap_ok(handler_is(SIGWINCH, SIG_DFL), "closing restores SIGWINCH");
}

static void
test_ignored_hup(struct loop *loop)
{
	struct counts counts = { 0 };
	autoerror struct error why = { 0 };
	signal(SIGHUP, SIG_IGN);
	tap_ok(signals_open(loop, on_signal, &counts, &why),
	    "signals are handled again after closing");
	tap_ok(handler_is(SIGHUP, SIG_IGN), "an ignored SIGHUP stays ignored");
	signals_close();
	tap_ok(handler_is(SIGHUP, SIG_IGN), "it stays ignored after closing");
	signal(SIGHUP, SIG_DFL);
}

/* More arrivals than the pipe has room for. */
static void
test_full_pipe(struct loop *loop)
{
	struct counts counts = { 0 };
	autoerror struct error why = { 0 };
	if (!signals_open(loop, on_signal, &counts, &why))
		tap_ok(false, "%s", error_text(&why));
	for (int i = 0; i < 70000; i++)
		raise(SIGWINCH);
	raise(SIGTERM);
	turn_until(loop, has_three, &counts);
	tap_is_int(counts.of[SIGTERM], 1, "a full pipe loses no SIGTERM");
	tap_is_int(counts.of[SIGWINCH], 70000, "a full pipe loses no SIGWINCH");
	signals_close();
}

/* While a command is waited for on a private loop. */
static void
test_other_loop(struct loop *loop)
{
	struct counts counts = { 0 };
	autoerror struct error why = { 0 };
	struct run_result result = { 0 };
	char sh[] = "sh";
	char c[] = "-c";
	char script[] = "kill -INT $PPID; kill -TERM $PPID; kill -HUP $PPID";
	char *const argv[] = { sh, c, script, NULL };
	const struct run_spec spec = { .argv = argv };
	if (!signals_open(loop, on_signal, &counts, &why))
		tap_ok(false, "%s", error_text(&why));
	tap_ok(run_capture(&spec, &result, &why), "a command that signals us");
	tap_is_int(counts.total, 0, "calls wait for the loop they belong to");
	tap_ok(turn_until(loop, has_three, &counts), "and come from it");
	signals_close();
	run_result_release(&result);
}

int
main(void)
{
	struct loop *loop = loop_new();
	/* A shell starts background jobs with some of these ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	test_delivery(loop);
	test_ignored_hup(loop);
	test_full_pipe(loop);
	test_other_loop(loop);
	loop_free(loop);
	return tap_done();
}
