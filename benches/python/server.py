"""A model's server on this machine: it answers every request at once with the same reply, as OpenAI or as Anthropic writes it.

`python server.py` prints its port. `GET /last` gives back the body of the newest request, so that others can send as much.
"""

from __future__ import annotations

import asyncio
import json

ANSWER = (
    "The parser works, and the tests that nearly made you give up are what you now trust it by. You stayed with "
    "them for two weeks although the plan had said one, and the group can use the result without asking you. "
    "When you look back at that second week, what would you do differently if you began again tomorrow?"
)
"""60 words that end in one question."""

MODEL = "mock-1"


def pieces() -> list[str]:
    """The pieces of the reply, two words each."""
    words = [word + " " for word in ANSWER.split(" ")]
    words[-1] = words[-1].rstrip()
    return ["".join(words[at : at + 2]) for at in range(0, len(words), 2)]


def openai_stream() -> list[str]:
    head = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1790000000, "model": MODEL}

    def chunk(delta: dict[str, str], finish: str | None = None) -> str:
        return data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    usage = {"prompt_tokens": 987, "completion_tokens": 74, "total_tokens": 1061}
    first = chunk({"role": "assistant", "content": ""})
    texts = [chunk({"content": piece}) for piece in pieces()]
    return [first, *texts, chunk({}, "stop"), data({**head, "choices": [], "usage": usage}), "data: [DONE]\n\n"]


def openai_whole() -> str:
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 987, "completion_tokens": 74, "total_tokens": 1061}
    head = {"id": "chatcmpl-7", "object": "chat.completion", "created": 1790000000, "model": MODEL}
    return json.dumps({**head, "choices": [choice], "usage": usage})


def anthropic_stream() -> list[str]:
    usage = {"input_tokens": 987, "output_tokens": 2}
    message: dict[str, object] = {"id": "msg_7", "type": "message", "role": "assistant", "model": MODEL, "content": []}
    start: list[dict[str, object]] = [
        {"type": "message_start", "message": {**message, "usage": usage, "stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    delta: dict[str, object] = {"type": "content_block_delta", "index": 0}
    texts = [{**delta, "delta": {"type": "text_delta", "text": piece}} for piece in pieces()]
    end: list[dict[str, object]] = [
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 74},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\n{data(event)}" for event in [*start, *texts, *end]]


def data(event: object) -> str:
    return f"data: {json.dumps(event)}\n\n"


def streamed(events: list[str]) -> bytes:
    """Each event in a chunk of its own, all in one write."""
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return (head + "".join(f"{len(event):x}\r\n{event}\r\n" for event in events) + "0\r\n\r\n").encode()


def whole(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Server:
    def __init__(self) -> None:
        self.last = b""
        self.openai = streamed(openai_stream()), whole(openai_whole().encode())
        self.anthropic = streamed(anthropic_stream())

    def answer(self, path: str, body: bytes) -> bytes:
        if path == "/last":
            return whole(self.last)
        self.last = body
        if path == "/v1/messages":
            return self.anthropic
        if path == "/v1/chat/completions":
            return self.openai[b'"stream":true' not in body.replace(b" ", b"")]
        return whole(b"{}", "404 Not Found")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                writer.write(self.answer(lines[0].split(" ")[1], body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # A client that leaves is no matter.
        finally:
            writer.close()


async def main() -> None:
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
