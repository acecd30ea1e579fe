check_PROGRAMS += %D%/frame
tests_unit_plan_frame_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
check_PROGRAMS += %D%/items
tests_unit_plan_items_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
check_PROGRAMS += %D%/agent
tests_unit_plan_agent_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
EXTRA_DIST += tests/golden/agent-transitions.txt
