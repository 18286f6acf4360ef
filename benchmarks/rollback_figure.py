"""Whether a rollback brings back the state before, and loses no edit of a person, killed on the way."""

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clinicgen.columns import COLUMNS
from clinicgen.later import Change, rework

from account import Journey, account, clean_clinic
from clinic_journey import SEED_FILE, WHOLE
from wherry.app.rollback import rollback

SMALL, FULL = (300, 100, 60), (2_400, 2_040, 400)  # patients, of them there before, edits by people
KILLS = 10
AGAIN = {-9, 1, 130}
EDITED = {"contact": "job_title", "task": "title", "note": "description", "deal": "name"}
PLURAL = {"contact": "contacts", "task": "tasks", "note": "notes", "deal": "deals"}


def measure(folder: Path, *, full: bool = False) -> dict[str, Any]:
    patients, there_before, wanted = FULL if full else SMALL
    bundle = clean_clinic(folder / "clinic", patients)
    if full:  # so many patients would bring far more records than the figure is about
        bundle = rework(bundle, folder / "visits-and-notes", {name: _part_of(name) for name in COLUMNS})
    seed = folder / "seed.json"
    seed.write_text(json.dumps(_seed(there_before)), encoding="utf-8")
    with account(folder / "account", "--seed-file", str(seed)) as there:
        way = Journey(folder / "ws", there, bundle, policy='adopt = "overwrite"').planned()
        before = way.state()  # before the first write: prepare makes an account, which goes too
        assert way.prepare().exit_code == 0
        load = way.load().document()["streams"]
        edits = list(_edit(way, wanted))
        preview = way.preview()
        kills = _killed(way, preview.preview.confirm)
        with way.open() as workspace:
            again = rollback(workspace, preview=True)
        return _judged(way, before, edits, again, load) | {"kills": kills}


def _part_of(stream: str) -> Change:
    """Keep the people, some of the visits and notes, and nothing else."""
    kept = {"appointments": 6_100, "clinical_notes": 3_800}
    whole = WHOLE | {"patients", "merges"}
    return lambda rows: rows if stream in whole else rows[: kept.get(stream, 0)]


def _seed(there_before: int) -> dict[str, Any]:
    """The clinic's own account, where so many of the patients are contacts already, by their source id."""
    seed: dict[str, Any] = json.loads(SEED_FILE.read_text(encoding="utf-8"))
    owner = seed["users"][0]["id"]
    for number in range(101, 101 + there_before):
        row = {
            "id": 31000700000 + number,
            "first_name": "Old",
            "last_name": f"Entry {number}",
            "city": "Ashmere",
        }
        seed["contacts"].append({**row, "owner_id": owner, "external_id": str(number)})
    return seed


def _edit(way: Journey, wanted: int) -> Iterator[tuple[str, int, str, str]]:
    """Let people edit records: such as we made, and such as were there before."""
    chance = random.Random(7)
    for entity, name in EDITED.items():
        records = way.live(entity)
        for one in chance.sample(records, min(len(records), wanted // len(EDITED))):
            text = f"edited by a person, {one['id']}"
            way.emulator.admin("human-edit", {"entity": entity, "id": one["id"], "changes": {name: text}})
            yield entity, one["id"], name, text


def _killed(way: Journey, confirm: str) -> int:
    """Roll back, killed again and again, until it ends by itself; give how often it was killed."""
    command = [sys.executable, "-m", "wherry", "-C", str(way.directory), "--json", "--quiet", "rollback", "--confirm", confirm]  # fmt: skip
    kills = 0
    with (way.directory / "rollback.log").open("ab") as log:
        for _ in range(KILLS + 20):
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)
            if kills < KILLS:
                _after_some_deletes(way, process)
                process.kill()
            process.wait(300)
            kills += process.returncode == -9
            if process.returncode not in AGAIN:
                return kills
    raise SystemExit(f"the rollback did not end: {(way.directory / 'rollback.log').read_text()[-2000:]}")


def _after_some_deletes(way: Journey, process: subprocess.Popen[bytes]) -> None:
    begun = _writes(way)
    until = time.monotonic() + 120
    while process.poll() is None and _writes(way) < begun + 60 and time.monotonic() < until:
        time.sleep(0.15)


def _writes(way: Journey) -> int:
    return len(way.emulator.admin("calls")["writes"])


def _judged(way: Journey, before: Any, edits: list[Any], again: Any, load: Any) -> dict[str, Any]:
    path = max((way.directory / "reports").glob("rollback-r*.csv"), key=lambda one: one.stat().st_mtime)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # A file on a contact that stays cannot be deleted: the preview says so, and its bucket is "irreversible".
    stays = {"kept_edited", "blocked", "irreversible"}
    kept = {(row["stream"], row["destination_id"]) for row in rows if row["bucket"] in stays} | {
        (PLURAL[entity], str(id_)) for entity, id_, _name, _text in edits
    }
    after = way.state()
    lost = sum(
        not any(one["id"] == id_ and one[name] == text for one in way.live(entity))
        for entity, id_, name, text in edits
    )
    differs = [
        f"{stream}/{id_}"
        for stream in sorted({*before, *after})
        for id_ in sorted({*before.get(stream, {}), *after.get(stream, {})})
        if (stream, id_) not in kept and before.get(stream, {}).get(id_) != after.get(stream, {}).get(id_)
    ]
    links = sum(line["created"] for name, line in load.items() if name.startswith("link."))
    records = [line for name, line in load.items() if not name.startswith("link.")]
    return {
        "creates": sum(line["created"] for line in records),
        "updates": sum(line["updated"] for line in records),
        "links": links,
        "edits": len(edits),
        "edits_lost": lost,
        "untouched_records_that_differ": len(differs),
        "differ": differs[:10],
        "buckets": {b: sum(row["bucket"] == b for row in rows) for b in ("reverted", "kept_edited", "blocked", "irreversible", "already_gone")},
        "second_run_writes": again.reverted,
        "ok": not lost and not differs and again.balanced and not again.reverted,
    }  # fmt: skip
