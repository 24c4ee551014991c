"""The description of the API, as a program gets it."""

from __future__ import annotations

import pytest

from emulator.onenet.http.routes import ROUTES
from tests.support.served_api import served_api

pytestmark = pytest.mark.realtime


async def test_description_names_every_call_with_its_parameters() -> None:
    async with served_api() as api:
        document = await api.call("GET", "/openapi.json")
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), path) for path, calls in document["paths"].items() for method in calls
    }
    assert len(described) == len(ROUTES)
    assert {("POST", "/devices"), ("GET", "/devices/{device_id}"), ("POST", "/nbiot")} <= described
    write = document["paths"]["/nbiot"]["post"]
    required = {one["name"]: one["required"] for one in write["parameters"]}
    assert required == {
        "imei": False,
        "ep_name": False,
        "obj_id": True,
        "obj_inst_id": True,
        "res_id": False,
        "mode": True,
        "timeout": False,
    }
    assert write["requestBody"]["required"] is True


async def test_description_needs_the_key() -> None:
    async with served_api() as api:
        assert (await api.call("GET", "/openapi.json", key=None))["errno"] == 2
