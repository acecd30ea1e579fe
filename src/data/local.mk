noinst_LIBRARIES += libdata.a
libdata_a_SOURCES = \
	%D%/expr.h %D%/expr_tree.h \
	%D%/expr_eval.c \
	%D%/expr_functions.c \
	%D%/expr_lex.c \
	%D%/expr_parse.c \
	%D%/json.c %D%/json.h \
	%D%/json_print.c \
	%D%/jsonpath.c %D%/jsonpath.h \
	%D%/jsonpath_select.c \
	%D%/jsonpath_tree.h \
	%D%/order.c %D%/order.h \
	%D%/regex.c %D%/regex.h \
	%D%/sort.c %D%/sort.h \
	%D%/vars.c %D%/vars.h
libdata_a_SOURCES += \
	%D%/record.c %D%/record.h \
	%D%/yaml.c %D%/yaml.h \
	%D%/yaml_emit.c \
	%D%/yaml_map.c \
	%D%/yaml_parts.h \
	%D%/yaml_place.c \
	%D%/yaml_scalar.c \
	%D%/yaml_scan.c
