"""Any value reaches the other end unchanged, on every module."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Item, Path
from emulator.module.firmware import MODULES
from emulator.onenet.lwm2m.operations import Read, Write
from m5310 import Access, Reading, Resource, ValueType
from m5310.lwm2m.values import Value
from tests.support.clock import elapse, run
from tests.support.effort import scaled
from tests.support.hostile import WHOLE, Cut, Hostile
from tests.support.language import language_of
from tests.support.testbed import DeviceTestbed

# A resource of each type, by OMA's registry.
PATHS = {
    ValueType.STRING: "3303/0/5701",
    ValueType.OPAQUE: "3336/0/5517",
    ValueType.INTEGER: "3200/0/5501",
    ValueType.FLOAT: "3303/0/5700",
    ValueType.BOOLEAN: "3200/0/5500",
}
EMPTY: dict[ValueType, Value] = {
    ValueType.STRING: "",
    ValueType.OPAQUE: b"",
    ValueType.INTEGER: 0,
    ValueType.FLOAT: 0.0,
    ValueType.BOOLEAN: False,
}
SUBSCRIBED = 120  # seconds until the platform has observed and discovered all, one at a time

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60
).filter(lambda text: '"' not in text)
values: st.SearchStrategy[tuple[ValueType, Value]] = st.one_of(
    st.tuples(st.just(ValueType.STRING), texts),
    st.tuples(st.just(ValueType.STRING), st.sampled_from(["a,1,b", "1,5,0,0", ",0", "5,", " x "])),
    st.tuples(st.just(ValueType.OPAQUE), st.binary(min_size=1, max_size=60)),
    st.tuples(st.just(ValueType.INTEGER), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(
        st.just(ValueType.FLOAT),
        st.floats(allow_nan=False, allow_infinity=False, width=32, allow_subnormal=False),
    ),
    st.tuples(st.just(ValueType.BOOLEAN), st.booleans()),
)


def same(one: object, other: object) -> bool:
    if isinstance(other, float) and isinstance(one, int | float):  # 22.0 is stored as 22
        return math.isclose(one, other, rel_tol=1e-7)
    return one == other


async def exchange(testbed: DeviceTestbed, given: list[tuple[ValueType, Value]]) -> None:
    """Each value is reported and read, then written."""
    written: list[object] = []

    async def on_write(_: Resource, value: Value) -> None:
        written.append(value)

    # a text may look like a value of the classic module's later firmware
    async with testbed.device(on_write=on_write, reading=Reading.BARE) as device:
        held = {
            kind: await device.add_resource(path, kind, EMPTY[kind], Access(3))
            for kind, path in PATHS.items()
        }
        await device.connect(60)
        await elapse(SUBSCRIBED)
        for kind, value in given:
            path = Path.parse(f"/{PATHS[kind]}")
            await device.notify(held[kind], value, acknowledge=True)
            stored = list(value) if isinstance(value, bytes) else value
            assert same(testbed.values(PATHS[kind])[-1], stored)

            read = testbed.ask(Read(path))
            await testbed.until(lambda: bool(read), 60)  # noqa: B023 - awaited at once
            assert read[0].failure is None
            assert same(read[0].items[0].value, value)

            items = (Item(path, value),)
            outcome = testbed.ask(Write(path.instance_path, items, replace=False))
            await testbed.until(lambda: bool(outcome), 60)  # noqa: B023
            assert outcome[0].failure is None
            assert same(written[-1], value)
    testbed.stop()


@settings(max_examples=scaled(40))
@given(st.sampled_from(list(MODULES)), st.lists(values, min_size=1, max_size=8), st.integers(0, 99))
def test_values_arrive(module: str, given: list[tuple[ValueType, Value]], seed: int) -> None:
    line = Hostile("any cut", Cut.ANYWHERE, seed) if seed else WHOLE

    async def work() -> None:
        await exchange(DeviceTestbed(line, language=language_of(module)), given)

    run(work())
