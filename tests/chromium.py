"""A headless Chromium, driven through a pipe by the DevTools protocol. No library is needed for that."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")

FLAGS = ["--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]


class Tab:
    """A page of a browser.

    Attributes:
        problems: texts of exceptions, of errors and warnings in the console, and of violations of the page's policy.
        requests: addresses of all requests.
    """

    def __init__(self, answers: Any, commands: Any) -> None:
        self._answers, self._commands = answers, commands
        self._number = 0
        self._session: str | None = None
        self.problems: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        """Return the result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while True:
            found = self._read()
            if found.get("id") == self._number:
                assert "error" not in found, found["error"]
                return found["result"]

    def _read(self) -> dict[str, Any]:
        parts = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has ended"
            parts += byte
        found: dict[str, Any] = json.loads(parts)
        self._note(found.get("method"), found.get("params", {}))
        return found

    def _note(self, method: str | None, parameters: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.problems.append(str(parameters["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, path: Path) -> None:
        """Load a file, and wait until its model is ready."""
        self.load(path)
        while self.value("typeof lstmcli === 'undefined'"):
            pass
        assert self.value("lstmcli.ready")

    def load(self, path: Path) -> None:
        """Load a file."""
        self.send("Page.navigate", url=path.as_uri())
        while self.value(f"document.readyState !== 'complete' || location.href !== {json.dumps(path.as_uri())}"):
            pass

    def value(self, expression: str) -> Any:
        """Return what JavaScript evaluates to, awaited."""
        found = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def call(self, function: str, argument: Any) -> Any:
        """Return what a function returns for a value. JSON in ASCII carries even surrogates."""
        return self.value(f"({function})({json.dumps(argument)})")

    def until(self, expression: str) -> None:
        """Wait until an expression is true, which it becomes at a change of the document or is already."""
        self.value(
            "new Promise((done) => { const look = () => { if (" + expression + ") { seen.disconnect(); done(true); } };"
            "const seen = new MutationObserver(look);"
            "seen.observe(document, {subtree: true, "
            " childList: true, attributes: true, characterData: true}); look(); })"
        )

    def resize(self, width: int, height: int = 800) -> None:
        """Set the size of the screen."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def scheme(self, name: str, *, media: str = "") -> None:
        """Set "light" or "dark", and perhaps "print"."""
        self.send("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": name}])

    def press(self, key: str) -> None:
        """Press a key, such as "Tab" or "Enter"."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **more)


@contextmanager
def browser() -> Iterator[Tab]:
    """Start a browser with an empty profile."""
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [*FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        # The protocol is spoken through the descriptors 3 and 4.
        process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{from_us} 4>&{to_us}', "bash", str(PROGRAM), *flags],
            pass_fds=(from_us, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        os.close(from_us)
        os.close(to_us)
        try:
            with os.fdopen(from_browser, "rb") as answers, os.fdopen(to_browser, "wb") as commands:
                yield Tab(answers, commands)
        finally:
            process.terminate()
            process.wait()
