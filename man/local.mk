dist_man_MANS += \
	%D%/prodigy.1 \
	%D%/prodigy-run.1 \
	%D%/prodigy-workflow.5
