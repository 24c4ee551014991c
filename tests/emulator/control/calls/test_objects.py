"""Names of objects and resources, as OMA's registry has them."""

from __future__ import annotations

import pytest

from emulator.lwm2m import registry
from tests.support.page_calls import page_calls


@pytest.mark.realtime
async def test_known_objects_have_names_types_and_units() -> None:
    async with page_calls() as page:
        found = (await page.get("/emulator/objects"))["objects"]
    temperature = found["3303"]
    assert (temperature["name"], temperature["multiple"]) == ("Temperature", True)
    assert temperature["resources"]["5700"] == {
        "name": "Sensor Value",
        "type": "Float",
        "units": "",
        "operations": "R",
        "multiple": False,
    }
    reboot = found["3"]["resources"]["4"]
    assert (reboot["type"], reboot["operations"]) == (None, "E")
    assert "2000" not in found
    for number, known in registry.definitions().items():
        assert set(found[str(number)]["resources"]) == {str(one) for one in known.resources}
