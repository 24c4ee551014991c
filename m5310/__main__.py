"""Entry point of the `m5310` command; also `python -m m5310`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command; returns the exit status."""
    try:
        from m5310.cli.main import main as run  # noqa: PLC0415 - quiet on Ctrl-C while loading

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
