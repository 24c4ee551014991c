"""`python -m emulator`: handles signals from the start, then runs `emulator.cli.main`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from emulator.cli.shutdown import Shutdown


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal comes. Returns the exit status."""
    shutdown = Shutdown()
    try:
        # Imported here, so that Ctrl-C during the imports ends the program without a traceback.
        from emulator.cli.main import run  # noqa: PLC0415

        return run(shutdown, arguments)
    except ModuleNotFoundError as error:
        hint = f'{error.name} is not installed: pip install "m5310[emulator]"'
        print(f"m5310-emulator: {hint}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
