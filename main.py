"""Starts the studio from a checkout: `python main.py [PATH ...]`."""

import sys

from seamseg_studio.app.run import main

if __name__ == "__main__":
    sys.exit(main())
