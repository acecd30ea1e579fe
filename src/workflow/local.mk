noinst_LIBRARIES += libworkflow.a
libworkflow_a_SOURCES = \
	%D%/load.c %D%/load.h \
	%D%/load_note.c %D%/load_note.h \
	%D%/load_phase.c %D%/load_phase.h \
	%D%/load_slash.c %D%/load_slash.h \
	%D%/load_step.c %D%/load_step.h \
	%D%/load_value.c %D%/load_value.h \
	%D%/step.c %D%/step.h \
	%D%/value.c %D%/value.h \
	%D%/workflow.c %D%/workflow.h
