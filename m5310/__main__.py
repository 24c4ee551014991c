"""`m5310`, or `python -m m5310`: the command for people."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command; returns the exit status."""
    try:
        from m5310.cli.main import main as run  # noqa: PLC0415 - Ctrl-C may come while it loads

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
