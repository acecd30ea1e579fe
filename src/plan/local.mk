noinst_LIBRARIES += libplan.a
libplan_a_SOURCES = \
	%D%/changes.c %D%/changes.h \
	%D%/cause.c %D%/cause.h \
	%D%/failure.c %D%/failure.h \
	%D%/frame.c %D%/frame.h \
	%D%/item.c %D%/item.h \
	%D%/items.c %D%/items.h \
	%D%/kept.c %D%/kept.h \
	%D%/spent.c %D%/spent.h \
	%D%/label.c %D%/label.h \
	%D%/trigger.c %D%/trigger.h
