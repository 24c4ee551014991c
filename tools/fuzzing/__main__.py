"""Coverage-guided fuzzing of all parsers of external input, for a given time.

Each target runs in turn, starting from the inputs of the tests. An input that fails is kept in a
file; `--input` plays it again. Exit status 1: an input failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.fuzzing import api
from tools.fuzzing.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
# Seconds for one input; the slowest take 0.1, and 1 with instrumentation on a busy machine.
INPUT_TIMEOUT = 20
# MB, including 100 of atheris and the corpus.
MEMORY_LIMIT = 1024
# Seconds that a target may take beyond its time; libFuzzer ends between two inputs.
_GRACE = 200


def parser() -> argparse.ArgumentParser:
    notes = "\n".join(f"  {target.name:<10}{target.note}" for target in TARGETS.values())
    notes += f"\n  {api.NAME:<10}{api.NOTE}"
    made = argparse.ArgumentParser(
        prog="tools/fuzz",
        description=__doc__,
        epilog=f"targets:\n{notes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("targets", nargs="*", metavar="TARGET", help="targets to run (default: all)")
    made.add_argument(
        "--seconds", type=int, default=60, help="time for all targets together (default: 60)"
    )
    made.add_argument("--seed", type=int, default=0, help="seed of the random inputs (default: 0)")
    made.add_argument(
        "--keep",
        type=Path,
        default=Path(".fuzz"),
        metavar="FOLDER",
        help="folder for inputs that fail (default: .fuzz)",
    )
    made.add_argument(
        "--input", type=Path, metavar="FILE", help="play this input to one TARGET, then exit"
    )
    return made


def quoted(word: str) -> str:
    """The word as a line of a libFuzzer dictionary."""
    escaped = (
        rf"\x{byte:02x}" if byte in b'"\\\n' or byte > 0x7E else chr(byte) for byte in word.encode()
    )
    return f'"{"".join(escaped)}"'


def search(target: Target, seconds: int, seed: int, keep: Path) -> str:
    """Fuzz one target; returns libFuzzer's output if an input failed, else an empty string."""
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "words")
        words.write_text("\n".join(map(quoted, target.words)), encoding="utf-8")
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for place, data in enumerate(target.seeds()):
            Path(corpus, str(place)).write_bytes(data)
        arguments = {
            "max_total_time": seconds,
            "seed": seed + 1,  # libFuzzer takes 0 as: from the clock
            "timeout": INPUT_TIMEOUT,
            "rss_limit_mb": MEMORY_LIMIT,
            "max_len": target.longest,
            "dict": words,
            "artifact_prefix": f"{keep}/{target.name}-",
            "verbosity": 0,
        }
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tools.fuzzing.guided", target.name),
                *(f"-{name}={value}" for name, value in arguments.items()),
                str(corpus),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds + _GRACE,
            check=False,
        )
        found = len(list(corpus.iterdir()))
    if done.returncode == 0:
        print(f"{target.name}: no failure in {seconds} s, {found} inputs with different coverage")
        return ""
    return "\n".join(line for line in done.stdout.splitlines() if "Instrumenting" not in line)


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser()
    options = made.parse_args(arguments)
    names = (*TARGETS, api.NAME)
    if unknown := [name for name in options.targets if name not in names]:
        made.error(f"unknown target {', '.join(unknown)}; expected {', '.join(names)}")
    if options.seconds < 1 or options.seed < 0:
        made.error("expected --seconds 1 or more, and --seed 0 or more")
    chosen = options.targets or names
    if options.input is not None:
        if len(options.targets) != 1 or chosen[0] == api.NAME:
            made.error("--input: expected exactly one TARGET that reads bytes")
        TARGETS[chosen[0]].play(options.input.read_bytes())
        return
    keep = options.keep.resolve()
    keep.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in chosen:
        seconds = max(1, options.seconds // len(chosen))
        if name == api.NAME:
            output = api.search(seconds, options.seed)
        else:
            output = search(TARGETS[name], seconds, options.seed, keep)
        if output:
            failed = True
            print(f"{name}: an input failed, kept in {keep}\n{output}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
