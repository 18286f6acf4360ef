"""A language model's server on loopback that says what it is told to, however wrong that is."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """What a request came with, and what is answered: status, body, and how."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    location: str = ""
    drip: float = 0.0  # seconds between bytes
    hang: bool = False


@dataclass
class ModelServer:
    """The requests so far, and who answers them: a question's JSON in, what is served out."""

    answer: Callable[[dict[str, Any]], Served]
    address: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def text(self) -> str:
        """Return all that was ever sent here."""
        return json.dumps(self.requests, ensure_ascii=False)


def completion(text: str) -> Served:
    """Return a chat completion of that text."""
    return Served(
        body=json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
    )


def places(**targets: str | list[str]) -> Callable[[dict[str, Any]], Served]:
    """Answer by header (spaces as underscores) with one target, or several."""

    def answer(request: dict[str, Any]) -> Served:
        data = json.loads(request["messages"][1]["content"])
        found = []
        for column in data["columns"]:
            wanted = targets.get(column["header"].replace(" ", "_"), "NONE")
            chosen = [wanted] if isinstance(wanted, str) else wanted
            found.append({"column": column["column"], "targets": chosen, "reason": "it sounds like it"})
        return completion(json.dumps({"columns": found}))

    return answer


@contextmanager
def model_server(answer: Callable[[dict[str, Any]], Served]) -> Iterator[ModelServer]:
    """Serve on a free port until the block ends."""
    told = ModelServer(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(size))
            told.requests.append({"path": self.path, **request})
            told.keys.append(self.headers.get("Authorization", ""))
            served = told.answer(request)
            if served.hang:
                told.over.wait(30)
                return
            try:
                self._send(served)
            except OSError:
                return  # the client has gone

        def _send(self, served: Served) -> None:
            self.send_response(served.status)
            self.send_header("Content-Type", served.kind)
            self.send_header("Content-Length", str(len(served.body)))
            if served.location:
                self.send_header("Location", served.location)
            self.end_headers()
            for byte in [served.body] if not served.drip else [bytes([b]) for b in served.body]:
                self.wfile.write(byte)
                self.wfile.flush()
                time.sleep(served.drip)
                if told.over.is_set():
                    return

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        thread.join(5)
        server.server_close()
