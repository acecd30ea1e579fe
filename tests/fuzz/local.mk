# Each target is a libFuzzer program with --enable-fuzzing (make fuzzers), and
# always a test that runs it over files of the suite.
FUZZ_SOURCES = %D%/replay.c
FUZZ_REPLAYS = \
	%D%/replay_expr \
	%D%/replay_frame \
	%D%/replay_input \
	%D%/replay_journal \
	%D%/replay_jsonpath \
	%D%/replay_shell_lex \
	%D%/replay_template \
	%D%/replay_workflow \
	%D%/replay_yaml
check_PROGRAMS += $(FUZZ_REPLAYS)

tests_fuzz_replay_expr_SOURCES = %D%/expr.c $(FUZZ_SOURCES)
tests_fuzz_replay_expr_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/cases/expr.txt"'
tests_fuzz_replay_expr_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_fuzz_replay_frame_SOURCES = %D%/frame.c $(FUZZ_SOURCES)
tests_fuzz_replay_frame_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fixtures/claude-streams"'
tests_fuzz_replay_frame_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
tests_fuzz_replay_input_SOURCES = %D%/input.c $(FUZZ_SOURCES)
tests_fuzz_replay_input_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fixtures/claude-streams"'
tests_fuzz_replay_input_LDADD = $(TAP_LIBS) $(PLAN_LIBS)
tests_fuzz_replay_journal_SOURCES = %D%/journal.c $(FUZZ_SOURCES)
tests_fuzz_replay_journal_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fixtures/claude-streams"'
tests_fuzz_replay_journal_LDADD = $(TAP_LIBS) $(STATE_LIBS)
tests_fuzz_replay_jsonpath_SOURCES = %D%/jsonpath.c $(FUZZ_SOURCES)
tests_fuzz_replay_jsonpath_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/cases/jsonpath.txt"'
tests_fuzz_replay_jsonpath_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_fuzz_replay_shell_lex_SOURCES = %D%/shell_lex.c $(FUZZ_SOURCES)
tests_fuzz_replay_shell_lex_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/cases/template.txt"'
tests_fuzz_replay_shell_lex_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_fuzz_replay_template_SOURCES = %D%/template.c $(FUZZ_SOURCES)
tests_fuzz_replay_template_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/cases/template.txt"'
tests_fuzz_replay_template_LDADD = $(TAP_LIBS) $(DATA_LIBS)
tests_fuzz_replay_workflow_SOURCES = %D%/workflow.c $(FUZZ_SOURCES)
tests_fuzz_replay_workflow_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fixtures/workflows/good"'
tests_fuzz_replay_workflow_LDADD = $(TAP_LIBS) $(WORKFLOW_LIBS)
tests_fuzz_replay_yaml_SOURCES = %D%/yaml.c $(FUZZ_SOURCES)
tests_fuzz_replay_yaml_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fixtures/workflows/bad"'
tests_fuzz_replay_yaml_LDADD = $(TAP_LIBS) $(DATA_LIBS)

if FUZZING
FUZZERS = \
	%D%/fuzz_expr \
	%D%/fuzz_frame \
	%D%/fuzz_input \
	%D%/fuzz_journal \
	%D%/fuzz_jsonpath \
	%D%/fuzz_shell_lex \
	%D%/fuzz_template \
	%D%/fuzz_workflow \
	%D%/fuzz_yaml
EXTRA_PROGRAMS += $(FUZZERS)
fuzzers: $(FUZZERS)
.PHONY: fuzzers
tests_fuzz_fuzz_expr_SOURCES = %D%/expr.c
tests_fuzz_fuzz_expr_LDADD = $(DATA_LIBS)
tests_fuzz_fuzz_expr_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_frame_SOURCES = %D%/frame.c
tests_fuzz_fuzz_frame_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_input_SOURCES = %D%/input.c
tests_fuzz_fuzz_input_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_input_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_journal_SOURCES = %D%/journal.c
tests_fuzz_fuzz_journal_LDADD = $(STATE_LIBS)
tests_fuzz_fuzz_journal_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_jsonpath_SOURCES = %D%/jsonpath.c
tests_fuzz_fuzz_jsonpath_LDADD = $(DATA_LIBS)
tests_fuzz_fuzz_jsonpath_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_shell_lex_SOURCES = %D%/shell_lex.c
tests_fuzz_fuzz_shell_lex_LDADD = $(DATA_LIBS)
tests_fuzz_fuzz_shell_lex_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_template_SOURCES = %D%/template.c
tests_fuzz_fuzz_template_LDADD = $(DATA_LIBS)
tests_fuzz_fuzz_template_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_workflow_SOURCES = %D%/workflow.c
tests_fuzz_fuzz_workflow_LDADD = $(WORKFLOW_LIBS)
tests_fuzz_fuzz_workflow_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_yaml_SOURCES = %D%/yaml.c
tests_fuzz_fuzz_yaml_LDADD = $(DATA_LIBS)
tests_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
