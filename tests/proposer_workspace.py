"""A workspace for propose() whose store, snapshot and destination are stood in for; the files are real."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from proposer_world import destination_catalog, source_catalog
from wherry.app.credentials import Credentials
from wherry.app.mappings import read_values
from wherry.app.settings import LlmSettings
from wherry.mapping.own_values import Own
from wherry.model.catalog import Catalog
from wherry.model.policy import Policies
from wherry.model.record import Key, Record
from wherry.planning.twins import Existing
from wherry.staging.profile import ValueProfile

TWIN = Existing(id=3100, first_name="Aoife", last_name="Byrne", email="a@example.org")
PATIENT = Record(
    key=Key("patients", "7"), values={"firstName": "Aoife", "lastName": "Byrne", "email": "a@example.org"}
)
PRACTICE = Record(key=Key("practices", "1"), values={"name": "Riverside"})


@dataclass
class StandIn:
    """What propose() asks of a workspace."""

    root: Path
    source: Catalog = field(default_factory=source_catalog)
    there: dict[str, list[Existing]] = field(
        default_factory=lambda: {
            "contacts": [TWIN],
            "sales_accounts": [Existing(id=42, name="riverside")],
        }
    )
    filled: int = 12
    ledger: Any = field(default_factory=lambda: SimpleNamespace(located=lambda _stream: []))
    settings: Any = field(
        default_factory=lambda: SimpleNamespace(
            policy=Policies(), llm=LlmSettings(), credentials=Credentials({}, {"llm": ""})
        )
    )

    @property
    def mapping_dir(self) -> Path:
        (self.root / "mapping").mkdir(exist_ok=True)
        return self.root / "mapping"

    @property
    def state(self) -> Path:
        (self.root / ".wherry").mkdir(exist_ok=True)
        return self.root / ".wherry"

    def own_values(self) -> Own:
        return read_values(self.mapping_dir / "values.yaml")

    def catalog(self) -> Catalog:
        return destination_catalog()

    def existing(self, stream: str) -> list[Existing]:
        return self.there.get(stream, [])

    def snapshot(self) -> Any:
        records = {"patients": [PATIENT], "practices": [PRACTICE]}
        profile = ValueProfile(records=20, filled=self.filled, distinct=1, top=(("zq", 12),), max_length=2)
        return SimpleNamespace(
            catalog=self.source,
            value_profile=lambda _stream, _field: profile,
            read=lambda stream: iter(records.get(stream, [])),
            read_with_fate=lambda _stream, _fates: iter(()),
            held_words=lambda: (),
        )


def files(world: StandIn) -> dict[str, str]:
    return {p.name: p.read_bytes().decode() for p in sorted(world.mapping_dir.iterdir())}
