noinst_LIBRARIES += libdata.a
libdata_a_SOURCES = \
	%D%/expr_eval.c %D%/expr_eval.h \
	%D%/expr_parse.c %D%/expr_parse.h \
	%D%/expr_tree.c %D%/expr_tree.h \
	%D%/expr_value.c %D%/expr_value.h \
	%D%/json.c %D%/json.h \
	%D%/jsonpath.c %D%/jsonpath.h \
	%D%/order.c %D%/order.h \
	%D%/regex.c %D%/regex.h \
	%D%/sort.c %D%/sort.h \
	%D%/filters.c %D%/filters.h \
	%D%/shell_lex.c %D%/shell_lex.h \
	%D%/template.c %D%/template.h \
	%D%/template_shell.c %D%/template_shell.h \
	%D%/vars.c %D%/vars.h \
	%D%/words.c %D%/words.h
libdata_a_SOURCES += \
	%D%/record.c %D%/record.h \
	%D%/yaml.c %D%/yaml.h
