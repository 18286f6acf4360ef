"""A language model behind an OpenAI-compatible address: one question, one text, within a time that is kept."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import orjson

from wherry.connectors.kit.redact import log_event, silence_transport
from wherry.model.errors import Unavailable
from wherry.model.jsons import Json

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST = 1 << 20  # bytes of an answer
_PATH = "/chat/completions"
_UNKNOWN_FORM = frozenset({400, 404, 422})  # what servers say that do not know an answer's JSON Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Where the model is; its repr hides the key. `seconds` is the most that one call may take in all."""

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = 20.0
    transport: httpx2.BaseTransport | None = field(default=None, repr=False)

    def complete(self, body: Mapping[str, Json]) -> str:
        """Send one chat completion and return the text of its first choice.

        `body` holds all but the model; where the server does not know `response_format`, it is asked once
        more without. Raises Unavailable for anything but a text in time: no answer, an error, a redirect,
        a page, more than a megabyte. Never logs what is sent or said.
        """
        silence_transport()
        found: list[str | Unavailable] = []
        # A thread of its own: a server that sends a byte now and then would keep any other time-out waiting.
        asking = threading.Thread(target=lambda: found.append(self._asked(body)), daemon=True)
        asking.start()
        asking.join(self.seconds)
        said = found[0] if found else Unavailable("the language model did not answer in time")
        failed = isinstance(said, Unavailable)
        log_event("model.failed" if failed else "model.answered", "language model asked", model=self.model)
        if isinstance(said, Unavailable):
            raise said
        return said

    def _asked(self, body: Mapping[str, Json]) -> str | Unavailable:
        try:
            with self._client() as client:
                status, data = self._sent(client, body)
                if status in _UNKNOWN_FORM and "response_format" in body:
                    plain = {name: value for name, value in body.items() if name != "response_format"}
                    status, data = self._sent(client, plain)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as fault:
            return Unavailable(f"the language model could not be reached ({type(fault).__name__})")
        if status != 200:
            return Unavailable(f"the language model's server answered {status}")
        return _text(data)

    def _client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx2.Client(
            headers=headers,
            timeout=self.seconds,
            follow_redirects=False,
            transport=self.transport,
            trust_env=urlsplit(self.base_url).hostname not in _LOOPBACK,
        )

    def _sent(self, client: httpx2.Client, body: Mapping[str, Json]) -> tuple[int, bytes]:
        address = self.base_url.rstrip("/").removesuffix(_PATH) + _PATH
        content = orjson.dumps({"model": self.model, **body})
        head = {"Content-Type": "application/json", "Accept": "application/json"}
        with client.stream("POST", address, content=content, headers=head) as answer:
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > _MOST:
                    raise httpx2.ReadError("the answer is too long")
            return answer.status_code, bytes(data)


def _text(data: bytes) -> str | Unavailable:
    try:
        text = orjson.loads(data)["choices"][0]["message"]["content"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        text = None
    if isinstance(text, str) and text.strip():
        return text
    return Unavailable("the language model's server gave no chat completion")
