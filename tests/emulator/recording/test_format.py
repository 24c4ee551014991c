"""Recording format: written and read again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator
from emulator.recording.format import Chunk, Recorder, RecordingError, Side, SpeedChange, read
from tests.support.hosts import Host

START = 1_795_415_760.0
HEAD = '{"recording": 1, "port": "p", "baud": 9600, "started": "2026-11-23T06:36:00.000Z"}\n'


class Desk:
    def __init__(self, baud: int = 9600) -> None:
        self.text = ""
        self.recorder = Recorder(self.write, START, port="/dev/pts/3", baud=baud)

    def write(self, line: str) -> None:
        self.text += line

    @property
    def lines(self) -> list[dict[str, object]]:
        self.recorder.close()
        return [json.loads(line) for line in self.text.splitlines()]


def test_first_line_describes_the_recording() -> None:
    assert Desk().lines == [
        {
            "recording": 1,
            "by": "emulator",
            "port": "/dev/pts/3",
            "baud": 9600,
            "started": "2026-11-23T06:36:00.000Z",
        }
    ]


def test_chunk_is_a_line_with_the_time_of_its_first_byte() -> None:
    desk = Desk()
    for place, byte in enumerate(b"AT\r\nAT\rAT+CSQ\r"):
        desk.recorder.sent(Side.HOST, bytes([byte]), START + 1 + place / 1000)
    desk.recorder.sent(Side.MODULE, b"", START + 2)
    desk.recorder.sent(Side.MODULE, b"\r\n+CSQ:1,99\r\n\r\nOK\r\n\r\n\xff\r\n", START + 2)
    desk.recorder.speed(115_200, START + 3)
    assert desk.lines[1:] == [
        {"at": 1.0, "from": "host", "text": "AT\r"},
        {"at": 1.003, "from": "host", "text": "\n"},
        {"at": 1.004, "from": "host", "text": "AT\r"},
        {"at": 1.007, "from": "host", "text": "AT+CSQ\r"},
        {"at": 2.0, "from": "module", "text": "\r\n+CSQ:1,99\r\n"},
        {"at": 2.0, "from": "module", "text": "\r\nOK\r\n"},
        {"at": 2.0, "from": "module", "hex": "0D0AFF0D0A"},
        {"at": 3.0, "baud": 115_200},
    ]


def test_pause_or_size_limit_ends_a_chunk() -> None:
    desk = Desk()
    desk.recorder.sent(Side.HOST, b"AT", START)
    desk.recorder.sent(Side.HOST, b"+CSQ", START + 0.2)
    desk.recorder.sent(Side.MODULE, b"x" * 5000, START + 0.2)
    assert [len(str(line.get("text"))) for line in desk.lines[1:]] == [2, 4, 4096, 904]


@given(
    st.lists(
        st.tuples(st.sampled_from(Side), st.binary(max_size=20), st.floats(0, 0.3)), max_size=20
    )
)
def test_joined_chunks_are_what_each_side_sent(sent: list[tuple[Side, bytes, float]]) -> None:
    desk = Desk()
    now = START
    for side, data, pause in sent:
        now += pause
        desk.recorder.sent(side, data, now)
    desk.recorder.close()
    pieces = [entry for entry in read(desk.text.encode()).entries if isinstance(entry, Chunk)]
    for side in Side:
        whole = b"".join(piece.data for piece in pieces if piece.side is side)
        assert whole == b"".join(data for who, data, _ in sent if who is side)


def test_reader_accepts_everything_the_format_allows() -> None:
    text = (
        HEAD.replace("\n", "\r\n")
        + '{"from": "host", "at": 0, "text": "AT\\r", "colour": "red"}\n'
        + '{"at": 0.5, "from": "module", "hex": "00ff"}\n'
        + '{"at": 1, "baud": 115200}\n'
    )
    found = read(text.encode())
    assert found.baud == 9600
    assert found.entries == (
        Chunk(0.0, Side.HOST, b"AT\r"),
        Chunk(0.5, Side.MODULE, b"\x00\xff"),
        SpeedChange(1.0, 115_200),
    )
    assert read(text.encode() + b'{"at": 2, "fr').entries == found.entries
    assert len(read(text.encode() + b'{"at": 2, "baud": 9600}').entries) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r:1: "),
        ("[]\n", "r:1: expected one JSON object"),
        ('{"recording": 2, "baud": 0}\n', 'r:1: "recording": 2, expected version 1'),
        ('{"recording": 1}\n', 'r:1: "baud": None, expected a speed, 0 to 10000000'),
        (HEAD + "no\n", "r:2: "),
        (HEAD + "[" * 100_000 + "\n", "r:2: nested too deep"),
        (HEAD + '{"at": -1, "baud": 1}\n', 'r:2: "at": -1, expected seconds, 0 or more'),
        (HEAD + '{"at": true, "baud": 1}\n', 'r:2: "at": True'),
        (HEAD + '{"at": NaN, "baud": 1}\n', 'r:2: "at": nan'),
        (HEAD + '{"at": 1, "baud": 0}\n', 'r:2: "baud": 0, expected a speed, 1 to 10000000'),
        (HEAD + '{"at": 2, "baud": 1}\n{"at": 1, "baud": 1}\n', 'r:3: "at": 1, expected'),
        (
            HEAD + '{"at": 1, "from": ["host"], "text": "x"}\n',
            """r:2: "from": ['host'], expected""",
        ),
        (HEAD + '{"at": 1, "from": {"host": 1}, "text": "x"}\n', 'r:2: "from": {'),
        (HEAD + '{"at": 1, "from": "host", "text": "\\ud800"}\n', "r:2: "),
        (HEAD + f'{{"at": {"9" * 4000}, "baud": 1}}\n', 'r:2: "at": 9999'),
        (HEAD + f'{{"at": {"9" * 5000}, "baud": 1}}\n', "r:2: Exceeds the limit"),
        (HEAD + f'{{"at": 1, "baud": {"9" * 4000}}}\n', 'r:2: "baud": 9999'),
        ('{"recording": 1, "baud": 1e999}\n', 'r:1: "baud": inf, expected a speed, 0 to 10000000'),
        (HEAD + '{"at": 1}\n', 'r:2: "from": None, expected "host" or "module"'),
        (HEAD + '{"at": 1, "from": "host", "text": ""}\n', 'r:2: expected a "text" or a "hex"'),
        (HEAD + '{"at": 1, "from": "host", "hex": "F"}\n', 'r:2: expected a "text" or a "hex"'),
        (HEAD + '{"at": 1, "from": "host", "hex": "FF", "text": "x"}\n', 'expected a "text"'),
    ],
)
def test_invalid_recording_is_rejected_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RecordingError) as error:
        read(text.encode(), "r")
    assert message in str(error.value)


@pytest.mark.parametrize("key", ["recording", "baud", "at", "from", "text"])
def test_no_depth_of_nesting_ends_in_a_traceback(key: str) -> None:
    for depth in range(1, 1500):
        line = f'{{"{key}": {"[" * depth}{"]" * depth}}}\n'
        with pytest.raises(RecordingError, match=r"r:[12]: "):
            read((HEAD if key == "at" else "").encode() + line.encode(), "r")


@pytest.mark.realtime
async def test_emulator_records_both_directions_and_baud() -> None:
    lines: list[str] = []
    async with Emulator(baud=115_200, http=None, record=lines.append) as it:
        with Host(it.port) as host:
            await host.command("AT")
            await host.command("AT+NATSPEED=57600,30,0,2,1,0,0")
            await host.command("AT")
    found = read("".join(lines).encode())
    assert found.baud == 115_200
    assert [entry.baud for entry in found.entries if isinstance(entry, SpeedChange)] == [57_600]
    assert [entry.data for entry in found.entries[:2] if isinstance(entry, Chunk)] == [
        b"AT\r",
        b"\r\nOK\r\n",
    ]
