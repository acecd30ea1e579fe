/* SPDX-License-Identifier: MIT */
/* Allocation that ends the process when there is no memory. */
#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define FIRST_CAPACITY 8

/*
 * Nothing may be allocated here, so the message is formed beforehand. exit()
 * would run handlers and write out what stdio has gathered: either may need
 * memory, and half a line must not reach a file. What must not be lost was
 * written with write(2) before.
 */
NORETURN static void
out_of_memory(void)
{
	static const char message[] = "prodigy: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);
	(void)ignored;
	_exit(1);
}

void *
mem_zalloc(size_t size)
{
	void *block = calloc(1, size == 0 ? 1 : size);
	if (block == NULL)
		out_of_memory();
	return block;
}

void *
mem_array(size_t n, size_t size)
{
	void *block = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);
	if (block == NULL)
		out_of_memory();
	return block;
}

void *
mem_resize(void *block, size_t n, size_t size)
{
	void *resized =
	    reallocarray(block, n == 0 ? 1 : n, size == 0 ? 1 : size);
	if (resized == NULL)
		out_of_memory();
	return resized;
}

void *
mem_grow(void *block, size_t *cap, size_t n, size_t size)
{
	if (n <= *cap)
		return block;
	size_t wanted = *cap < FIRST_CAPACITY ? FIRST_CAPACITY : *cap;
	while (wanted < n) {
		if (wanted > SIZE_MAX / 2)
			out_of_memory();
		wanted *= 2;
	}
	block = mem_resize(block, wanted, size);
	*cap = wanted;
	return block;
}

char *
mem_text(const char *text)
{
	return text == NULL ? NULL : mem_text_n(text, strlen(text));
}

char *
mem_text_n(const char *text, size_t len)
{
	char *copy = mem_resize(NULL, len + 1, 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		out_of_memory();
	return text;
}
