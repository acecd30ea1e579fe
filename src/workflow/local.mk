noinst_LIBRARIES += libworkflow.a
libworkflow_a_SOURCES = \
	%D%/load.c %D%/load.h \
	%D%/load_check.c \
	%D%/load_expr.c \
	%D%/load_failure.c \
	%D%/load_file.c \
	%D%/load_legacy.c \
	%D%/load_note.c \
	%D%/load_phase.c \
	%D%/load_step.c \
	%D%/load_value.c \
	%D%/step.c %D%/step.h \
	%D%/value.c %D%/value.h \
	%D%/workflow.c %D%/workflow.h
