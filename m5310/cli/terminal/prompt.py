"""The console's prompt at a terminal: history, completion, output above the input line."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from m5310.cli.explain.catalogue import completions
from m5310.cli.terminal.output import Output
from m5310.cli.terminal.stdin import Interrupted
from m5310.cli.translation import translated


async def read_lines(output: Output) -> AsyncGenerator[str, None]:
    """Yield each typed line until Ctrl-D. Raises Interrupted at Ctrl-C on an empty line.

    Text written to `output` meanwhile appears above the prompt.
    """
    session: PromptSession[str] = PromptSession(
        "> ", history=_history(), completer=_Commands(), complete_while_typing=False
    )
    out, err = output.out, output.err
    with patch_stdout(raw=True):
        output.out, output.err = sys.stdout, sys.stderr
        try:
            while True:
                try:
                    yield await session.prompt_async()
                except EOFError:
                    return
                except KeyboardInterrupt:
                    if not session.default_buffer.text:
                        raise Interrupted from None
        finally:
            output.out, output.err = out, err


class _Commands(Completer):
    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - prompt_toolkit passes it
    ) -> Iterable[Completion]:
        typed = document.text_before_cursor
        for entry in completions(typed):
            yield Completion(
                entry.command.line,
                start_position=-len(typed.lstrip()),
                display=entry.command.line + entry.takes,
                display_meta=translated(entry.command.meaning),
            )


def _history() -> History:
    """Lines typed in earlier sessions, kept in XDG_STATE_HOME (XDG Base Directory Spec)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(state) / "m5310"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "history").touch()
    except OSError:  # not writable: no history, but the console works
        return InMemoryHistory()
    return FileHistory(folder / "history")
