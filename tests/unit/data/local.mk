check_PROGRAMS += %D%/yaml %D%/yaml_bombs
tests_unit_data_yaml_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_yaml_bombs_LDADD = $(TAP_LIBS) $(DATA_LIBS)
check_PROGRAMS += %D%/vars %D%/template
tests_unit_data_vars_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_template_SOURCES = %D%/template.c %D%/shells.c %D%/shells.h
tests_unit_data_template_LDADD = $(TAP_LIBS) $(DATA_LIBS)
