check_PROGRAMS += %D%/yaml %D%/yaml_bombs
tests_unit_data_yaml_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_yaml_bombs_LDADD = $(TAP_LIBS) $(DATA_LIBS)
check_PROGRAMS += %D%/vars %D%/template %D%/template_hostile %D%/shell_lex
tests_unit_data_vars_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_template_SOURCES = %D%/template.c %D%/shells.c %D%/shells.h
tests_unit_data_template_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_template_hostile_SOURCES = %D%/template_hostile.c \
	%D%/hostile.h %D%/shells.c %D%/shells.h
tests_unit_data_template_hostile_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_shell_lex_SOURCES = %D%/shell_lex.c %D%/shell_places.h \
	%D%/shells.c %D%/shells.h
tests_unit_data_shell_lex_LDADD = $(TAP_LIBS) $(DATA_LIBS)
check_LIBRARIES += libcases.a
libcases_a_SOURCES = %D%/cases.c %D%/cases.h
CASES_LIBS = libcases.a $(TAP_LIBS) $(DATA_LIBS)
check_PROGRAMS += %D%/record
tests_unit_data_record_LDADD = $(RECORDS_LIBS) $(DATA_LIBS)
check_PROGRAMS += %D%/json %D%/order %D%/regex %D%/expr %D%/jsonpath %D%/sort
check_PROGRAMS += %D%/words
tests_unit_data_words_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_json_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_order_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_regex_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_unit_data_expr_LDADD = $(CASES_LIBS)
tests_unit_data_jsonpath_LDADD = $(CASES_LIBS)
tests_unit_data_sort_LDADD = $(CASES_LIBS)
EXTRA_DIST += tests/cases/expr.txt tests/cases/when.txt \
	tests/cases/jsonpath.txt tests/cases/sort.txt \
	tests/cases/template.txt
