noinst_LIBRARIES += libstate.a
libstate_a_SOURCES = \
	%D%/checkpoint.c %D%/checkpoint.h \
	%D%/claim.c %D%/claim.h \
	%D%/dlq.c %D%/dlq.h \
	%D%/event.c %D%/event.h \
	%D%/figures.c %D%/figures.h \
	%D%/ids.c %D%/ids.h \
	%D%/job.c %D%/job.h \
	%D%/job_record.c %D%/job_record.h \
	%D%/journal.c %D%/journal.h \
	%D%/layout.c %D%/layout.h \
	%D%/session.c %D%/session.h \
	%D%/spool.c %D%/spool.h \
	%D%/workspaces.c %D%/workspaces.h
