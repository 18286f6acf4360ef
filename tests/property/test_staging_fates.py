"""Whatever a bundle holds: each record read ends in one fate, the same one however the rows are ordered."""

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherry.connectors.aerona import open_bundle
from wherry.connectors.bundle.integrity import INTEGRITY
from wherry.staging import ParquetSnapshot, compare, stage

IDS = st.sampled_from(["", "1", "2", "3", "4", "5", "x"])
KNOWN = st.sampled_from(["1", "2", "3", "4"])
AMOUNTS = st.sampled_from(["0.00", "10.00", "20.00", "£1,0", "(5.00)", "1.234"])
COLUMNS = {
    "patients": {
        "patientId": st.one_of(KNOWN, IDS),
        "lastName": st.sampled_from(["Ash", "Ash", "Brook", ""]),
        "householdId": st.sampled_from(["", "1", "2"]),
        "isHouseholdHead": st.sampled_from(["true", "false", "", "perhaps"]),
        "dateOfBirth": st.sampled_from(["1950-01-01", "1980-05-05", "2015-01-01", "", "1980-13-01"]),
        "email": st.sampled_from(["", "a@example.org", "A@example.org", "b@example.org", "none@example.org"]),
        "practiceId": st.sampled_from(["1", "1", "2", "", "44"]),
        "status": st.sampled_from(["active", "active", "deceased", "", "gone"]),
    },
    "merges": {"duplicateId": KNOWN, "masterId": st.sampled_from(["1", "2", "3", "4", "9"])},
    "appointments": {
        "appointmentId": KNOWN,
        "patientId": IDS,
        "practiceId": st.sampled_from(["1", "2", "", "44"]),
        "appointmentStatusId": st.sampled_from(["1", "9", "", "77"]),
        "appointmentTime": st.sampled_from(
            ["2026-01-05T09:00", "2025-03-30T01:30", "2025-10-26T01:30", "soon"]
        ),
    },
    "invoices": {
        "invoiceId": KNOWN,
        "patientId": IDS,
        "currency": st.sampled_from(["GBP", "EUR"]),
        "total": AMOUNTS,
    },
    "invoice_lines": {
        "lineId": KNOWN,
        "invoiceId": IDS,
        "lineType": st.sampled_from(["treatment", "gift"]),
        "net": AMOUNTS,
    },
    "payments": {
        "paymentId": KNOWN,
        "patientId": IDS,
        "amount": AMOUNTS,
        "currency": st.just("GBP"),
        "status": st.sampled_from(["received", "lost"]),
    },
    "payment_allocations": {"paymentId": IDS, "lineId": IDS, "amount": AMOUNTS},
    "instalment_plans": {
        "planId": KNOWN,
        "patientId": IDS,
        "signOffState": st.sampled_from(["approved", "approved", "", "pending"]),
    },
    "instalments": {"instalmentId": KNOWN, "planId": IDS, "amount": AMOUNTS},
}
FIXED = {
    "practices": "practiceId,name,timeZone,currency\n1,A,Europe/London,GBP\n2,B,Europe/Dublin,EUR\n",
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n9,Broken,\n",
}
BUNDLES = st.fixed_dictionaries(
    {
        stream: st.lists(st.tuples(*columns.values()), max_size=7 if stream == "patients" else 5)
        for stream, columns in COLUMNS.items()
    }
)
QUICK = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def text_of(stream: str, rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([tuple(COLUMNS[stream]), *rows])
    return out.getvalue()


def write(folder: Path, rows: dict[str, list[tuple[str, ...]]]) -> Path:
    folder.mkdir()
    files = []
    texts = FIXED | {stream: text_of(stream, found) for stream, found in rows.items()}
    for stream, text in texts.items():
        data = text.encode()
        (folder / f"{stream}.csv").write_bytes(data)
        count = text.count("\n") - 1
        files.append({"name": f"{stream}.csv", "rows": count, "sha256": hashlib.sha256(data).hexdigest()})
    manifest = {
        "format": "aerona-bundle",
        "version": 1,
        "tenant": "testing",
        "exported_at": "2026-10-02T19:40:00+01:00",
        "tz": "Europe/London",
        "date_format": "yyyy-mm-dd",
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def staged(root: Path, name: str, rows: dict[str, list[tuple[str, ...]]]) -> ParquetSnapshot:
    with open_bundle(write(root / name, rows)) as bundle:
        return stage(bundle, root / f"{name}-snapshots", shard_records=3)


def fates(snapshot: ParquetSnapshot) -> Counter[tuple[str, ...]]:
    return Counter(
        (s.key.stream, s.key.id.partition("#")[0], s.fate.value, s.reason) for s in snapshot.fates()
    )


def closed_under_parents(snapshot: ParquetSnapshot, include: tuple[str, ...]) -> bool:
    included = ParquetSnapshot.open(snapshot.folder, include)
    keys = {stream.name: set(included.keys(stream.name)) for stream in snapshot.catalog.streams}
    return all(
        record.values[parent.field] in keys[parent.parent]
        or (record.values[parent.field] is None and not parent.required)
        for parent in INTEGRITY.parents
        for record in included.read(parent.stream)
    )


@QUICK
@given(rows=BUNDLES, seed=st.randoms(use_true_random=False))
def test_one_fate_each_and_the_same_in_any_order(rows, seed):
    root = Path(tempfile.mkdtemp())
    shuffled = {stream: seed.sample(found, len(found)) for stream, found in rows.items()}
    snapshots = [
        staged(root, name, what) for name, what in [("one", rows), ("again", rows), ("shuffled", shuffled)]
    ]
    try:
        first, again, other = snapshots
        for stream, found in rows.items():
            assert sum(first.counts()[stream].values()) == len(found)
            assert sum(1 for _ in first.fates(stream)) == len(found)
            assert len({s.key.id for s in first.fates(stream)}) == len(found)
        assert first.digest == again.digest == other.digest
        assert fates(first) == fates(other)
        assert list(compare(first, other)) == []
        assert [path.name for path in first.folder.parent.iterdir()] == [first.digest]
    finally:
        for snapshot in snapshots:
            snapshot.close()
        shutil.rmtree(root)


@QUICK
@given(rows=BUNDLES)
def test_what_is_ready_can_be_loaded(rows):
    root = Path(tempfile.mkdtemp())
    snapshot = staged(root, "one", rows)
    try:
        assert closed_under_parents(snapshot, ())
        assert closed_under_parents(snapshot, ("deceased",))
        holders = Counter(
            record.values["email"].lower()
            for record in snapshot.read("patients")
            if record.values["email"] and record.facts["email_holder"]
        )
        addresses = {r.values["email"].lower() for r in snapshot.read("patients") if r.values["email"]}
        assert holders == Counter(addresses)
        for blocked in snapshot.fates():
            assert bool(blocked.blocked_by) == (blocked.reason in {"blocked_by_parent", "parent_filtered"})
            assert bool(blocked.reason) == (blocked.fate.value != "ready")
    finally:
        snapshot.close()
        shutil.rmtree(root)
