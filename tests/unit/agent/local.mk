AGENT_TEST_LIBS = $(TAP_LIBS) $(AGENT_LIBS)

check_PROGRAMS += %D%/claude_stream
tests_unit_agent_claude_stream_LDADD = $(AGENT_TEST_LIBS)

check_PROGRAMS += %D%/handlers
tests_unit_agent_handlers_LDADD = $(AGENT_TEST_LIBS)

check_PROGRAMS += %D%/captures
tests_unit_agent_captures_LDADD = $(AGENT_TEST_LIBS)

check_PROGRAMS += %D%/step_log
tests_unit_agent_step_log_LDADD = $(AGENT_TEST_LIBS)

check_PROGRAMS += %D%/agent_process
tests_unit_agent_agent_process_SOURCES = %D%/agent_process.c \
	%D%/agent_harness.c %D%/agent_harness.h
tests_unit_agent_agent_process_LDADD = $(AGENT_TEST_LIBS)

check_PROGRAMS += %D%/agent_work
tests_unit_agent_agent_work_SOURCES = %D%/agent_work.c \
	%D%/agent_harness.c %D%/agent_harness.h
tests_unit_agent_agent_work_LDADD = $(AGENT_TEST_LIBS)

EXTRA_DIST += tests/bin/claude \
	tests/fixtures/claude-streams/command-commit.jsonl \
	tests/fixtures/claude-streams/fail-401.jsonl \
	tests/fixtures/claude-streams/fail-429.jsonl \
	tests/fixtures/claude-streams/fail-529.jsonl \
	tests/fixtures/claude-streams/max-budget.jsonl \
	tests/fixtures/claude-streams/max-turns.jsonl \
	tests/fixtures/claude-streams/retry-429-recovered.jsonl \
	tests/fixtures/claude-streams/sigint-in-tool.jsonl \
	tests/fixtures/claude-streams/sigint-waiting.jsonl \
	tests/fixtures/claude-streams/subagent-two-results.jsonl \
	tests/fixtures/claude-streams/text.jsonl \
	tests/fixtures/claude-streams/tools-thinking.jsonl \
	tests/fixtures/claude-streams/usage-limit.jsonl \
	tests/fixtures/claude-streams/v1.0.100-text.jsonl \
	tests/fixtures/claude-streams/v2.0.76-fail-429.jsonl \
	tests/fixtures/claude-streams/v2.0.76-max-turns.jsonl
