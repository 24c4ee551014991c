"""How a host creates the instance: the forms of AT+MIPLCREATE, and what is set before it."""

from __future__ import annotations

from emulator.module.at.codec import Cme, Refusal, from_hex
from emulator.module.at.commands import OK, Answer, Values
from emulator.module.at.doubts import Doubts
from emulator.module.dialects.suite.blob import Malformed, address_of, parse
from emulator.module.dialects.suite.urcs import information
from emulator.module.lwm2m.host import ServerAddress
from emulator.module.lwm2m.operations import Operation
from emulator.module.lwm2m.registration import Account
from emulator.module.suite import Create, Suite

DAY = 86_400
"""Seconds: the lifetime where the host gives none."""

BLOB_LIMIT = 1024  # guess: bounds the memory; real ones have less than 100 bytes
_MODES = (0, 7)  # of AT+MIPLCONFIG
_BUFFERS = (0, 3)
_ACK_TIMES = (2, 20)  # seconds
_IP = r"[0-9]{1,3}(\.[0-9]{1,3}){3}"


def wrong(condition: object) -> None:
    """Refuse what contradicts itself or its documented form."""
    if condition:
        raise Refusal(Cme.INCORRECT_PARAMETERS)


class Creation:
    """Makes the `Account` of a new instance; `endpoint` is its name.

    `automatic`: AT+MIPLCONFIG=3,1: the module answers observes itself.
    """

    def __init__(self, suite: Suite, endpoint: str) -> None:
        self._suite = suite
        self._endpoint = endpoint
        self._server = suite.server  # as AT+MIPLCONFIG and AT+MIPLBOOTSTRAP have set it
        # Read back as 3,1 from a module without a configuration in Quectel's example; hosts answer
        # nevertheless.
        self.automatic = Create.CONFIG in suite.create and not suite.host_observes
        self.text_writes = False
        self.buffers = 0  # 1: writes, 2: executes, 3: both wait for AT+MIPLRD
        self.announces = False  # by an unsolicited line
        self._ack_time = 2
        self._settings: dict[int, str] = {}  # of the modes without an effect
        self._blob = b""
        self._next = 0  # index of the next line of the blob

    def needs(self, form: Create) -> None:
        """Refuse a form that the module does not have."""
        if form not in self._suite.create:
            raise Refusal(Cme.NOT_SUPPORTED)

    def _account(self, server: ServerAddress, auth: str | None = None) -> Account:
        return Account(self._endpoint, DAY, server, auth)

    # AT+MIPLCREATE -----------------------------------------------------------------------------

    def bare(self) -> Account:
        self.needs(Create.BARE)
        return self._account(self._server)

    def line(self, values: Values) -> Account | None:
        """One line of a configuration; None until the last, whose index is 0.

        A line whose index is not the next one begins a new configuration. Raises Refusal.
        """
        self.needs(Create.BLOB)
        total = values.integer(1, BLOB_LIMIT)
        data = from_hex(values.word("[0-9A-Fa-f]+"))
        index, size, _flag = values.only((0, BLOB_LIMIT), (1, BLOB_LIMIT), (0, 3))
        earlier = self._blob if index == self._next else b""
        self._blob, self._next = b"", 0
        blob = earlier + data
        wrong(size != len(data) or len(blob) > total)
        if index:
            self._blob, self._next = blob, index - 1
            return None
        wrong(len(blob) != total)
        try:
            config = parse(blob)
        except Malformed:
            raise Refusal(Cme.INCORRECT_PARAMETERS) from None
        key = None if config.key is None else config.key.encode()
        server = ServerAddress(config.address, config.bootstrap, key=key)
        return self._account(server, config.auth)

    def ex(self, values: Values) -> Account:
        """AT+MIPLCREATEEX="host[:port]",flag[,code,key[,id[,encoding]]]; bit 0: bootstrap."""
        self.needs(Create.EX)
        return self._addressed(values, bootstrap_bit=True)

    def ext(self, values: Values) -> Account:
        """AT+MIPLCREATEEXT="host[:port]",1."""
        self.needs(Create.EXT)
        return self._addressed(values, bootstrap_bit=False)

    def _addressed(self, values: Values, *, bootstrap_bit: bool) -> Account:
        host, flag = values.word("[!-+./-~-]{1,300}"), values.integer(0, 3)
        auth, key, identity = (values.optional_word(".*") or None for _ in range(3))
        digits = values.optional_integer(0, 1)  # the key is hexadecimal
        values.end()
        try:
            address = address_of(host)
        except Malformed:
            raise Refusal(Cme.INCORRECT_PARAMETERS) from None
        # guess: the 1 of AT+MIPLCREATEEXT means bootstrap, too
        bootstrap = bool(flag & 1) or (not bootstrap_bit and bool(flag))
        secret = None if key is None else from_hex(key) if digits else key.encode()
        return self._account(ServerAddress(address, bootstrap, identity, secret), auth)

    # Before it ---------------------------------------------------------------------------------

    def bootstrap(self, values: Values) -> Answer:
        """AT+MIPLBOOTSTRAP=0|1."""
        self.needs(Create.BOOTSTRAP)
        self._server = ServerAddress(self._server.address, values.only_flag())
        return OK

    def configure(self, values: Values) -> Answer:
        """AT+MIPLCONFIG=mode,parameter[,parameter] (Quectel's application note)."""
        self.needs(Create.CONFIG)
        mode = values.integer(*_MODES)
        if mode in (0, 1):
            address, port = values.word(_IP), values.integer(1, 0xFFFF)
            values.end()
            self._server = ServerAddress(f"{address}:{port}", bootstrap=mode == 1)
        elif mode == 2:
            _one, self._ack_time = values.only((1, 1), _ACK_TIMES)
        elif mode == 3:
            self.automatic = values.only_flag()
        elif mode == 6:
            self.text_writes = values.only_flag()
        elif mode == 7:
            self.buffers, announces = values.only(_BUFFERS, (0, 1))
            self.announces = bool(announces)
            self._settings[mode] = f"{self.buffers},{announces}"
        else:
            self._store(mode, values, values.doubts)
        return OK

    def _store(self, mode: int, values: Values, doubts: Doubts) -> None:
        given = []
        while values.more:
            given.append(values.optional_word("[^\\r\\n]{0,64}") or "")
        wrong(not given or len(given) > 4)
        doubts.take(f"the setting {mode} has no effect")
        self._settings[mode] = ",".join(given)

    def read_configuration(self) -> Answer:
        self.needs(Create.CONFIG)
        host, _, port = self._server.address.partition(":")
        rows = [
            (int(self._server.bootstrap), host, port),
            (2, self._ack_time),
            (3, int(self.automatic)),
            *sorted(self._settings.items()),
        ]
        return Answer(tuple(information(self._suite, "MIPLCONFIG", *row) for row in rows))

    def test(self, form: Create) -> Answer:
        """The test command of one of these forms."""
        self.needs(form)
        return OK

    def test_configuration(self) -> Answer:
        self.needs(Create.CONFIG)
        text = "<mode>,<parameter1>[,<parameter2>]"
        return Answer((f"+MIPLCONFIG: {text}",))

    @property
    def host_answers(self) -> frozenset[Operation]:
        """What the host answers besides read, write and execute."""
        if not self._suite.host_answers:
            return frozenset()
        asked = {Operation.DISCOVER, Operation.WRITE_ATTRIBUTES}
        return frozenset(asked if self.automatic else {*asked, Operation.OBSERVE})
