"""Throw inputs at everything that reads what others wrote, for a time, led by the code they reach.

Each target in turn, from the inputs of the tests on; what is found is kept in a file, which
`--input` plays again. Status 1: something was found.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.fuzzing.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
# Seconds of one input; the slowest of the tests take 0.1, instrumented and on a busy machine 1.
HANG = 20
# MB, atheris' own 100 and the corpus included.
MEMORY = 1024
# Seconds beyond its time after which a target is taken for hung; libFuzzer ends between inputs.
_GRACE = 60


def parser() -> argparse.ArgumentParser:
    notes = "\n".join(f"  {target.name:<10}{target.note}" for target in TARGETS.values())
    made = argparse.ArgumentParser(
        prog="tools/fuzz",
        description=__doc__,
        epilog=f"targets:\n{notes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("targets", nargs="*", metavar="TARGET", help="only these (default: all)")
    made.add_argument("--seconds", type=int, default=60, help="for all together (default 60)")
    made.add_argument("--seed", type=int, default=0, help="another one, another search (default 0)")
    made.add_argument(
        "--keep",
        type=Path,
        default=Path(".fuzz"),
        metavar="FOLDER",
        help="where inputs that were found are kept (default .fuzz)",
    )
    made.add_argument(
        "--input", type=Path, metavar="FILE", help="play this one input to one TARGET, and no more"
    )
    return made


def quoted(word: str) -> str:
    """As a line of libFuzzer's dictionaries."""
    escaped = (rf"\x{byte:02x}" if byte in b'"\\\n' else chr(byte) for byte in word.encode())
    return f'"{"".join(escaped)}"'


def search(target: Target, seconds: int, seed: int, keep: Path) -> str:
    """What libFuzzer says of something it found; nothing if there was nothing."""
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "words")
        words.write_text("\n".join(map(quoted, target.words)), encoding="utf-8")
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for place, data in enumerate(target.seeds()):
            Path(corpus, str(place)).write_bytes(data)
        arguments = {
            "max_total_time": seconds,
            "seed": seed + 1,  # 0 is a seed by the time of day
            "timeout": HANG,
            "rss_limit_mb": MEMORY,
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
        print(f"{target.name}: nothing in {seconds} s, {found} inputs that reach different code")
        return ""
    return "\n".join(line for line in done.stdout.splitlines() if "Instrumenting" not in line)


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser()
    options = made.parse_args(arguments)
    if unknown := [name for name in options.targets if name not in TARGETS]:
        made.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if options.seconds < 1 or options.seed < 0:
        made.error("seconds are 1 or more, a seed 0 or more")
    chosen = [TARGETS[name] for name in options.targets or TARGETS]
    if options.input is not None:
        if len(options.targets) != 1:
            made.error("--input: expected one TARGET to play it to")
        chosen[0].play(options.input.read_bytes())
        return
    keep = options.keep.resolve()
    keep.mkdir(parents=True, exist_ok=True)
    found = False
    for target in chosen:
        said = search(target, max(1, options.seconds // len(chosen)), options.seed, keep)
        if said:
            found = True
            print(f"{target.name}: found something\n{said}")
    sys.exit(found)


if __name__ == "__main__":
    main()
