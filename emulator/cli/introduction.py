"""What `--help` says before and after the options. Pure."""

from __future__ import annotations

DESCRIPTION = """\
Emulates a China Mobile M5310 NB-IoT module, or another module of OneNET, and the OneNET cloud that
it logs in to. The module is on a serial port (by default a pseudo terminal) that any serial program
can open. The cloud is on this machine, and applications use it like OneNET: they call its HTTP API
to read, write and execute the resources of the module, and it pushes to them what happens. People
use it by its page, whose address is printed at the start. Press Ctrl-C to end it.
"""

EXAMPLES = """\
examples:
  python -m emulator
        one module; prints its port, and the address and key of its cloud
  python -m emulator --http 127.0.0.1:8080
        open the address after `page` in a browser: modules, lines, air, devices, all as it happens
  python -m emulator --link /tmp/m5310 --trace
        a port name of your choice; prints every line in both directions
  python -m emulator --baud off --json
        for scripts: a fast line, and one JSON line on stdout when ready
  python -m emulator --http 127.0.0.1:8080 --api-key secret
        the cloud at the address and with the key that your application uses
  python -m emulator --push http://127.0.0.1:8000/push --token abcdefg
        the cloud pushes data points, logins and results of offline commands to your application
  python -m emulator --db FILE
        the cloud keeps devices, data points, triggers, commands; the next start goes on with them
  python -m emulator --module bc28
        another module of OneNET, which speaks China Mobile's suite language
  python -m emulator --no-device
        the cloud has no device for this module: its login is refused
  python -m emulator --port rfc2217://0.0.0.0:7000
        for a host on another machine (also Windows), which opens rfc2217://<this machine>:7000
  python -m emulator --port socket://:7000 --modules 3
        three modules with one cloud, on the TCP ports 7000 to 7002
  printf 'AT+CSQ\\r' | python -m emulator --port - --baud off
        one command through a pipe
  python -m emulator --baud strict --faults loss=0.001,corrupt=0.001,seed=7
        a bad cable, with the same faults each time; a host at another speed than 9600 reads garbage
  python -m emulator --speed 60
        one hour passes in one minute, on the line, in the air and in the cloud
  python -m emulator run FILE --trace
        plays the scenario in FILE, and prints a report at the end
  python -m emulator platform --coap 127.0.0.1:5683 --imei 865820030013978 --imsi 460040000000001
        the cloud alone: any LwM2M client that registers as <imei>;<imsi> is driven by its HTTP API
  python -m emulator --server coap://127.0.0.1:5683
        the module alone: it registers with the LwM2M server at this address
  python -m emulator --air-faults loss=0.1,duplication=0.05,reordering=0.1,seed=7
        a bad network, with the same faults each time
  python -m emulator --pcap FILE
        a capture for Wireshark: the datagrams of the air, and the AT lines
"""
