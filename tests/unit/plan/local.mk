check_PROGRAMS += %D%/frame
tests_unit_plan_frame_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
check_PROGRAMS += %D%/items
tests_unit_plan_items_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
