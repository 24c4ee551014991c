"""The description of the API for programs, made of the table of routes (OpenAPI 3.1). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.onenet.http.dispatch import ANY, PART
from emulator.onenet.http.kinds import Schema
from emulator.onenet.http.route import CONTROL, Parameter, Route

_ERROR = {"errno": {"type": "integer"}, "error": {"type": "string"}}


def description(routes: Iterable[Route]) -> dict[str, object]:
    """The OpenAPI document of `routes`."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        path = PART.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OneNET, emulated: HTTP API", "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "api-key"}}
        },
        "security": [{"key": []}],
    }


def _operation(route: Route) -> dict[str, object]:
    parts = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{pattern or ANY}$"},
        }
        for name, pattern in PART.findall(route.path)
    ]
    guide = "guide " if route.section[0].isdigit() else ""
    whose = "The emulator's own" if route.section == CONTROL else f"OneNET, {guide}{route.section}"
    operation: dict[str, object] = {
        "summary": route.summary,
        "description": f"{whose}. Needs {route.key.value}.",
        "parameters": parts + [_parameter(parameter) for parameter in route.query],
        "responses": {
            "200": {
                "description": "errno 0, or the number of an error",
                "content": {
                    "application/json": {"schema": _answer(route)},
                    **{media: {} for media in route.media},
                },
            }
        },
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": route.body.required,
            "content": {"application/json": {"schema": route.body.schema}},
        }
    return operation


def _parameter(parameter: Parameter) -> dict[str, object]:
    schema = parameter.kind.schema
    if parameter.default is not None:
        schema = {**schema, "default": parameter.default}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": schema,
        # A list is one text, its entries separated by commas.
        "style": "form",
        "explode": False,
    }


def _answer(route: Route) -> Schema:
    data: Schema = (
        {"type": "null"} if route.data is None else {"anyOf": [route.data, {"type": "null"}]}
    )
    return {
        "type": "object",
        "properties": {**_ERROR, "data": data},
        "required": ["errno", "error"],
        "additionalProperties": False,
    }
