/* SPDX-License-Identifier: MIT */
/* What a run takes over from its caller's environment, and what not. */
#ifndef RUN_ENVIRONMENT_H
#define RUN_ENVIRONMENT_H

/*
 * Removes from our own environment, before anything is started, what a program
 * that started us tells its direct children, and what would mislead others:
 *
 *	an outer make: its options, its depth, and the jobserver, whose
 *	descriptors end with us. MAKEFLAGS that somebody has set for all makes
 *	stays.
 *	an outer claude: that we run in its session. Agents have their own.
 */
void environment_settle(void);

#endif
