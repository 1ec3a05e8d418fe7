"""The explorer's server and a browser that waits for its pages, for tests and for measuring."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, expect

from tests.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

SECONDS = 60
"""So long a server may take to start, and a page to draw beside other tests."""


@contextmanager
def serving(command: list[str], folder: Path) -> Iterator[str]:
    """The address of a server that the command starts at a port that is added to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    option = "port" if "registry.cli" in command else "server.port"
    root, log = f"http://127.0.0.1:{port}", folder / "server.log"
    with log.open("wb") as stream:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
        process = subprocess.Popen(
            [*command, f"--{option}={port}"], cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT, env=environment
        )
    try:
        for _ in range(10 * SECONDS):
            assert process.poll() is None, log.read_text()
            try:
                urlopen(f"{root}/_stcore/health").close()
                break
            except OSError:
                time.sleep(0.1)
        yield root
    finally:
        process.terminate()
        process.wait(SECONDS)


def settled(page: Page) -> None:
    """Waits until the page has drawn what its script gave it."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=SECONDS * 1000)
    state = "data-test-script-state"
    expect(page.get_by_test_id("stApp")).to_have_attribute(state, "notRunning", timeout=SECONDS * 1000)
