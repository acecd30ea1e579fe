check_LIBRARIES += libstatetest.a
libstatetest_a_SOURCES = %D%/scratch.c %D%/scratch.h
STATE_TEST_LIBS = libstatetest.a $(TAP_LIBS) $(STATE_LIBS)

check_PROGRAMS += \
	%D%/checkpoint \
	%D%/claim \
	%D%/dlq \
	%D%/event \
	%D%/formats \
	%D%/figures \
	%D%/job \
	%D%/job_record \
	%D%/journal \
	%D%/layout \
	%D%/trigger
tests_unit_state_checkpoint_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_claim_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_dlq_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_event_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_formats_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_figures_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_job_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_job_record_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_journal_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_layout_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_trigger_LDADD = $(STATE_TEST_LIBS)

EXTRA_DIST += \
	tests/fixtures/jobs/mapreduce-20261201_121415/checkpoint-v7.json \
	tests/fixtures/jobs/mapreduce-20261201_121415/journal-v0.jsonl \
	tests/fixtures/jobs/mapreduce-20261201_121415/metadata.json \
	tests/fixtures/jobs/mapreduce-20261201_121415/work-items.jsonl \
	tests/fixtures/jobs/letters/items/item_2.json \
	tests/fixtures/jobs/letters/items/item_4.json \
	tests/fixtures/jobs/letters/items/item_5.json \
	tests/fixtures/jobs/mapreduce-20261201_121430/checkpoint-v1.json \
	tests/fixtures/jobs/mapreduce-20261201_121430/journal-v0.jsonl \
	tests/fixtures/jobs/mapreduce-20261201_121430/metadata.json \
	tests/fixtures/jobs/mapreduce-20261201_121430/work-items.jsonl
