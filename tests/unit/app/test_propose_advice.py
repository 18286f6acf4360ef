"""propose() with a language model: into a field that is there, in amber, with hashes in the ledger."""

from pathlib import Path
from typing import Any, cast

import pytest

from model_server import Served, completion, model_server, places
from proposer_workspace import StandIn, files
from proposer_world import T, choices, custom, destination_catalog, source_catalog
from wherry.app.audit import show
from wherry.app.credentials import Credentials
from wherry.app.propose import propose
from wherry.app.results import ProposeResult
from wherry.app.settings import LlmSettings
from wherry.app.workspace import SystemClock, Workspace
from wherry.model.catalog import Catalog, Field, Privacy
from wherry.store import open_store

OWN = (
    custom("Zorgle band", T.TEXT, privacy=Privacy.CLINICAL),
    custom("Blurt day", T.DATE, privacy=Privacy.CLINICAL),
    custom("Sure thing", T.TEXT),
    custom("NI Number"),
)
THERE = (
    Field(name="cf_tier", type=T.TEXT, label="Loyalty tier", custom=True),
    Field(name="keyword", type=T.TEXT, label="Keyword"),
    Field(name="cf_kind", type=T.DROPDOWN, label="Kind", custom=True, choices=choices("A", "B")),
    Field(name="has_authority", type=T.BOOLEAN, label="Has authority"),
    Field(name="last_seen", type=T.TEXT, label="Last seen", read_only=True),
    Field(name="cf_nino", type=T.TEXT, label="NI number", custom=True),
)


class Asking(StandIn):
    """A workspace whose settings name a model, with a store of its own."""

    def catalog(self) -> Catalog:
        return destination_catalog(*THERE)


@pytest.fixture
def world(tmp_path: Path) -> Asking:
    return Asking(tmp_path, source=source_catalog(OWN))


def proposed(world: Asking, answer: Any, **options: Any) -> tuple[ProposeResult, str]:
    with model_server(answer) as server:
        world.settings.llm = LlmSettings(base_url=server.address, model="some-model", **options)
        world.settings.credentials = Credentials({}, {"llm": "127.0.0.1"})
        store = open_store(f"sqlite:///{world.state / 'store.db'}", clock=SystemClock())
        world.ledger = store.ledger
        try:
            result = propose(cast("Workspace", world))
            world.entries = show(cast("Workspace", world)).entries  # type: ignore[attr-defined]
            assert store.ledger.verify().ok
        finally:
            store.close()
        return result, server.text()


def line(result: ProposeResult, header: str) -> Any:
    return next(one for one in result.proposals if one.source_header.removeprefix("custom:") == header)


def test_a_column_that_is_not_sure_goes_into_a_field_that_is_there(world: Asking) -> None:
    result, sent = proposed(world, places(Zorgle_band="contacts.keyword"))
    found = line(result, "Zorgle band")
    assert (found.target, found.band, found.confidence) == ("contacts.keyword", "amber", 0.6)
    text = files(world)["01_patients.yaml"]
    (rule,) = [one for one in text.split("\n") if '"custom:Zorgle band"' in one]
    assert "{to: keyword, from: " in rule
    assert "band: amber" in rule
    assert "a language model chose it" in rule
    for unseen in ("Sure thing", "NI Number", "cf_nino", "last_seen", "zq"):
        assert unseen not in sent


def test_a_field_that_does_not_hold_the_type_is_refused(world: Asking) -> None:
    plain = propose(cast("Workspace", world))
    result, _ = proposed(world, places(Blurt_day="contacts.has_authority"))
    assert line(result, "Blurt day") == line(plain, "Blurt day")


def test_the_ledger_keeps_hashes_of_prompt_and_answer(world: Asking) -> None:
    result, _ = proposed(world, places(Zorgle_band="contacts.keyword"))
    assert result.llm is not None
    (entry,) = cast("Any", world).entries
    (put,) = cast("Any", result.llm["questions"])
    assert (entry["verb"], entry["state"], entry["stream"]) == ("ask", "confirmed", "patients")
    assert (entry["payload_hash"], entry["after_hash"]) == (put["prompt_sha256"], put["answer_sha256"])
    assert entry["note"] == "2 columns, some-model"


@pytest.mark.parametrize(
    "answer", [lambda _: Served(hang=True), lambda _: completion("no"), lambda _: Served(status=503)]
)
def test_a_server_that_fails_leaves_every_file_as_it_was(world: Asking, answer: Any) -> None:
    plain = propose(cast("Workspace", world))
    before = files(world)
    result, _ = proposed(world, answer, timeout_seconds=0.3)
    assert files(world) == before
    assert result.proposals == plain.proposals
    (entry,) = cast("Any", world).entries
    assert entry["verb"] == "ask"
