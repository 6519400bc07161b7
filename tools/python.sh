#!/bin/sh
# Print a Python that volviz runs on (3.11 or later), the newest-known first.
for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$python"
        exit 0
    fi
done
echo "volviz needs Python 3.11 or later; set PYTHON=/path/to/python if it is in an unusual place." >&2
exit 1
