"""The configuration blob, against lines of real hosts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.dialects.suite.blob import Blob
from m5310.errors import ParameterError

HOST = "6E62696F7462742E6865636C6F7564732E636F6D3A35363833"  # nbiotbt.heclouds.com:5683
SEEN = {
    # M5310-A, M5311: bootstrap in bit 12 of the host's length
    f"130038F10003F2002A040011000000000000{'1019'}{HOST}000131F300080000000000": Blob(
        "nbiotbt.heclouds.com:5683", bootstrap=True
    ),
    "130031F10003F20023040011000000000000"
    "1012" + b"183.230.40.39:5683".hex() + "000131F300080000000000": Blob(
        "183.230.40.39:5683", bootstrap=True
    ),
    "130031F10003F2002304001100000000000000123138332E3233302E34302E34303A35363833000131F30008C0"
    "00000000": Blob("183.230.40.40:5683", debug=0xC0),
    # NB86: APN CMIOT, user and password "0", no port, a log
    "130033F10003F20025040011"
    + "0005434D494F54"
    + "000130" * 2
    + "000D"
    + b"183.230.40.39".hex()
    + "000130"
    + "F30008E200C80000": Blob(
        "183.230.40.39",
        apn="CMIOT",
        user="0",
        password="0",
        userdata="0",
        debug=0xE2,
        log_buffer=200,
    ),
    # ME3616: MTU 1280, user data NULL
    "130034F10003F20026050011000000000000"
    "0012" + b"183.230.40.40:5683".hex() + "00044E554C4CF300080000000000": Blob(
        "183.230.40.40:5683", mtu=1280, userdata="NULL"
    ),
    # newer suites: a byte before the APN
    "130032F10003F2002404001180000000000000"
    "0012" + b"183.230.40.39:5683".hex() + "000131F300080000000000": Blob(
        "183.230.40.39:5683", bootstrap=True, bootstrap_byte=True
    ),
}


@pytest.mark.parametrize(("text", "blob"), SEEN.items(), ids=lambda each: str(each)[:20])
def test_blobs_of_real_hosts(text: str, blob: Blob) -> None:
    assert Blob.decode(bytes.fromhex(text)) == blob
    assert blob.encode() == bytes.fromhex(text)


texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(
    st.builds(
        Blob,
        host=texts,
        bootstrap=st.booleans(),
        mtu=st.integers(0, 65535),
        link=st.integers(0, 15),
        band=st.integers(0, 15),
        apn=texts,
        user=texts,
        password=texts,
        userdata=texts,
        debug=st.integers(0, 255),
        log_buffer=st.integers(0, 65535),
        log_userdata=texts,
    )
)
def test_every_blob_is_read_back(blob: Blob) -> None:
    data = blob.encode()
    assert int.from_bytes(data[1:3], "big") == len(data)
    assert Blob.decode(data) == blob


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda it: b"\x13" + it))
def test_any_bytes_are_a_blob_or_refused(data: bytes) -> None:
    try:
        assert Blob.decode(data).encode() == data
    except ParameterError as error:
        assert str(error)  # noqa: PT017 - any bytes may do


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"mtu": 65536}, "mtu 65536"),
        ({"link": 16}, "link 16"),
        ({"apn": "é"}, "apn"),
        ({"userdata": "x" * 256}, "at most 255"),
        ({"debug": True}, "debug True"),
    ],
)
def test_values_without_a_place_are_refused(values: dict[str, object], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        Blob("1.2.3.4:5683", **values)  # type: ignore[arg-type]
