#!/bin/sh
# Make sure that the system libraries volviz needs are here: install them as root on Debian and its family, otherwise
# say exactly what to type. Usage: tools/system.sh [run|test]
set -eu

need_library() {  # soname package
    # glibc's cache is the quick answer; Python's loader is asked nothing, it may not be here yet.
    if ! /sbin/ldconfig -p 2>/dev/null | grep -q "$1"; then missing="$missing $2"; fi
}

missing=""
python=$(tools/python.sh 2>/dev/null || true)
if [ -z "$python" ]; then
    missing="$missing python3 python3-venv"
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    missing="$missing python3-venv"
fi
need_library libEGL.so.1 libegl1
need_library libGL.so.1 libgl1
need_library libfontconfig.so.1 libfontconfig1
need_library libglib-2.0.so.0 libglib2.0-0
need_library libxkbcommon.so.0 libxkbcommon0
need_library libdbus-1.so.3 libdbus-1-3
# A window on X11:
need_library libxcb-cursor.so.0 libxcb-cursor0
need_library libxcb-icccm.so.4 libxcb-icccm4
need_library libxcb-keysyms.so.1 libxcb-keysyms1
need_library libxcb-shape.so.0 libxcb-shape0
need_library libxkbcommon-x11.so.0 libxkbcommon-x11-0
if [ "${1:-run}" = test ]; then
    command -v xvfb-run >/dev/null || missing="$missing xvfb"
    command -v xauth >/dev/null || missing="$missing xauth"
fi
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "volviz needs libraries that Debian calls:$missing. Install what your system calls them, then run make again." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    echo "Installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words is meant
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "volviz needs some system libraries. Type this line, then run make again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
