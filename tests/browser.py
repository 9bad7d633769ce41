"""Headless Chromium, driven by its own DevTools protocol: no package but tornado, which the notebooks bring along."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--lang=en-US", "--remote-debugging-port=0",
    # a sandboxed frame in the page's own process can be looked into
    "--disable-features=IsolateSandboxedIframes,IsolateOrigins,site-per-process",
)  # fmt: skip


def chromium() -> str | None:
    """The browser's command; None where there is none."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


class Browser:
    """One page. Everything waits until what it asks for is there, or says what is there instead."""

    def __init__(self, profile: Path, width: int = 1400, height: int = 1000) -> None:
        self.errors = profile / "stderr.txt"
        profile.mkdir()
        command = [
            str(chromium()),
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "about:blank",
        ]
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        self.loop = asyncio.new_event_loop()
        self.asked = 0
        port = self._port()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
            pages = [page for page in json.load(answer) if page["type"] == "page"]
        self.socket = self.loop.run_until_complete(self._connect(pages[0]["webSocketDebuggerUrl"]))
        self.ask("Page.enable")

    def _port(self) -> str:
        for _ in range(300):
            if found := re.search(r"ws://127\.0\.0\.1:(\d+)/", self.errors.read_text()):
                return found[1]
            time.sleep(0.2)
        raise TimeoutError(f"Chromium did not start: {self.errors.read_text()[-500:]}")

    async def _connect(self, address: str) -> WebSocketClientConnection:
        return await websocket_connect(address, max_message_size=2**28)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer."""
        self.asked += 1
        message = json.dumps({"id": self.asked, "method": method, "params": parameters})

        async def answer() -> dict[str, Any]:
            await self.socket.write_message(message)
            while True:
                said = await asyncio.wait_for(self.socket.read_message(), 60)
                if said is None:
                    raise ConnectionError("Chromium closed the connection")
                if (heard := json.loads(said)).get("id") == self.asked:
                    return heard

        heard = self.loop.run_until_complete(answer())
        if "error" in heard:
            raise RuntimeError(f"{method}: {heard['error']}")
        return heard["result"]

    def open(self, address: str) -> None:
        self.ask("Page.navigate", url="about:blank")  # a change behind # alone would not load anew
        self.ask("Page.navigate", url=address)

    def run(self, script: str, context: int | None = None) -> Any:
        where = {} if context is None else {"contextId": context}
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, **where)
        return found["result"].get("value")

    def text(self) -> str:
        """All that the page and the frames in it show."""
        found = [self.run("document.body ? document.body.innerText : ''") or ""]
        tree = self.ask("Page.getFrameTree")["frameTree"]
        for child in tree.get("childFrames", []):
            world = self.ask("Page.createIsolatedWorld", frameId=child["frame"]["id"])["executionContextId"]
            found.append(self.run("document.body ? document.body.innerText : ''", world) or "")
        return "\n".join(found)

    def wait_for(self, *words: str, seconds: float = 120) -> str:
        """The text of the page once all the words are in it."""
        shown = ""
        for _ in range(int(2 * seconds)):
            shown = self.text()
            if all(word in shown for word in words):
                return shown
            time.sleep(0.5)
        missing = [word for word in words if word not in shown]
        raise AssertionError(f"{missing} not on the page, which shows:\n{shown[:3000]}")

    def click(self, words: str, seconds: float = 60) -> None:
        """Click the innermost element that shows exactly these words."""
        script = (
            "(() => { const all = [...document.querySelectorAll('a, button, span, div, [role=treeitem], li')]"
            f".filter(e => e.innerText && e.innerText.trim() === {json.dumps(words)} && e.offsetParent);"
            "const e = all[all.length - 1]; if (!e) return false; e.scrollIntoView(); e.click(); return true; })()"
        )
        for _ in range(int(2 * seconds)):
            if self.run(script):
                return
            time.sleep(0.5)
        raise AssertionError(f"nothing to click says {words!r}; the page shows:\n{self.text()[:3000]}")

    def show(self, file: Path, width: int, *, dark: bool = False) -> None:
        """One of our pages at this width, once all its figures are drawn."""
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.open(file.as_uri())
        for _ in range(240):
            if self.run("document.body && document.body.dataset.ready") == "yes":
                return
            time.sleep(0.25)
        raise AssertionError(f"the page was not ready; it shows:\n{self.text()[:3000]}")

    def press(self, key: str, code: int, text: str = "") -> None:
        """A key, where the focus is."""
        given: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **given)

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        self.loop.close()
