"""``python -m volviz`` is ``volviz``."""

import sys

from volviz.cli import main

if __name__ == "__main__":
    sys.exit(main())
