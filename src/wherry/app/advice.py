"""Ask a language model about what is not sure, on the user's terms: off by default, bounded, written down."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from wherry.app.credentials import Credentials
from wherry.app.settings import LlmSettings
from wherry.mapping.proposer.advice import Question, Unsure, Verdict, question, verdicts
from wherry.mapping.proposer.table import TargetField
from wherry.model.errors import Unavailable
from wherry.model.jsons import Json
from wherry.model.ledger import Asked

SEED = 20


class Model(Protocol):
    """A language model: a name, and a text for a chat completion; raises Unavailable where there is none."""

    @property
    def model(self) -> str:
        """Its name at the server."""

    def complete(self, body: Mapping[str, Json]) -> str:
        """Return the text of one completion."""


@dataclass(slots=True, kw_only=True)
class Adviser:
    """Asks a model several times, takes what most answers say, and keeps the hashes of what went to and fro.

    After the first call without an answer it asks no more: a proposal never waits for a model twice.
    `note` is told of every question, answered or not.
    """

    model: Model
    votes: int = 3
    values: bool = False  # may samples of values be shown
    note: Callable[[Asked], None] = lambda _asked: None
    asked: list[Asked] = field(default_factory=list)
    silent: str = ""  # why it is not asked any more

    def hear(
        self, name: str, unsure: Sequence[Unsure], targets: Sequence[TargetField]
    ) -> Mapping[int, Verdict]:
        """Return the model's verdicts on columns of one object, by their number from 1; none where it fails."""
        if self.silent or not unsure:
            return {}
        put = question(unsure, targets, values=self.values)
        body = _body(put)
        answers: list[str] = []
        for vote in range(self.votes):
            answer = self._one({**body, "seed": SEED + vote})
            if self.silent:
                break
            answers.append(answer)
        self._keep(name, body, answers, len(unsure))
        return {} if self.silent else verdicts(answers, put)

    def _one(self, body: Mapping[str, Json]) -> str:
        try:
            return self.model.complete(body)
        except Unavailable as fault:
            self.silent = fault.message
            return ""

    def _keep(self, name: str, body: Mapping[str, Json], answers: Sequence[str], columns: int) -> None:
        kept = Asked(
            about=name,
            model=self.model.model,
            columns=columns,
            prompt_sha256=_sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)),
            answer_sha256=_sha256(orjson.dumps(list(answers))) if answers and not self.silent else "",
        )
        self.asked.append(kept)
        self.note(kept)

    def summary(self) -> dict[str, Json]:
        """Return what was asked, with hashes, and why it went silent, if it did; for a result's document."""
        return {
            "model": self.model.model,
            "questions": [
                {
                    "source_object": one.about,
                    "columns": one.columns,
                    "prompt_sha256": one.prompt_sha256,
                    "answer_sha256": one.answer_sha256 or None,
                }
                for one in self.asked
            ],
            "failure": self.silent or None,
        }


def adviser_of(
    llm: LlmSettings, credentials: Credentials, note: Callable[[Asked], None] = lambda _asked: None
) -> Adviser | None:
    """Return who is asked, or None where no model is set: nothing of it is loaded then."""
    if not llm.on:
        return None
    from wherry.app.workspace import language_model  # noqa: PLC0415 - loads store and staging; only where it is asked

    model = language_model(llm, credentials.get("llm.api_key") or "")
    return Adviser(model=model, votes=llm.votes, values=llm.send_values, note=note)


def _body(put: Question) -> dict[str, Json]:
    data = orjson.dumps(put.data).decode()
    return {
        "messages": [{"role": "system", "content": put.task}, {"role": "user", "content": data}],
        "temperature": 0,
        "max_tokens": 200 + 80 * put.columns,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "places", "strict": True, "schema": put.schema},
        },
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
