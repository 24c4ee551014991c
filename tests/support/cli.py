"""Runs subcommands of `m5310` in this process, over a scripted module."""

from __future__ import annotations

import importlib
import io
from dataclasses import dataclass

import pytest

from m5310.at.modem import Modem
from m5310.cli.arguments import parser
from m5310.cli.terminal.output import Output
from tests.support.scripted import Scripted


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


def make_output() -> Output:
    """Writes to strings, as in a pipe."""
    return Output(io.StringIO(), io.StringIO(), {})


def texts(output: Output) -> tuple[str, str]:
    """What was written to stdout and to stderr."""
    assert isinstance(output.out, io.StringIO)
    assert isinstance(output.err, io.StringIO)
    return output.out.getvalue(), output.err.getvalue()


async def refuse_speed(baud: int) -> None:
    """For a port whose speed nothing changes."""
    raise AssertionError(f"speed changed to {baud}")


class FixedSpeed:
    change = staticmethod(refuse_speed)


async def run_subcommand(
    monkeypatch: pytest.MonkeyPatch, module: Scripted, name: str, *arguments: str
) -> Ran:
    """Run `m5310 NAME PORT ARGUMENTS` with this module on the port. Raises its M5310Error."""
    subcommand = importlib.import_module(f"m5310.cli.{name}")

    async def open_modem(*_: object) -> tuple[Modem, FixedSpeed]:
        return module.modem, FixedSpeed()

    monkeypatch.setattr(subcommand, "open_modem", open_modem)
    output = make_output()
    status = await subcommand.command(parser().parse_args([name, "PORT", *arguments]), output)
    return Ran(status, *texts(output))
