"""The Destination port, for Freshsales: one object that joins reading, writing, finding and discovering."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self
from urllib.parse import urlsplit

from wherry.connectors.freshsales.bulk import Bulk
from wherry.connectors.freshsales.discover import Discovery
from wherry.connectors.freshsales.failures import Failures
from wherry.connectors.freshsales.find import Finder
from wherry.connectors.freshsales.limits import plan_limits
from wherry.connectors.freshsales.pick_lists import PickLists
from wherry.connectors.freshsales.probe import Check, probe
from wherry.connectors.freshsales.read import Reader
from wherry.connectors.freshsales.schema import Schema
from wherry.connectors.freshsales.upload import Uploader
from wherry.connectors.freshsales.views import Views
from wherry.connectors.freshsales.write import Writer
from wherry.connectors.kit.http import ApiClient, Connection, Transport
from wherry.model.catalog import Catalog, Field, Stream
from wherry.model.diff import Observed
from wherry.model.errors import SettingsInvalid
from wherry.model.operation import Operation, Verb
from wherry.model.ports import Budget, Clock, Documents, JobProgress, Written


class FreshsalesDestination:
    """Implements model.ports.Destination. Safe to use from several threads; close it when done."""

    def __init__(
        self,
        client: ApiClient,
        failures: Failures,
        *,
        clock: Clock,
        plan: str,
        overrides: Mapping[str, int | str | bool],
    ) -> None:
        """`failures` is the judge that the client was given; it learns labels from the catalog."""
        self._picks = PickLists()
        read_files = overrides.get("verify_files") != "size"
        reader = Reader(client, Views(client), self._picks, read_files=read_files)
        self._client, self._failures, self._clock, self._plan = client, failures, clock, plan
        self._reader = reader
        self._discovery = Discovery(client=client, plan=plan, overrides=overrides)
        self._schema = Schema(client=client, overrides=overrides)
        self._uploader = Uploader(client=client)
        self._writer = Writer(
            client=client,
            reader=reader,
            uploader=self._uploader,
            forget=overrides.get("delete") == "forget",
        )
        self._bulk = Bulk(client, failures, self._picks)
        self._finder = Finder(client=client, reader=reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"FreshsalesDestination({self._plan})"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def upload_from(self, documents: Documents) -> None:
        """Take the bytes of what is uploaded from there; until then every upload stops the run."""
        self._uploader.documents = documents

    def describe(self) -> Catalog:
        """Return the catalog; see discover.py for its streams, lookups, limits and abilities."""
        catalog = self._discovery.describe()
        self._failures.learn(catalog)
        self._picks.learn(catalog)
        return catalog

    def scan(
        self, stream: str, since: datetime | None = None, *, known: Collection[int] = ()
    ) -> Iterator[Observed]:
        """Yield live records of a stream, newest change first, down to `since`; see read.py."""
        return self._reader.scan(stream, since, known)

    def fetch(
        self,
        stream: str,
        ids: Sequence[int],
        parents: Mapping[int, int] | None = None,
        *,
        dependents: bool = False,
    ) -> Iterator[Observed]:
        """Yield the live records with these ids; with `dependents` also what hangs on them; see read.py."""
        return self._reader.fetch(stream, ids, parents, dependents=dependents)

    def fetch_children(self, wanted: Mapping[int, Mapping[str, Sequence[int]]]) -> Iterator[Observed]:
        """Yield the live children with these ids, through their contacts; see read.py."""
        return self._reader.fetch_children(wanted)

    def find(self, operations: Sequence[Operation]) -> Mapping[str, Observed]:
        """Look operations up by id, match key or marker; see find.py."""
        return self._finder.find(operations)

    def write(self, operation: Operation) -> Written:
        """Send one create, update or delete; see write.py and render.py."""
        return self._writer.write(operation)

    def submit(self, operations: Sequence[Operation]) -> str:
        """Send up to 100 operations of one stream as one job and return its id; see bulk.py."""
        return self._bulk.submit(operations)

    def progress(self, job: str) -> JobProgress:
        """Ask how a job stands; see bulk.py."""
        return self._bulk.progress(job)

    def bulk(self, operation: Operation) -> bool:
        """Return whether this operation may go through submit(); a bulk delete cannot forget."""
        forgets = operation.for_good or (operation.verb is Verb.DELETE and self._writer.forget)
        return not forgets and self._bulk.takes(operation)

    def create_field(self, stream: str, field: Field) -> Field:
        """Create a custom field and return it as the destination shows it; see schema.py."""
        return self._schema.create_field(stream, field)

    def create_module(self, label: str, plural: str, name: str) -> Stream:
        """Make a custom module, or find the one of that label, and return it as a stream; see modules.py."""
        return self._discovery.modules.create(label, plural, name)

    def probe(self) -> list[Check]:
        """Return doctor's findings about the destination; one call."""
        return probe(self._client, self._clock, self._plan)


def open_destination(
    base_url: str,
    api_key: str,
    plan: str,
    budget: Budget,
    clock: Clock,
    overrides: Mapping[str, int | str | bool] | None = None,
) -> FreshsalesDestination:
    """Return a destination; nothing is sent yet.

    `base_url` is the bundle alias with its path, with or without a trailing `/api`. `overrides` are
    limits and abilities of the catalog by name, `delete` ("recycle_bin" or "forget"), `edition` ("classic": there are
    leads), `call_seconds` (how
    long an answer is waited for) and `field_type_<type>` codes. Raises SettingsInvalid for an address, a key or a plan that cannot be.
    """
    overrides = overrides or {}
    connection = _connection(base_url, api_key)
    seconds = float(overrides.get("call_seconds", connection.read_timeout))
    return connect(replace(connection, read_timeout=seconds), plan, budget, clock, overrides)


def connect(
    connection: Connection,
    plan: str,
    budget: Budget,
    clock: Clock,
    overrides: Mapping[str, int | str | bool],
) -> FreshsalesDestination:
    """Return a destination over a connection of one's own making, such as one with another transport."""
    plan_limits(plan)
    failures = Failures()
    client = ApiClient(connection, budget=budget, clock=clock, judge=failures)
    return FreshsalesDestination(client, failures, clock=clock, plan=plan, overrides=overrides)


def _connection(base_url: str, api_key: str, transport: Transport | None = None) -> Connection:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsInvalid(
            "the Freshsales API key is empty or holds characters that no key has",
            hint="Set WHERRY_DESTINATION__API_KEY to the key under Profile Settings → API Settings.",
        )
    address = base_url.strip().rstrip("/").removesuffix("/api")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise SettingsInvalid(
            "[destination] base_url is not an http(s) address",
            hint="It looks like https://acme.myfreshworks.com/crm/sales.",
        )
    return Connection(
        base_url=f"{address}/api",
        headers={"Authorization": f"Token token={key}", "Accept": "application/json"},
        transport=transport,
    )
