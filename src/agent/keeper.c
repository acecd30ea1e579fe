/* SPDX-License-Identifier: MIT */
/* Keeps an agent's process tree, and talks to the supervisor. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/keeper.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "git/stale.h"
#include "plan/frame.h"
#include "proc/descend.h"
#include "proc/fds.h"
#include "proc/ladder.h"
#include "proc/signals.h"

#define READ_SIZE 65536
#define ORPHAN_STATUS 1

/* Nothing is at work in the tree: a lock that is there stops all that comes. */
static void
unlock_tree(const struct keeper *keeper)
{
	if (keeper->tree != NULL)
		stale_clear_tree(keeper->tree);
}

/*
 * For when the supervisor is gone: nobody hears of what happens then, and lock
 * files are all that is worth a moment.
 */
static void NORETURN
end_all(const struct keeper *keeper)
{
	descend_end_all(LADDER_ORPHAN_GRACE_MS);
	unlock_tree(keeper);
	_exit(ORPHAN_STATUS);
}

void
keeper_end_running(struct keeper *keeper, int64_t grace_ms)
{
	if (keeper->running == NULL)
		return;
	if (grace_ms <= 0) {
		child_kill(keeper->running);
		return;
	}
	if (keeper->grace_end != 0)
		return;
	keeper->grace_end = clock_now() + grace_ms;
	child_stop(keeper->running, grace_ms);
	descend_ask(child_pid(keeper->running));
}

static void
stop_running(struct keeper *keeper)
{
	keeper_end_running(keeper,
	    keeper->stop == KEEPER_OUT_OF_TIME ? LADDER_GRACE_MS
					       : keeper->grace_ms);
}

static void
stop(struct keeper *keeper, enum keeper_stop why)
{
	if (keeper->stop == KEEPER_CANCELLED || keeper->finishing)
		return;
	keeper->stop = why;
	stop_running(keeper);
}

static void
time_is_up(void *arg)
{
	struct keeper *keeper = arg;
	keeper->limit = NULL;
	stop(keeper, KEEPER_OUT_OF_TIME);
}

static void
beat(void *arg)
{
	struct keeper *keeper = arg;
	autostr struct str frame = { 0 };
	frame_beat_encode(&frame);
	keeper_send(keeper, &frame);
	keeper->beat = loop_after(keeper->loop, LADDER_BEAT_MS, beat, keeper);
}

static void
go_deaf(struct keeper *keeper)
{
	keeper->deaf = true;
	str_release(&keeper->queue);
	watch_remove(keeper->output);
	keeper->output = NULL;
}

static void
write_queue(struct keeper *keeper)
{
	size_t done = 0;
	while (done < keeper->queue.len) {
		ssize_t n = write(STDOUT_FILENO, keeper->queue.data + done,
		    keeper->queue.len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR) {
			go_deaf(keeper);
			return;
		}
	}
	str_drop(&keeper->queue, done);
	watch_set_events(keeper->output, keeper->queue.len > 0 ? POLLOUT : 0);
}

static void
output_ready(int fd, short revents, void *arg)
{
	struct keeper *keeper = arg;
	(void)fd;
	if ((revents & POLLOUT) != 0)
		write_queue(keeper);
	else if ((revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		go_deaf(keeper);
}

/* One question at a time: what comes when none was asked is passed over. */
static void
take_answer(struct keeper *keeper, const char *bytes, size_t len)
{
	const char *newline = memchr(bytes, '\n', len);
	if (keeper->has_answer || keeper->answer.len > KEEPER_ANSWER_LIMIT)
		return;
	str_add_n(&keeper->answer, bytes,
	    newline == NULL ? len : (size_t)(newline - bytes));
	keeper->has_answer = newline != NULL;
}

static void
take_input(struct keeper *keeper, const char *bytes, size_t len)
{
	if (keeper->has_spec) {
		take_answer(keeper, bytes, len);
		return;
	}
	const char *newline = memchr(bytes, '\n', len);
	if (newline != NULL) {
		len = (size_t)(newline - bytes);
		keeper->has_spec = true;
	}
	str_add_n(&keeper->spec, bytes, len);
	if (keeper->spec.len > KEEPER_SPEC_LIMIT)
		end_all(keeper);
}

static void
lifeline_moved(int fd, short revents, void *arg)
{
	struct keeper *keeper = arg;
	char bytes[READ_SIZE];
	(void)revents;
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n > 0)
		take_input(keeper, bytes, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		end_all(keeper);
}

static void
signal_came(int signo, void *arg)
{
	struct keeper *keeper = arg;
	/* A terminal's Ctrl-C and hang-up are the supervisor's to answer. */
	if (signo == SIGTERM)
		stop(keeper, KEEPER_CANCELLED);
	/* So it is gone, though somebody may still hold the lifeline. */
	if (signo == SIGCONT && getppid() != keeper->parent)
		end_all(keeper);
}

static void
guard_tree(void)
{
	/* It fails for the leader of a group or session, which needs none. */
	(void)setpgid(0, 0);
	(void)descend_adopt();
	(void)descend_bind_to_parent(0);
}

bool
keeper_open(struct keeper *keeper, struct error *err)
{
	keeper->loop = loop_new();
	keeper->parent = getppid();
	if (!fds_raise_limit(err) || !child_init(keeper->loop, err))
		return false;
	guard_tree();
	if (!signals_open(keeper->loop, signal_came, keeper, err))
		return false;
	if (!file_set_nonblocking(STDOUT_FILENO, true))
		return error_system(err, "preparing standard output");
	keeper->output =
	    loop_watch(keeper->loop, STDOUT_FILENO, 0, output_ready, keeper);
	keeper->lifeline = loop_watch(
	    keeper->loop, STDIN_FILENO, POLLIN, lifeline_moved, keeper);
	keeper->beat = loop_after(keeper->loop, LADDER_BEAT_MS, beat, keeper);
	return true;
}

void
keeper_turn(struct keeper *keeper)
{
	struct error err = { 0 };
	if (!loop_turn(keeper->loop, -1, &err)) {
		log_error("agent: %s", error_text(&err));
		end_all(keeper);
	}
}

void
keeper_read_spec(struct keeper *keeper)
{
	while (!keeper->has_spec)
		keeper_turn(keeper);
}

void
keeper_set_limit(struct keeper *keeper, int64_t ms)
{
	timer_remove(keeper->limit);
	keeper->limit =
	    ms > 0 ? loop_after(keeper->loop, ms, time_is_up, keeper) : NULL;
}

void
keeper_set_running(struct keeper *keeper, struct child *child)
{
	keeper->running = child;
	if (keeper->stop != KEEPER_GOES_ON)
		stop_running(keeper);
}

void
keeper_send(struct keeper *keeper, const struct str *frame)
{
	if (keeper->deaf)
		return;
	bool was_empty = keeper->queue.len == 0;
	str_add_str(&keeper->queue, frame);
	if (was_empty)
		write_queue(keeper);
}

static void
gives_up(void *arg)
{
	bool *given_up = arg;
	*given_up = true;
}

void
keeper_clear(struct keeper *keeper)
{
	bool over = keeper->grace_end == 0;
	struct timer *timer = NULL;
	if (!over)
		timer = loop_after(keeper->loop,
		    keeper->grace_end - clock_now(), gives_up, &over);
	while (!over && !descend_is_empty())
		keeper_turn(keeper);
	if (!over)
		timer_remove(timer);
	keeper->grace_end = 0;
	descend_kill_all();
	unlock_tree(keeper);
}

bool
keeper_ask(struct keeper *keeper, const struct str *frame)
{
	bool given_up = false;
	struct timer *timer =
	    loop_after(keeper->loop, KEEPER_ANSWER_MS, gives_up, &given_up);
	str_clear(&keeper->answer);
	keeper->has_answer = false;
	keeper_send(keeper, frame);
	while (!keeper->has_answer && !given_up && !keeper->deaf)
		keeper_turn(keeper);
	if (!given_up)
		timer_remove(timer);
	return keeper->has_answer;
}

bool
keeper_has_room(const struct keeper *keeper)
{
	return !keeper->deaf && keeper->queue.len < KEEPER_QUEUE_LIMIT;
}

void
keeper_flush(struct keeper *keeper)
{
	while (!keeper->deaf && keeper->queue.len > 0)
		keeper_turn(keeper);
}

void
keeper_finish(struct keeper *keeper)
{
	keeper->finishing = true;
	keeper_set_limit(keeper, 0);
}

void
keeper_close(struct keeper *keeper)
{
	descend_kill_all();
	signals_close();
	loop_free(keeper->loop);
	str_release(&keeper->spec);
	str_release(&keeper->answer);
	str_release(&keeper->queue);
	*keeper = (struct keeper){ 0 };
}
