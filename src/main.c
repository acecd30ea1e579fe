/* SPDX-License-Identifier: MIT */
/* Entry point: everything else lives in the layers, see docs/ARCHITECTURE.md.
 */
#include "config.h"

#include "cli/dispatch.h"

int
main(int argc, char **argv)
{
	return program_main(argc, argv);
}
