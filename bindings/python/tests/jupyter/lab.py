"""A JupyterLab of its own over one directory, and pages of a headless Chromium with a notebook of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Where to put pictures of what was seen. Without it there are none.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
KERNEL = "window.jupyterapp.shell.currentWidget.context.sessionContext"


@contextmanager
def running(home: Path) -> Iterator[str]:
    """Runs JupyterLab over this directory and says where it is. It uses no settings of anybody's."""
    settings = home / ".settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": home,
        "IdentityProvider.token": "",
        "LabApp.user_settings_dir": home / ".settings",
        "LabApp.workspaces_dir": home / ".workspaces",
        "LabApp.extension_manager": "readonly",
        "LabApp.expose_app_in_browser": True,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {place: str(home / f".{place.lower()}") for place in places}
    log = home / ".lab.log"
    with log.open("wb") as out, subprocess.Popen(command, cwd=home, env=environment, stdout=out, stderr=out) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/api/status", server, log)
            yield address
        finally:
            server.terminate()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            return urlopen(address, timeout=2).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.2)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A headless Chromium with nothing in its memory."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Notebook:
    """A page with a notebook of these cells, and the widget in it as a person uses it."""

    def __init__(self, page: Page, address: str, home: Path, name: str, *cells: str) -> None:
        self.page, self.name, self.folder = page, name, home / name
        self.folder.mkdir()
        (self.folder / "notebook.ipynb").write_text(written(*cells))
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_default_timeout(30_000)
        page.goto(f"{address}/lab/tree/{name}/notebook.ipynb?reset")
        self.wait_until_ready()
        self.command("application:toggle-left-area")
        self.run()

    @property
    def widget(self) -> Locator:
        return self.page.locator(".cc")

    @property
    def box(self) -> Locator:
        """Where answers are written."""
        return self.page.get_by_role("textbox", name="Your answer")

    @property
    def messages(self) -> Locator:
        return self.widget.locator(".cc-message")

    def wait_until_ready(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.sessionContext != null")
        self.page.wait_for_function(f"{KERNEL}.session?.kernel?.status === 'idle'")

    def command(self, name: str, **arguments: object) -> None:
        execute = "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)"
        self.page.evaluate(execute, [name, arguments])

    def run(self) -> None:
        self.command("notebook:run-all-cells")
        self.widget.wait_for()

    def reload(self) -> None:
        """Loads the page anew. The kernel goes on, as it does for a person."""
        self.command("docmanager:save")
        self.page.reload()
        self.wait_until_ready()
        self.widget.wait_for()

    def restart(self) -> None:
        """Restarts the kernel and runs the cells again."""
        self.page.evaluate(f"() => {KERNEL}.restartKernel()")
        self.command("notebook:clear-all-cell-outputs")
        self.widget.wait_for(state="detached")
        self.run()

    def click(self, name: str, place: Locator | None = None) -> None:
        (place or self.widget).get_by_role("button", name=name, exact=True).click()

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def picture(self, name: str) -> None:
        """Pictures of the page in light and dark, for people to look at, if somebody has said where to."""
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            for theme in ("Dark", "Light"):
                self.command("apputils:change-theme", theme=f"JupyterLab {theme}")
                self.page.wait_for_selector(
                    f'body[data-jp-theme-light="{str(theme == "Light").lower()}"]', state="attached"
                )
                self.page.wait_for_timeout(700)
                self.page.screenshot(path=Path(SCREENSHOTS) / f"{self.name}-{name}-{theme.lower()}.png")


def written(*cells: str) -> str:
    """A notebook with these cells of code, as its file holds it."""
    new = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    code = [new | {"id": f"cell-{number}", "source": cell.strip()} for number, cell in enumerate(cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": code})
