"""One session of DTLS-PSK, from the handshake on: datagrams in and out, OpenSSL in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from emulator.air.dtls import records
from emulator.air.dtls.openssl import SSL, lib
from emulator.air.dtls.psk import Credentials

# Bytes of a datagram of a handshake, without UDP and IP; that of CoAP's default (RFC 7252 4.6).
MTU = 1280
# guess: bounds work. A longer datagram is ignored; CoAP and DTLS need less than half.
MAX_DATAGRAM = 4096

# OpenSSL's name for: there are keys, the first record under them is awaited. A test guards it.
_AWAITS_PROOF = b"SSLv3/TLS read change cipher spec"


class Session:
    """`receive` datagrams, `send` data; after each call take `output`.

    `identity`: of the client, once it is known. `established`: both ends have shown that they have
    the same key. `ended`: why it is over, in words; then it does nothing more. `wait`: seconds
    until `repeat` is due, by OpenSSL's own real clock; None: never. `random`: the client's random
    number, by which a repeated ClientHello is known.
    """

    def __init__(self, context: SSL.Context, credentials: Credentials | None = None) -> None:
        """A client that begins if there are `credentials`, else a server."""
        self.credentials = credentials
        self.identity = "" if credentials is None else credentials.identity
        self.established = False
        self.ended = ""
        self.started = self.last_received = 0.0
        self.waiting: list[bytes] = []  # data to send once it is established
        self.unanswered = 0  # data sent since something was received
        self.asked = 0.0  # when the first of them was
        self._connection = SSL.Connection(context, None)
        self._connection.set_ciphertext_mtu(MTU)
        self._server = credentials is None
        self._shown = False  # a record under the new keys has come in the handshake
        # Bytes of a record under keys; in a handshake, one with Finished. Some versions of OpenSSL
        # end a session for a shorter one, which anybody can send: it never gets there.
        self._shortest = records.HEADER + 40
        self._number = 0  # of the next record without keys
        self._alert = b""
        if self._server:
            self._connection.set_accept_state()
        else:
            self._connection.set_connect_state()

    @property
    def random(self) -> bytes:
        return self._connection.client_random() or b""

    @property
    def wait(self) -> float | None:
        return None if self.ended else self._connection.DTLSv1_get_timeout()

    def listen(self, hello: bytes) -> bool:
        """Take a ClientHello: True if its cookie is right. Else the session is as before, and
        `output` is the demand for one.
        """
        self._connection.bio_write(hello)
        try:
            self._connection.DTLSv1_listen()
        except SSL.Error:
            return False
        finally:
            lib.ERR_clear_error()  # it leaves some, which the next call for any session would meet
        return True

    def receive(self, found: list[bytes]) -> list[bytes]:
        """Take the records of a datagram, which may be anything: the data in it. Without: begin."""
        received: list[bytes] = []
        for each in found:
            sealed = records.epoch(each) > 0
            if not sealed or len(each) >= self._shortest:
                self._connection.bio_write(each)
                self._shown = self._shown or (sealed and each[0] == records.HANDSHAKE)
        with self._working():
            if not self.established:
                self._connection.do_handshake()
                self.established = True
                tag = 8 if (self._connection.get_cipher_name() or "").endswith("CCM8") else 16
                self._shortest = records.HEADER + 8 + tag
            while True:
                received.append(self._connection.recv(MAX_DATAGRAM))
        if self._server and not self.established and not self.ended:
            self._check_proof()
        return received

    def send(self, data: bytes) -> None:
        """Once it is established: one record, and so one datagram."""
        with self._working():
            self._connection.send(data)

    def repeat(self) -> None:
        """Send the last messages of the handshake again, if OpenSSL finds that it is time."""
        with self._working():
            self._connection.DTLSv1_handle_timeout()

    def close(self, reason: str = "closed") -> None:
        """End it, and tell the peer if it is established."""
        self.ended = reason
        if self.established:
            with suppress(SSL.Error):
                self._connection.shutdown()

    def output(self) -> list[bytes]:
        """The datagrams to send now."""
        try:
            data = self._connection.bio_read(65_536)
        except SSL.WantReadError:
            data = b""
        if self.established:
            return [data] if data else []
        made = records.split(data)
        for each in made:
            if records.epoch(each) == 0:
                self._number = records.sequence(each) + 1
        if self._alert:
            made.append(self._alert)
            self._alert = b""
        return records.pack(made, MTU)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Until OpenSSL has done all that it can do now."""
        try:
            yield
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.close("the peer closed it")
        except SSL.Error as error:
            self.ended = _reason(error)

    def _check_proof(self) -> None:
        """OpenSSL ignores a record that it cannot read (RFC 6347 4.1.2.7), also the one that shows
        that the client has the same key; the client would wait for an answer in vain.
        """
        if self._shown and self._connection.get_state_string() == _AWAITS_PROOF:
            self.ended = "wrong key"
            self._alert = records.decrypt_error(self._number)


def _reason(error: SSL.Error) -> str:
    """OpenSSL's words for it."""
    reasons = error.args[0] if error.args else ()
    if isinstance(reasons, list) and reasons:
        return str(reasons[-1][-1])
    return "OpenSSL failed"
