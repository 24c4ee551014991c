"""A device with a module and the cloud: which tests run in each language, and which do not.

What a user's program meets runs once for each language of tests/support/language.py, from one
source: a file that is marked with `usefixtures("each_language")` takes its module from the running
test, in a testbed, on a cable, on a port, or with a host that knows the words of
tests/support/host_words.py. `classic_only("reason")` leaves one of its tests out of the other
languages: its subject is missing there, or is the same in all of them.

The other files, and why (tests/test_architecture.py looks for the reason):

- `test_conversation` has the three languages and one more form, that of the classic module's later
  firmware.
- `test_every_module`, `test_every_value` and `test_c_kit` take every module that the emulator
  knows, `test_faults` those whose users have met the fault.
- `test_suite_extras` is about commands that the classic language does not have.
- `test_readme`, `test_readme_cloud` and `test_readme_modules` run the programs of the README as
  they are.
- `test_triggers` sees values in the platform, whatever brought them.
- `test_eager`, `test_watchers` and `test_transcribed` are about clock, trace and recording: bytes,
  whatever they mean.
- `air/test_commands` is about processes and has each language once; `air/test_kill` is about the
  platform's file.
- `air/test_foreign_clients` and `air/test_secure` have no module: foreign clients take its place.
- `page/` is about the emulator's page in a browser.
- `hosts/` are programs of others, each written for one language; `hosts/test_suite_hosts` has those
  of the suite, for either one who answers.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import language
from tests.support.language import CLASSIC, LANGUAGES, Language


# Of the module's scope: each example of a property runs in the same language.
@pytest.fixture(params=LANGUAGES, ids=str, scope="module")
def each_language(request: pytest.FixtureRequest) -> Iterator[Language]:
    language.current = request.param
    yield language.current
    language.current = CLASSIC


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker("classic_only") and _suite(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        kept = set(items).difference(left_out)
        items[:] = [item for item in items if item in kept]


def _suite(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("each_language", CLASSIC) is not CLASSIC
