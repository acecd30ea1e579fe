noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	%D%/clock.c %D%/clock.h \
	%D%/color.c %D%/color.h \
	%D%/defs.c %D%/defs.h \
	%D%/digest.c %D%/digest.h \
	%D%/error.c %D%/error.h \
	%D%/file.c %D%/file.h \
	%D%/id.c %D%/id.h \
	%D%/lock.c %D%/lock.h \
	%D%/log.c %D%/log.h \
	%D%/mem.c %D%/mem.h \
	%D%/path.c %D%/path.h \
	%D%/str.c %D%/str.h \
	%D%/strv.c %D%/strv.h \
	%D%/text.c %D%/text.h
