"""A later export of the same clinic: what two days of work changed."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from clinicgen.columns import COLUMNS

Cells = dict[str, str]
Change = Callable[[list[Cells]], list[Cells]]


def rework(bundle: Path, out: Path, changes: Mapping[str, Change]) -> Path:
    """Copy a clean bundle as a later export: these streams' rows, by canonical column, go through a function."""
    shutil.copytree(bundle, out)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        change = changes.get(entry["name"].removesuffix(".csv"))
        if change is not None:
            data, rows = _changed(out / entry["name"], entry, change)
            (out / entry["name"]).write_bytes(data)
            entry |= {"rows": rows, "sha256": hashlib.sha256(data).hexdigest()}
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out


def _changed(path: Path, entry: Mapping[str, str], change: Change) -> tuple[bytes, int]:
    own = COLUMNS[entry["name"].removesuffix(".csv")]
    text = path.read_bytes().decode(entry["encoding"])
    head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=entry["delimiter"])
    names = [*own, *head[len(own) :]]
    kept = change([dict(zip(names, row, strict=True)) for row in rows])
    target = io.StringIO(newline="")
    lines = [head, *([row[name] for name in names] for row in kept)]
    csv.writer(target, delimiter=entry["delimiter"]).writerows(lines)
    return target.getvalue().encode(entry["encoding"]), len(kept)


def two_days_later(bundle: Path, out: Path) -> Path:
    """Write what the clinic's next export would be: people moved, visits were cancelled, two records merged."""
    return rework(
        bundle,
        out,
        {
            "patients": _people_moved,
            "appointments": lambda rows: [row for row in rows if row["appointmentId"] != "62"],
            "clinical_notes": lambda rows: [
                *rows,
                {**rows[-1], "noteId": "990001", "text": "Called: all is well."},
            ],
            "merges": lambda rows: [
                *rows,
                {"duplicateId": "65", "masterId": "64", "mergedAt": "2026-10-03T09:00"},
            ],
        },
    )


def _people_moved(rows: list[Cells]) -> list[Cells]:
    moved = {
        "67": {"town": "Youghal", "postcode": "P36 XY12"},
        "68": {"mobile": "07700 900168"},
        "71": {"town": "Cobh"},
    }
    for row in rows:
        row.update(moved.get(row["patientId"], {}))
    return rows
