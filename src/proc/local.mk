noinst_LIBRARIES += libproc.a
libproc_a_SOURCES = \
	%D%/child.c %D%/child.h \
	%D%/descend.c %D%/descend.h \
	%D%/excerpt.c %D%/excerpt.h \
	%D%/fds.c %D%/fds.h \
	%D%/inherit.c %D%/inherit.h \
	%D%/ladder.h \
	%D%/lines.c %D%/lines.h \
	%D%/loop.c %D%/loop.h \
	%D%/outlet.c %D%/outlet.h \
	%D%/process.c %D%/process.h \
	%D%/run.c %D%/run.h \
	%D%/signals.c %D%/signals.h \
	%D%/spawn.c %D%/spawn.h \
	%D%/working.c %D%/working.h
