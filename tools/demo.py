"""Demo: a program with the C kit's names, an emulated M5310 on a pty, and an application.

The output shows the program's steps (==), every AT line (-->, <--), every CoAP message between
module and cloud (==>, <==), the program's callbacks (MCU), the HTTP calls of the application (HTTP)
and what the cloud sends to it (PUSH, TRIGGER).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from m5310 import (
    NBIOT_BOOLEAN,
    NBIOT_EXECUTABLE,
    NBIOT_FLOAT,
    NBIOT_READABLE,
    NBIOT_UPDATED,
    NBIOT_WRITABLE,
    NbiotValue,
    nbiot_device_close,
    nbiot_device_connect,
    nbiot_device_create,
    nbiot_device_destroy,
    nbiot_device_step,
    nbiot_resource_add,
)
from m5310.onenet import Receiver

URI = "coap://183.230.40.40:5683"
LIFETIME = 300  # seconds
TOKEN = "abcdefg"
RECEIVER = Receiver(TOKEN)


def show(text: str) -> None:
    try:
        print(f"{text}\n", end="", flush=True)  # in one piece: two programs write here
    except BrokenPipeError:  # the reader has gone; the demo still runs to its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Called(BaseHTTPRequestHandler):
    """What the cloud sends to the application: `/push` and `/trigger`."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, text = 200, "ok"
        if path == "/push":
            status, text, _ = RECEIVER.answer(self.command, query, body)
        if body:
            kind = "PUSH" if path == "/push" else "TRIGGER"
            show(f"{kind}  {body.decode()}" if status == 200 else f"{kind}  {text}")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing: `show` does it."""


class Application:
    """The application: it uses only the HTTP API of the cloud."""

    def __init__(self, emulator: dict[str, Any]) -> None:
        self.base, self.key, self.imei = (emulator[key] for key in ("http", "api_key", "imei"))
        self.device_id = emulator["device_id"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"api-key": self.key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        show(f"HTTP  {method} {path}" + (f"  {json.dumps(body)}" if body else ""))
        with urllib.request.urlopen(request, timeout=40) as response:
            answer = json.load(response)
        show(f"HTTP  -> {json.dumps(answer, ensure_ascii=False)}")
        assert answer["errno"] == 0, answer
        return answer.get("data")

    def query(self, resource: str) -> str:
        names = ("obj_id", "obj_inst_id", "res_id")
        query = "&".join(f"{n}={v}" for n, v in zip(names, resource.split("/"), strict=False))
        return f"imei={self.imei}&{query}"


def main(emulator: dict[str, Any], called: str) -> None:
    """`called`: where the cloud calls the application."""

    def read(objid: int, instid: int, resid: int, value: NbiotValue) -> None:
        show(f"MCU   read_callback({objid}, {instid}, {resid}) returns {value.value}")

    def write(objid: int, instid: int, resid: int, value: NbiotValue) -> None:
        show(f"MCU   write_callback({objid}, {instid}, {resid}) accepts {value.value}")

    def execute(objid: int, instid: int, resid: int, value: NbiotValue, args: bytes) -> None:
        show(f"MCU   execute_callback({objid}, {instid}, {resid}, {value.value}, {args!r})")

    show("\n== The program creates its device and its resources")
    endpoint = f"{emulator['imei']};{emulator['imsi']}"
    device = nbiot_device_create(emulator["port"], endpoint, URI, LIFETIME, write, read, execute)
    try:
        temperature = NbiotValue(NBIOT_FLOAT, 21.5, NBIOT_READABLE)
        switch = NbiotValue(NBIOT_BOOLEAN, False, NBIOT_READABLE | NBIOT_WRITABLE)
        restart = NbiotValue(NBIOT_BOOLEAN, False, NBIOT_EXECUTABLE)
        nbiot_resource_add(device, 3303, 0, 5700, temperature)
        nbiot_resource_add(device, 3306, 0, 5850, switch)
        nbiot_resource_add(device, 3306, 0, 5523, restart)

        show("\n== It logs in")
        nbiot_device_connect(device, timeout=20)

        show("\n== The application wants to be called above 22 degrees")
        application = Application(emulator)
        application.call(
            "POST",
            "/triggers",
            {"url": f"{called}/trigger", "type": ">", "threshold": 22, "ds_id": "3303_0_5700"},
        )

        show(
            "\n== The program reports a value: a data point, which is pushed and fires the trigger"
        )
        temperature.value = 22.5
        temperature.flag |= NBIOT_UPDATED
        nbiot_device_step(device, timeout=1)

        show("\n== The application calls the HTTP API; the callbacks answer")
        failures: list[BaseException] = []

        def call_api() -> None:
            try:
                points = f"/devices/{application.device_id}/datapoints?datastream_id=3303_0_5700"
                application.call("GET", points)
                application.call("GET", f"/nbiot?{application.query('3303/0/5700')}")
                application.call(
                    "POST",
                    f"/nbiot?{application.query('3306/0')}&mode=2",
                    {"data": [{"res_id": 5850, "val": True}]},
                )
                application.call(
                    "POST", f"/nbiot/execute?{application.query('3306/0/5523')}", {"args": "now"}
                )
            except BaseException as error:
                failures.append(error)

        calling = threading.Thread(target=call_api)
        calling.start()
        while calling.is_alive():
            nbiot_device_step(device, timeout=0.2)
        if failures:
            raise failures[0]
        assert switch.value is True

        show("\n== It logs out")
        nbiot_device_close(device, timeout=10)
    finally:
        nbiot_device_destroy(device)
    show("\nDone: login, report, push, trigger, read, write and execute, there and back.")


def show_trace(trace: Any) -> None:
    for line in trace:
        show(line.rstrip("\n"))


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Called)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    called = f"http://127.0.0.1:{server.server_port}"
    options = ["--trace", "--push", f"{called}/push", "--token", TOKEN]
    command = [sys.executable, "-m", "emulator", "--json", *options]
    show(f"== An emulated M5310 and its cloud: python -m emulator {' '.join(options)}")
    show("   --> <--  AT lines between program and module; ==> <==  CoAP between module and cloud")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        tracing = threading.Thread(target=show_trace, args=(process.stderr,))
        tracing.start()
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            sys.exit("the emulator did not start; see its message above")
        emulator = json.loads(ready)
        show(f"   module on {emulator['port']}, cloud on {emulator['http']}")
        try:
            main(emulator, called)
        finally:
            process.terminate()
            tracing.join()
    sys.exit(process.returncode)
