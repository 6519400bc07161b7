"""Start the desktop application from the checkout: ``python main.py [PATH ...]``."""

import sys

from volviz.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["open"]
    sys.exit(main())
