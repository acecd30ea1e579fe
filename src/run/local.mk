noinst_LIBRARIES += librun.a
librun_a_SOURCES = \
	%D%/attempt.c %D%/attempt.h \
	%D%/claude.c %D%/claude.h \
	%D%/dry.c %D%/dry.h \
	%D%/environment.c %D%/environment.h \
	%D%/executor.c %D%/executor.h \
	%D%/finish.c %D%/finish.h \
	%D%/item.c %D%/item.h \
	%D%/map.c %D%/map.h \
	%D%/merging.c %D%/merging.h \
	%D%/parent.c %D%/parent.h \
	%D%/phases.c %D%/phases.h \
	%D%/progress.c %D%/progress.h \
	%D%/recorder.c %D%/recorder.h \
	%D%/report.c %D%/report.h \
	%D%/supervisor.c %D%/supervisor.h \
	%D%/trees.c %D%/trees.h
