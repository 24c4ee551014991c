"""Helpers for tests of programs that talk to the emulator; also useful without pytest.

`application.py` has `Cloud`: the device as a OneNET application sees it. `journal.py` has
`Journal`: the lines of the serial port so far, which a test can wait for. Both work from any
thread; calls that block are refused in a coroutine (`blocking.py`). `pytest_plugin.py` makes what
the fixtures of `m5310/cli/pytest_plugin.py` give to tests (README, "Test your own program").
"""
