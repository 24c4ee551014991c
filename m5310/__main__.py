"""Entry point of the `m5310` command; also `python -m m5310`."""

from __future__ import annotations

import sys

from m5310.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
