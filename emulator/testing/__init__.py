"""Helpers for tests of programs that talk to the emulator; also useful without pytest.

`application.py` has `Cloud`: the device as a OneNET application sees it. `journal.py` has
`Journal`: the lines of the serial port so far, which a test can wait for. Both work from any
thread. `pytest_plugin.py` offers them as fixtures (README, "Test your own program").
"""
