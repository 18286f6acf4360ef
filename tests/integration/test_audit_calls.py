"""The evidence pack against what the wire saw: the account keeps a log of write calls, as a proxy would."""

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from clinicgen.later import Cells, rework

from wherry.app.audit import export

VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete"}
STREAMS = {
    "contact": "contacts",
    "sales_account": "sales_accounts",
    "deal": "deals",
    "task": "tasks",
    "appointment": "appointments",
    "note": "notes",
    "product": "products",
    "document": "documents",
}
MADE_BY_PREPARE = {"fields", "modules"}

Write = tuple[str, str, int]


def exported(way: Any) -> list[dict[str, Any]]:
    with way.open() as workspace:
        export(workspace)
    with zipfile.ZipFile(way.directory / "reports" / "audit.zip") as pack:
        return [json.loads(line) for line in pack.read("entries.jsonl").splitlines()]


def done_singly(entries: list[dict[str, Any]]) -> Counter[Write]:
    """Confirmed writes that no bulk job carried, and that are not noted to have needed no call."""
    carried = {entry["operation_id"] for entry in entries if entry["state"] == "accepted"}
    return Counter(
        (entry["verb"], entry["stream"], entry["destination_id"])
        for entry in entries
        if entry["state"] == "confirmed"
        and entry["verb"] in VERBS.values()
        and entry["stream"] not in MADE_BY_PREPARE
        and entry["operation_id"] not in carried
        and not {"along", "gone"} & set(entry["note"].split())
    )


def jobs(entries: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Bulk jobs by stream and whether they delete: the accepted entries name them."""
    named = {(e["stream"], e["verb"] == "delete", e["note"]) for e in entries if e["state"] == "accepted"}
    return Counter((stream, "bulk_destroy" if away else "bulk_upsert") for stream, away, _job in named)


def sent_singly(writes: list[dict[str, Any]]) -> Counter[Write]:
    """Write calls of one record each."""
    return Counter(
        (VERBS[w["method"]], STREAMS.get(w["entity"], w["entity"]), w["id"])
        for w in writes
        if "bulk_" not in w["path"] and not w["path"].startswith("/settings/")
    )


def without_deals(found: Counter[Write]) -> Counter[Write]:
    """Leave out what becomes PUTs to a deal."""
    left = {
        ("update", "deals"),
        ("create", "deal_products"),
        ("delete", "deal_products"),
        ("update", "deal_products"),
    }
    return Counter({w: n for w, n in found.items() if w[:2] not in left})


def matched(way: Any) -> None:
    entries = exported(way)
    writes = [w for w in way.emulator.admin("calls")["writes"] if 200 <= w["status"] < 300]
    book, wire = done_singly(entries), sent_singly(writes)
    assert without_deals(wire) == without_deals(book)

    # The products of a deal are attached by a PUT to it, after which its amount is set again where that overwrote it.
    deals = Counter(
        id_
        for (verb, stream, id_), n in wire.items()
        if (verb, stream) == ("update", "deals")
        for _ in range(n)
    )
    owed = Counter(
        id_
        for (verb, stream, id_), n in book.items()
        if stream == "deal_products" or (verb, stream) == ("update", "deals")
        for _ in range(n)
    )
    assert set(deals) == set(owed)
    assert all(owed[id_] <= calls <= 2 * owed[id_] for id_, calls in deals.items())

    bulk = Counter(
        (STREAMS[w["entity"]], w["path"].rpartition("/")[2]) for w in writes if "bulk_" in w["path"]
    )
    assert bulk == jobs(entries)

    prepared = Counter(w["path"].rpartition("/")[2] for w in writes if w["path"].startswith("/settings/"))
    made = Counter(
        e["stream"] for e in entries if e["state"] == "confirmed" and e["stream"] in MADE_BY_PREPARE
    )
    assert prepared == {"fields": made["fields"], "module_customizations": made["modules"]}
    assert sum(wire.values()) > 0

    by = {e["approved_by"] for e in entries if e["verb"] in VERBS.values() and e["run"] != undone(entries)}
    assert by == {"Maria"}
    hashed = [e for e in entries if e["verb"] in {"create", "update"} and e["state"] == "confirmed"]
    assert all(e["after_hash"] and e["digest"] for e in hashed)


def undone(entries: list[dict[str, Any]]) -> str:
    """The run that takes back: its yes is the confirm digest, and nobody's approval."""
    return next((e["run"] for e in entries if e["note"] == "rollback began"), "")


def test_every_write_call_is_one_entry_of_the_pack_and_every_entry_a_call(
    journey: Any, clinic: Path, tmp_path: Path
) -> None:
    """All rows, then a delta with changes and deletes, then the way back."""

    def patients(rows: list[Cells]) -> list[Cells]:
        rows[40]["town"] = rows[41]["town"] = "Elsewhere"
        return rows[:-1]

    def invoices(rows: list[Cells]) -> list[Cells]:
        rows[5]["outstanding"] = "1.00"
        return rows

    bundle = clinic / "bundle"
    later = {"patients": patients, "appointments": lambda rows: rows[:-3], "invoices": invoices}
    way = journey(bundle=bundle).prepared()
    way.load()
    matched(way)
    way.delta(rework(bundle, tmp_path / "later", later))
    matched(way)
    way.rollback()
    matched(way)


def test_no_value_of_a_record_is_in_the_pack(journey: Any) -> None:
    way = journey().prepared()
    way.load()
    exported(way)
    people = {one[name] for one in way.live("contact") for name in ("last_name", "email") if one.get(name)}
    with zipfile.ZipFile(way.directory / "reports" / "audit.zip") as pack:
        names = set(pack.namelist())
        text = "".join(pack.read(name).decode() for name in names)
    assert {"entries.csv", "entries.jsonl", "index.html"} <= names
    assert not [word for word in people if len(word) > 5 and f">{word}<" in text]
    assert not [word for word in people if "@" in word and word in text]
