#!/usr/bin/env bash
# Runs the tests: tools/run-tests.sh PYTHON [TESTS...]. In CI, tests that fail are asked once more, by themselves: two shared
# cores are noisy, and the log then names them. One that passes only the second time is a defect to mend all the same.
set -uo pipefail
python=$1; shift
tools/private-network.sh "$python" -m pytest "$@" && exit 0
status=$?
if [ $status -ne 1 ] || [ "${CI:-}" != true ]; then exit $status; fi
echo "=== once more, only what failed"
exec tools/private-network.sh "$python" -m pytest --last-failed --last-failed-no-failures none "$@"
