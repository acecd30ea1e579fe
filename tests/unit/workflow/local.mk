check_PROGRAMS += %D%/load %D%/resolve %D%/step %D%/value
tests_unit_workflow_load_LDADD = $(RECORDS_LIBS) $(WORKFLOW_LIBS)
tests_unit_workflow_resolve_LDADD = $(TAP_LIBS) $(WORKFLOW_LIBS)
tests_unit_workflow_step_LDADD = $(RECORDS_LIBS) $(WORKFLOW_LIBS)
tests_unit_workflow_value_LDADD = $(TAP_LIBS) $(WORKFLOW_LIBS)
EXTRA_DIST += tests/fixtures/workflows
