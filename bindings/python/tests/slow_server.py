"""A model's server on this machine that sends a piece of an answer every 10 s, and knows when its connection was
closed.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time

EVERY = 10.0
SIGNAL = {"name": "tell_app", "arguments": '{"outcome": "failure"}'}
WITH_A_SIGNAL = {"content": "more ", "tool_calls": [{"index": 0, "id": "t", "type": "function", "function": SIGNAL}]}
ITEM = {"field": "skills", "value": "Rust", "message": 2, "quote": "I learned Rust"}
BEGINNING = {"content": '{"items": [' + json.dumps(ITEM) + ", "}


class SlowServer:
    """Speaks OpenAI's chat completions, slowly."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.asked = threading.Event()
        self.closed = threading.Event()
        self.closed_at = 0.0
        self.pieces = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65_536)
            start, _, body = head.partition(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in start.split(b"\r\n") if line.lower().startswith(b"content-length")
            )
            while len(body) < length:
                body += connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            delta = BEGINNING if b"json_schema" in body else WITH_A_SIGNAL
            while True:
                chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
                connection.sendall(b"data: " + json.dumps(chunk).encode() + b"\n\n")
                self.pieces += 1
                self.asked.set()
                until = time.monotonic() + EVERY
                while (left := until - time.monotonic()) > 0:
                    ready, _, _ = select.select([connection], [], [], left)
                    try:
                        gone = ready and not connection.recv(1)
                    except OSError:
                        gone = True
                    if gone:
                        self.closed_at = time.monotonic()
                        self.closed.set()
                        return

    def close(self) -> None:
        self.listener.close()
