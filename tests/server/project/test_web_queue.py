"""Whoever asks is answered by a thread that has nothing to do, whichever process it is in."""

import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

LONG_S = 120


@pytest.fixture
def address(tmp_path):
    """Two processes of two threads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = Path(__file__).with_name("four_at_once.py")
    process = subprocess.Popen([sys.executable, program, address, tmp_path])
    try:
        wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=LONG_S)


def wait_for(address):
    """Until somebody listens there."""
    host, _, port = address.partition(":")
    until = time.monotonic() + LONG_S
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=LONG_S).close()
        except ConnectionRefusedError:
            assert time.monotonic() < until, "nobody listens"
            time.sleep(0.05)
        else:
            return


def test_nobody_waits_behind_another_while_a_thread_is_free(address):
    """Four threads answer four who need each other, again and again."""

    def ask(number):
        with urlopen(f"http://{address}/?{number // 4}", timeout=LONG_S) as answer:
            return answer.read()

    with ThreadPoolExecutor(4) as clients:
        for number in range(0, 32, 4):
            rounds = [number] * 4
            assert [*clients.map(ask, rounds)] == [b"all four"] * 4
