"""The encoded configuration: that of two real programs, and malformed ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.dialects.classic.config import Blocks, Config
from m5310.errors import Code, ParameterError

BOOTSTRAP = bytes.fromhex(
    "10000000805101001900636F61703A2F2F3138332E3233302E34302E33393A353638331F00313233343536373839"
    "3031323334353B313233343536373839303132333435050501"
)
DIRECT = bytes.fromhex(
    "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A353638330900313233343B74657374"
)
ENDPOINT = "123456789012345;460001234567890"
URI = "coap://183.230.40.40:5683"


def test_bootstrap_configuration_of_a_real_program() -> None:
    config = Config("123456789012345;123456789012345", "coap://183.230.40.39:5683")
    assert config.encode() == BOOTSTRAP
    assert Config.decode(BOOTSTRAP) == config
    assert config.bootstrap is True
    assert config.lifetime == 86400
    assert config.blocks == Blocks(5, 5, 1)


def test_direct_configuration_of_a_real_program_without_blocks() -> None:
    config = Config("1234;test", "coap://183.230.40.40:5683", 300, blocks=None)
    assert config.encode() == DIRECT
    assert Config.decode(DIRECT) == config
    assert config.bootstrap is False


def test_bootstrap_bit_can_be_set() -> None:
    assert Config(ENDPOINT, URI, bootstrap=True).encode()[0] == 0x10
    assert Config(ENDPOINT, URI, encrypt=True).encode()[0] == 0x01
    assert Config(ENDPOINT, "coap://183.230.40.39:5683", bootstrap=False).encode()[0] == 0


configs = st.builds(
    Config,
    st.from_regex(r"[A-Za-z0-9]{1,17};[A-Za-z0-9]{1,16}", fullmatch=True),
    st.sampled_from([URI, "coaps://lwm2m.example.cn:5684", "coap://[::1]:1", "coap://a:65535"]),
    st.integers(10, 86400),
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 65535),
    st.none() | st.builds(Blocks, st.integers(0, 6), st.integers(0, 6), st.integers(0, 2)),
)


@given(configs)
def test_encoded_configuration_is_decoded_to_the_same(config: Config) -> None:
    assert Config.decode(config.encode()) == config


@given(configs, st.data())
def test_damaged_blob_is_an_error_or_another_configuration(
    config: Config, data: st.DataObject
) -> None:
    blob = bytearray(config.encode())
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.integers(0, len(blob)))
    try:
        decoded = Config.decode(bytes(blob[:end]))
    except ParameterError:
        return
    assert decoded.encode() == bytes(blob[:end])


@given(st.binary(max_size=80))
def test_any_bytes_are_decoded_or_an_error(blob: bytes) -> None:
    try:
        assert Config.decode(blob).encode() == blob
    except ParameterError:
        return


@pytest.mark.parametrize(
    ("blob", "says"),
    [
        (b"", "head alone"),
        (DIRECT[:7], "head alone"),
        (b"\x20" + DIRECT[1:], "mode byte"),
        (DIRECT[:8], "before the length of its URI"),
        (DIRECT[:9], "before the length of its URI"),
        (DIRECT[:20], "only 10 follow"),
        (DIRECT[:35], "before the length of its endpoint"),
        (DIRECT[:-1], "only 8 follow"),
        (DIRECT + b"\x05", "1 bytes follow"),
        (DIRECT + b"\x05\x05\x01\x00", "4 bytes follow"),
        (DIRECT + b"\x07\x05\x01", "block1"),
        (DIRECT + b"\x05\x07\x01", "block2"),
        (DIRECT + b"\x05\x05\x03", "threshold"),
        (DIRECT[:1] + b"\x04" + DIRECT[2:], "debug"),
        (DIRECT[:4] + b"\x09\x00\x00\x00" + DIRECT[8:], "lifetime"),
        (DIRECT.replace(b"coap", b"co\xffp"), "not ASCII"),
        (DIRECT.replace(b"coap:", b"http:"), "not coap"),
        (DIRECT.replace(b"1234;test", b"1234,test"), "<imei>;<imsi>"),
    ],
)
def test_error_of_a_malformed_blob(blob: bytes, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        Config.decode(blob)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        ";",
        "1;",
        ";1",
        "12345",
        "1;2;3",
        "1 ;2",
        "1;ü",
        "1" * 18 + ";2",
        "1;" + "2" * 17,
        "1;2\n",
    ],
)
def test_invalid_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(ParameterError, match="<imei>;<imsi>"):
        Config(endpoint, URI)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "183.230.40.40:5683",
        "http://183.230.40.40:5683",
        "coap://183.230.40.40",
        "coap://:5683",
        "coap://host:0",
        "coap://host:65536",
        "coap://host:port",
        "coap://host:1/path",
        "coap://host:1?query",
        "coap://host:1#part",
        "coap://ho st:1",
        "coap://host:1\n",
        "coap://hôst:1",
        "coap://[::1:1",
        "coap://[:::1]:1",
        "coap://[]:1",
        "coap://user@host:1",
        "coap://" + "h" * 250 + ":1",
    ],
)
def test_invalid_uri_is_refused(uri: str) -> None:
    with pytest.raises(ParameterError) as refused:
        Config(ENDPOINT, uri)
    assert refused.value.code is Code.INVALID_URI


@pytest.mark.parametrize("lifetime", [9, 86401, -1, 300.0, True])
def test_lifetime_out_of_range_is_refused(lifetime: int) -> None:
    with pytest.raises(ParameterError, match=r"10\.\.86400"):
        Config(ENDPOINT, URI, lifetime)


@pytest.mark.parametrize("field", [{"debug": 4}, {"port": 65536}, {"port": -1}])
def test_other_field_out_of_range_is_refused(field: dict[str, int]) -> None:
    with pytest.raises(ParameterError):
        Config(ENDPOINT, URI, **field)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, b"1234;5678", 12345678])
def test_endpoint_and_uri_must_be_text(wrong: object) -> None:
    with pytest.raises(ParameterError, match="endpoint"):
        Config(wrong, URI)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="URI") as refused:
        Config("1234;5678", wrong)  # type: ignore[arg-type]
    assert refused.value.code is Code.INVALID_URI
