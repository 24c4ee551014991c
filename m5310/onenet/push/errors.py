"""Why a request to the receiver is refused."""

from __future__ import annotations


class PushError(Exception):
    """A request that is not a push of this product's OneNET. Nothing of it was handed over."""

    status = 400
    """The HTTP status that answers it. OneNET pushes again after any but 200."""


class Malformed(PushError):
    """It has not the form of a push: what was wrong and what was expected is in the message."""


class TooLarge(Malformed):
    """Its body is longer than `Receiver` reads."""

    status = 413


class WrongMethod(Malformed):
    """Its HTTP method is neither GET (the check of the address) nor POST (a push)."""

    status = 405


class SignatureWrong(PushError):
    """The signature is not that of this token: another token, or somebody else's request."""

    status = 403


class NotDecrypted(PushError):
    """The signature is right, but neither AES key opens the message, or there is no key."""
