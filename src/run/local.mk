noinst_LIBRARIES += librun.a
librun_a_SOURCES = \
	%D%/ask.c %D%/ask.h \
	%D%/attempt.c %D%/attempt.h \
	%D%/dry.c \
	%D%/executor.h \
	%D%/executor_local.c \
	%D%/finish.c %D%/finish.h \
	%D%/map.c %D%/map.h \
	%D%/merge_queue.c \
	%D%/parent.c %D%/parent.h \
	%D%/phases.c %D%/phases.h \
	%D%/progress.c %D%/progress.h \
	%D%/recorder.c %D%/recorder.h \
	%D%/report.c \
	%D%/resolve.c \
	%D%/settle.c %D%/settle.h \
	%D%/shown.c %D%/shown.h \
	%D%/start.c %D%/start.h \
	%D%/steps.c %D%/steps.h \
	%D%/supervisor.c %D%/supervisor.h \
	%D%/trees.c %D%/trees.h \
	%D%/worker.c %D%/worker.h
