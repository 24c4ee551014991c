"""OMA's registry of objects."""

from __future__ import annotations

from emulator.lwm2m.model import Path
from emulator.lwm2m.registry import Resource, definition, resource, type_of
from emulator.lwm2m.values import Type


def test_a_resource_has_what_the_registry_says() -> None:
    assert resource(Path(3303, 7, 5700)) == Resource(
        "Sensor Value", Type.FLOAT, "R", multiple=False, unit=""
    )
    assert resource(Path(3, 0, 7, 1)) == Resource(
        "Power Source Voltage", Type.INTEGER, "R", multiple=True, unit=""
    )
    assert resource(Path(3, 0, 4)) == Resource("Reboot", None, "E", multiple=False, unit="")


def test_types_that_the_guide_of_onenet_uses() -> None:
    assert type_of(Path(3306, 0, 5850)) is Type.BOOLEAN
    assert type_of(Path(3306, 0, 5851)) is Type.INTEGER
    assert type_of(Path(3, 0, 13)) is Type.TIME
    assert type_of(Path(5, 0, 0)) is Type.OPAQUE
    assert type_of(Path(3303, 0, 5701)) is Type.STRING


def test_what_is_not_in_the_registry_has_no_type() -> None:
    for path in (Path(3303), Path(3303, 0), Path(3303, 0, 9999), Path(4000, 0, 1)):
        assert resource(path) is None
        assert type_of(path) is None


def test_an_object_has_a_name_and_its_resources() -> None:
    temperature = definition(3303)
    assert temperature is not None
    assert (temperature.name, temperature.multiple) == ("Temperature", True)
    assert 5700 in temperature.resources
    assert definition(4000) is None
