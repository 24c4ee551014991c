"""Destinations that are led elsewhere, and the source that their senders see. Pure."""

from __future__ import annotations

# guess: destinations of one sender that are remembered; the one used longest ago is forgotten.
REMEMBERED = 16


class Routes:
    """`to`: where datagrams to an address go instead; names of hosts in lower case.

    As behind a NAT, the sender sees replies come from the address that it had sent to. If it sent
    to several that lead to the same place, it sees the last one.
    """

    def __init__(self) -> None:
        self.to: dict[str, str] = {}
        # By sender and by where its datagrams really go: the address that it used.
        self._used: dict[str, dict[str, str]] = {}

    def led(self, destination: str) -> str:
        """Where a datagram to `destination` goes."""
        return self.to.get(destination.lower(), destination)

    def remember(self, sender: str, destination: str, really: str) -> None:
        """`sender` has sent to `destination`, which is led to `really`."""
        used = self._used.get(sender)
        if used is not None:
            used.pop(really, None)  # what is added again is the newest
        if really == destination:
            return
        if used is None:
            used = self._used[sender] = {}
        elif len(used) >= REMEMBERED:
            del used[next(iter(used))]
        used[really] = destination

    def shown(self, receiver: str, source: str) -> str:
        """The source that `receiver` sees on datagrams of `source`."""
        used = self._used.get(receiver)
        return source if used is None else used.get(source, source)

    def forget(self, sender: str) -> None:
        self._used.pop(sender, None)
