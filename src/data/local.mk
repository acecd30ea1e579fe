noinst_LIBRARIES += libdata.a
libdata_a_SOURCES = \
	%D%/expr.h %D%/expr_tree.h \
	%D%/expr_eval.c \
	%D%/expr_functions.c \
	%D%/expr_lex.c \
	%D%/expr_lookup.c \
	%D%/expr_parse.c \
	%D%/expr_reference.c \
	%D%/expr_tree.c \
	%D%/json.c %D%/json.h \
	%D%/json_print.c \
	%D%/jsonpath.c %D%/jsonpath.h \
	%D%/jsonpath_select.c \
	%D%/jsonpath_tree.h \
	%D%/order.c %D%/order.h \
	%D%/regex.c %D%/regex.h \
	%D%/sort.c %D%/sort.h \
	%D%/filters.c %D%/filters.h \
	%D%/shell_lex.c %D%/shell_lex.h \
	%D%/shell_lex_expand.c \
	%D%/shell_lex_here.c \
	%D%/shell_lex_operators.c \
	%D%/shell_lex_parts.h \
	%D%/shell_lex_words.c \
	%D%/template.c %D%/template.h \
	%D%/template_parts.h \
	%D%/template_ref.c \
	%D%/template_render.c \
	%D%/template_shell.c \
	%D%/vars.c %D%/vars.h
libdata_a_SOURCES += \
	%D%/record.c %D%/record.h \
	%D%/yaml.c %D%/yaml.h \
	%D%/yaml_emit.c \
	%D%/yaml_map.c \
	%D%/yaml_parts.h \
	%D%/yaml_place.c \
	%D%/yaml_problem.c \
	%D%/yaml_scalar.c \
	%D%/yaml_scan.c
