"""The ring of the traffic, and who reads it: nothing is lost or doubled without being counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.control import downloads
from emulator.control.calls import traffic as calls
from emulator.control.traffic import Kind, LineTap, Traffic
from emulator.control.viewer import IDS, Texts, Viewer
from emulator.recording.format import Recorder, Side
from emulator.recording.trace import Trace, TraceLine

START = 1_000.0
SIDES = st.sampled_from(Side)
# What lines consist of, and what is in the way of splitting them.
DATA = st.one_of(
    st.sampled_from(
        [b"AT\r", b"AT+CSQ\r\n", b"AT\n", b"\r\nOK\r\n", b"\r\n+CSQ:20,99\r\n\r\nOK\r\n", b"> "]
    ),
    st.binary(min_size=1, max_size=6),
    st.sampled_from([b"\r", b"\n", b"A", b"T"]),
    st.just(b"x" * 3000 + b"\r"),
)


@dataclass(frozen=True)
class Sent:
    module: int
    side: Side
    data: bytes
    after: float


SENT = st.builds(
    Sent, st.integers(1, 3), SIDES, DATA, st.sampled_from([0.0, 0.001, 0.05, 0.1, 0.3])
)


def timed(sent: Iterable[Sent]) -> list[tuple[Sent, float]]:
    now, found = START, []
    for one in sent:
        now += one.after
        found.append((one, now))
    return found


def texts() -> Texts:
    return Texts(START, ())


def ids(entries: Iterable[dict[str, object]]) -> list[object]:
    return [entry["id"] for entry in entries]


def lines(count: int, traffic: Traffic, modules: int = 1) -> None:
    """`count` complete lines, one a piece, of each module in turn."""
    taps = [LineTap(traffic, n) for n in range(1, modules + 1)]
    for n in range(count):
        taps[n % modules].sent(Side.HOST, b"AT+X=%d\r" % n, START + n / 1000)


@given(st.lists(SENT, max_size=40), st.data())
def test_a_viewer_that_reads_in_any_pieces_sees_what_one_that_reads_at_once_sees(
    sent: list[Sent], data: st.DataObject
) -> None:
    traffic = Traffic(3)
    taps = {n: LineTap(traffic, n) for n in (1, 2, 3)}
    module = data.draw(st.sampled_from([None, 1, 2]))
    pieces, found = Viewer(traffic, texts(), module), []
    for one, now in timed(sent):
        taps[one.module].sent(one.side, one.data, now)
        if data.draw(st.booleans()):
            traffic.settle(now)
            found += pieces.read(data.draw(st.integers(1, 3)))
    traffic.settle(START + 1_000)
    while pieces.behind:
        found += pieces.read(1)
    whole = Viewer(traffic, texts(), module, after=0).read(10_000)
    assert found == whole
    assert len(set(ids(found))) == len(found)
    assert ids(found) == sorted(ids(found), key=int)  # type: ignore[arg-type]
    assert pieces.lost == 0
    # One that connects again goes on where it was, in the middle of a line's texts, too.
    if module is None and found:
        at = data.draw(st.integers(0, len(found) - 1))
        later = Viewer(traffic, texts(), module, int(str(found[at]["id"])))
        assert ids(later.read(10_000)) == ids(found[at + 1 :])


@given(st.lists(SENT, max_size=40))
def test_its_lines_are_those_of_the_trace(sent: list[Sent]) -> None:
    """Whatever pieces the bytes came in."""
    traffic, expected = Traffic(3), list[TraceLine]()
    for module in (1, 2, 3):
        tap, trace = LineTap(traffic, module), Trace(expected.append, START, module=module)
        for one, now in timed(sent):
            if one.module == module:
                tap.sent(one.side, one.data, now)
                (trace.to_module if one.side is Side.HOST else trace.to_host)(one.data, now)
        tap.flush()
    found = Viewer(traffic, texts(), after=0).read(10_000)
    shown = [
        (line.module, line.text, line.urc)
        for line in expected
        if not line.text.startswith("the host ends its line with LF")  # as often as it pauses
    ]
    assert [
        (entry["module"], entry["text"], entry["urc"])
        for entry in found
        if not str(entry["text"]).startswith("the host ends its line with LF")
    ] == shown


@given(st.lists(SENT, max_size=40), st.sampled_from([0, 9600]))
def test_a_recording_of_it_is_the_one_that_the_emulator_writes(sent: list[Sent], baud: int) -> None:
    traffic, expected = Traffic(3), list[str]()
    tap, recorder = LineTap(traffic, 1), Recorder(expected.append, START, port="p", baud=baud)
    for number, (one, now) in enumerate(timed(sent)):
        tap.sent(one.side, one.data, now)
        recorder.sent(one.side, one.data, now)
        if number == 20:
            tap.speed(115_200, now)
            recorder.speed(115_200, now)
    tap.flush()
    recorder.close()
    made = downloads.recording(traffic.kept(0, 1), START, "p", baud)
    assert b"".join(made).decode() == "".join(expected)


@given(
    SIDES,
    st.lists(st.sampled_from([b"\r\n+CSQ:20,99\r\n", b"\r\nOK\r\n", b"AT\r\n", b"AT+CSQ\r"])),
    st.data(),
)
def test_a_recording_of_a_paced_line_has_the_time_of_each_line(
    side: Side, sent: list[bytes], data: st.DataObject
) -> None:
    """Its bytes come as many at a time as are complete: the end of a line with the next one."""
    rest, now = b"".join(sent), START
    traffic, expected = Traffic(1), list[str]()
    tap, recorder = LineTap(traffic, 1), Recorder(expected.append, START, port="p", baud=9600)
    while rest:
        size = data.draw(st.integers(1, 12))
        tap.sent(side, rest[:size], now)
        recorder.sent(side, rest[:size], now)
        rest, now = rest[size:], now + size / 960
    tap.flush()
    recorder.close()
    made = downloads.recording(traffic.kept(0, 1), START, "p", 9600)
    assert b"".join(made).decode() == "".join(expected)


@given(st.data())
def test_what_a_slow_viewer_missed_is_counted_exactly(data: st.DataObject) -> None:
    """Each piece is one line here: what it was shown and what it lost are all."""
    most = data.draw(st.integers(1, 20))
    traffic = Traffic(2, most=most, most_bytes=data.draw(st.sampled_from([30, 100, 10_000])))
    taps = {n: LineTap(traffic, n) for n in (1, 2)}
    modules = [None, 1, 2]
    viewers = {module: Viewer(traffic, texts(), module) for module in modules}
    seen = dict.fromkeys(modules, 0)
    sent = {None: 0, 1: 0, 2: 0}
    for number in data.draw(st.lists(st.sampled_from([1, 2]), max_size=80)):
        taps[number].sent(Side.HOST, b"AT+X=%d\r" % sent[None], START)
        sent[number] += 1
        sent[None] += 1
        assert traffic.next - traffic.oldest <= most
        reader = data.draw(st.sampled_from([*modules, "nobody"]))
        if reader != "nobody":
            seen[reader] += len(viewers[reader].read(data.draw(st.integers(1, 10))))
    for module, viewer in viewers.items():
        while viewer.behind:
            seen[module] += len(viewer.read(3))
        assert seen[module] + viewer.lost == sent[module]


@pytest.mark.parametrize("meanwhile", [1, 5, 15, 40])
def test_a_long_answer_has_nothing_that_belongs_to_the_next_one(meanwhile: int) -> None:
    """It is made in turns, while more comes; the next one begins after its `last`."""
    traffic = Traffic(1, most=10)
    lines(8, traffic)
    end = traffic.next
    made = calls.entries_before(Viewer(traffic, texts(), after=0), traffic, end)
    found = [next(made)]
    lines(meanwhile, traffic)
    found += made
    assert max(int(str(one["id"])) for one in found) <= end * IDS


def test_memory_is_bounded_by_pieces_and_by_bytes() -> None:
    traffic = Traffic(1, most=100, most_bytes=5000)
    lines(250, traffic)
    assert [piece.data for piece in traffic.kept(0)] == [b"AT+X=%d\r" % n for n in range(150, 250)]
    tap = LineTap(traffic, 1)
    for _ in range(10):
        tap.sent(Side.MODULE, b"\r\n" + b"x" * 496 + b"\r\n", START)
        assert sum(len(piece.data) for piece in traffic.kept(0)) <= 5000
    assert traffic.next - traffic.oldest == 10
    traffic.datagram("a:1", "b:2", bytes(60_000), START)  # larger than all that is kept
    assert traffic.next - traffic.oldest == 1
    assert sum(slot is not None for slot in traffic._ring) == 1


def test_a_large_chunk_is_made_text_in_small_turns() -> None:
    """64 KB that a host pastes are not made text at once."""
    traffic = Traffic(1)
    LineTap(traffic, 1).sent(Side.HOST, b"A\r" * 32_768, START)
    viewer, found = Viewer(traffic, texts(), after=0), 0
    while viewer.behind:
        read = len(viewer.read(1))
        assert read <= 257
        found += read
    assert found == 32_768


def test_one_that_comes_back_too_late_is_told_what_it_missed() -> None:
    traffic = Traffic(2, most=10)
    lines(6, traffic, modules=2)
    viewer = Viewer(traffic, texts(), after=0)
    viewer.read(4)
    lines(20, traffic, modules=2)
    again = Viewer(traffic, texts(), after=viewer.last)
    assert again.lost == 26 - 10 - 4
    # Of one module it may have seen some of them: the number is the largest that it may be.
    assert Viewer(traffic, texts(), 1, viewer.last).lost == 8
    assert Viewer(traffic, texts(), 1, after=0).lost == 8
    assert Viewer(traffic, texts(), 1, traffic.next * 10_000).lost == 0


def test_an_id_from_elsewhere_gets_only_what_comes_from_now_on() -> None:
    """Such as that of an earlier run."""
    traffic = Traffic(1)
    lines(3, traffic)
    viewer = Viewer(traffic, texts(), after=10**14)
    assert (viewer.behind, viewer.lost) == (False, 0)
    lines(1, traffic)
    assert [entry["text"] for entry in viewer.read(9)] == ["AT+X=0"]


def test_bytes_one_by_one_are_gathered_to_lines() -> None:
    traffic = Traffic(1)
    tap = LineTap(traffic, 1)
    for n, byte in enumerate(b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"):
        tap.sent(Side.MODULE, bytes([byte]), START + n / 1000)
    pieces = list(traffic.kept(0))
    assert [piece.data for piece in pieces] == [b"\r\n+CSQ:20,99\r\n", b"\r\nOK\r\n"]
    assert (pieces[0].begin, pieces[0].at) == (START, pytest.approx(START + 0.013))


def test_what_nothing_follows_is_shown_after_a_pause() -> None:
    traffic = Traffic(1)
    LineTap(traffic, 1).sent(Side.HOST, b"AT\n", START)
    LineTap(traffic, 1).sent(Side.MODULE, b"\r\n> ", START)
    traffic.settle(START + 0.05)
    assert [piece.data for piece in traffic.kept(0)] == [b"AT\n"]
    traffic.settle(START + 0.2)
    assert [piece.data for piece in traffic.kept(0)] == [b"AT\n", b"\r\n> "]
    (note,) = Viewer(traffic, texts(), after=0).read(9)
    assert note["way"] == "note"
    assert "the host ends its line with LF" in str(note["text"])


def test_notes_of_the_air_belong_to_the_module_that_they_name() -> None:
    traffic = Traffic(2, lambda address: {"127.0.0.1:5001": 2}.get(address, 0))
    traffic.note_of_air("datagram of 127.0.0.1:5001 to 10.0.0.1:5683 lost: too far", START)
    traffic.note_of_air("datagram of 127.0.0.1:77 lost", START)
    traffic.datagram("127.0.0.1:5683", "127.0.0.1:5001", b"\x40\x00\x00\x00", START)
    assert [(piece.kind, piece.module) for piece in traffic.kept(0)] == [
        (Kind.NOTE, 2),
        (Kind.NOTE, 0),
        (Kind.AIR, 2),
    ]
    found = Viewer(traffic, texts(), after=0).read(9)
    assert [entry["module"] for entry in found] == [2, None, 2]


def test_texts_of_thousands_of_modules_are_bounded() -> None:
    traffic, made = Traffic(2000), texts()
    for module in range(1, 2001):
        LineTap(traffic, module).sent(Side.HOST, b"AT\r", START)
    assert len(Viewer(traffic, made, after=0).read(10_000)) == 2000
    assert len(made._lines) <= 500


def test_a_speed_before_the_oldest_piece_is_remembered() -> None:
    """So that a recording begins with the right one."""
    traffic = Traffic(1, most=3)
    traffic.baud[1] = 9600
    tap = LineTap(traffic, 1)
    tap.speed(115_200, START)
    assert traffic.baud[1] == 9600
    lines(3, traffic)
    assert traffic.baud[1] == 115_200
