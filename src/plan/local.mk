noinst_LIBRARIES += libplan.a
libplan_a_SOURCES =
libplan_a_SOURCES += \
	%D%/failure.c %D%/failure.h \
	%D%/frame.c %D%/frame.h \
	%D%/frame_parts.h \
	%D%/frame_result.c \
	%D%/frame_spec.c
libplan_a_SOURCES += \
	%D%/item.c %D%/item.h \
	%D%/input.c %D%/input.h \
	%D%/items.c %D%/items.h \
	%D%/trigger.c %D%/trigger.h
