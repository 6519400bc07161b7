"""Start the desktop application from the checkout: ``python main.py [PATH ...]``."""

import sys

from volviz.cli import main

if __name__ == "__main__":
    sys.exit(main(["open", *sys.argv[1:]] if sys.argv[1:] else []))
