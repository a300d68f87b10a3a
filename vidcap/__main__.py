"""``python -m vidcap`` is the ``vidcap`` command."""

import sys

from vidcap.cli import main

if __name__ == "__main__":
    sys.exit(main())
