"""A browser beside the terminal, which opens the broker's page."""

import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def browse(dialog: str) -> str:
    """Open the broker's page, go where it leads, and return what is shown there."""
    with urllib.request.urlopen(dialog, timeout=60) as page:
        return str(page.read().decode())


@dataclass
class Browser:
    """Opens the page as soon as the person is told its address, like a browser beside the terminal."""

    shown: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    visit: Callable[[str], str] = browse

    def __call__(self, text: str) -> None:
        found = re.search(r"http://\S+/v2/login/authorization/dialog\S+", text)
        if found:
            thread = threading.Thread(target=lambda: self.shown.append(self.visit(found[0])), daemon=True)
            self.threads.append(thread)
            thread.start()

    def close(self) -> None:
        for thread in self.threads:
            thread.join(60)
