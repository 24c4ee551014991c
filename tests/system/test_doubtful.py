"""What no source says of the module, in both readings: it takes the command, or refuses it."""

from __future__ import annotations

import asyncio

import pytest

from emulator.onenet.devices import Description
from m5310 import DeviceState, ValueType
from tests.support.clock import elapse, run
from tests.support.host_words import words_of
from tests.support.testbed import DeviceTestbed
from tests.support.uart import START

pytestmark = [
    pytest.mark.usefixtures("each_language"),
    pytest.mark.parametrize("strict", [False, True]),
]


@pytest.mark.parametrize("logged_in", [False, True])
def test_session_of_a_previous_program_is_replaced(strict: bool, logged_in: bool) -> None:
    async def scenario() -> None:
        testbed = DeviceTestbed(strict_host=strict, reachable=logged_in)
        previous = testbed.cloud
        if testbed.language.classic:  # its program gives it a name
            description = Description("of before", "1234", "test")
            previous = testbed.platform.create_device(description, START)
        words = words_of(testbed.language)
        for line in (*words.create("3306"), words.open(30)):
            testbed.command(line)
        await elapse(5)
        assert testbed.platform.online(previous) is logged_in
        testbed.back()
        async with testbed.device() as device:
            await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
            await device.connect(60)
            assert testbed.online
            assert testbed.platform.online(previous) is (previous is testbed.cloud)
            registration = testbed.platform.registration(testbed.cloud)
            assert registration is not None
            assert 3306 not in {path.object for path in registration.objects}
        testbed.stop()

    run(scenario())


def test_login_that_is_given_up(strict: bool) -> None:
    async def scenario() -> None:
        testbed = DeviceTestbed(strict_host=strict, reachable=False)
        device = testbed.device()
        await device.create()
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        login = asyncio.ensure_future(device.connect(60))
        await elapse(5)
        login.cancel()
        await asyncio.wait({login})
        before = asyncio.get_running_loop().time()
        await device.destroy()
        took = asyncio.get_running_loop().time() - before
        # hosts of the suite were seen to delete an instance that is logged in
        refused = strict and testbed.language.classic
        assert took > 30 if refused else took < 1
        assert device.state is DeviceState.DESTROYED
        assert testbed.commands[-2:] == [testbed.language.deletes, "AT+CMEE=0"]
        testbed.stop()

    run(scenario())


def test_device_that_a_false_line_called_logged_out(strict: bool) -> None:
    async def scenario() -> None:
        testbed = DeviceTestbed(strict_host=strict)
        async with testbed.device(recover=False) as device:
            await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
            await device.connect(60)
            testbed.send(testbed.language.closed)
        await elapse(2)
        assert not testbed.online  # the deletion logs out, or is refused until the logout
        testbed.stop()

    run(scenario())
