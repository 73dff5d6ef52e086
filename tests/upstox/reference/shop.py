"""A real HTTP server on loopback that hands out instrument files, whole, unchanged or broken."""

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATH = "/market-quote/instruments/exchange/"


class Shop:
    """What is on offer: file name to body; every request is noted with its status."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: dict[str, bytes] = {}
        """File name to the raw bytes of a whole HTTP answer, sent as they are."""
        self.asked: list[tuple[str, int]] = []
        self.address = ""

    def offer(self, name: str, rows: object) -> None:
        """Put a file of rows on offer."""
        self.files[f"{name}.json.gz"] = gzip.compress(json.dumps(rows).encode(), mtime=0)


@contextlib.contextmanager
def open_shop() -> Iterator[Shop]:
    """Serve on a free port of loopback until the context ends."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.removeprefix(_PATH)
            if name in shop.broken:
                self.wfile.write(shop.broken[name])
                self.close_connection = True
                return
            body = shop.files.get(name)
            tag = f'"{hash(body)}"'
            if body is None:
                self._send(404, b"", "")
            elif self.headers.get("If-None-Match") == tag:
                self._send(304, b"", tag)
            else:
                self._send(200, body, tag)

        def _send(self, status: int, body: bytes, tag: str) -> None:
            shop.asked.append((self.path.removeprefix(_PATH), status))
            self.send_response(status)
            if tag:
                self.send_header("ETag", tag)
            if status != 304:
                self.send_header("Content-Type", "application/gzip")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    shop.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
