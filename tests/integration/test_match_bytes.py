"""`wherry match` gives the same bytes for the same input, in whatever order a process hashes."""

import csv
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "benchmarks" / "matching"


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    names = ["source_object", "source_header", "sample_1", "sample_2", "sample_3"]
    columns = tmp_path / "columns.csv"
    with (
        (BENCH / "columns.csv").open(encoding="utf-8", newline="") as given,
        columns.open("w", newline="") as made,
    ):
        writer = csv.DictWriter(made, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(islice(csv.DictReader(given), 40))
    said = []
    for seed in ("1", "77"):
        command = [
            sys.executable,
            "-m",
            "wherry",
            "match",
            str(columns),
            str(BENCH / "targets_freshsales.csv"),
            "--json",
        ]
        env = {**os.environ, "PYTHONHASHSEED": seed}
        said.append(subprocess.run(command, env=env, capture_output=True, check=True, timeout=120).stdout)
    assert said[0] == said[1]
    assert b'"target":"contact.first_name"' in said[0].replace(b'": "', b'":"')


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_document_is_the_same_bytes_under_any_encoding_of_the_terminal(
    tmp_path: Path, encoding: str
) -> None:
    columns, targets = tmp_path / "columns.csv", tmp_path / "targets.csv"
    columns.write_text("source_object,source_header\npat,Größe £ 名\n", encoding="utf-8")
    targets.write_text("object,field,label,type,required,picklist\ncontact,city,City,text,no,\n")
    code = "from wherry.entrypoints.cli.main import main; main()"
    environ = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}

    def ran(*more: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-c", code, "match", str(columns), str(targets), *more]
        return subprocess.run(command, capture_output=True, env=environ, timeout=60, check=False)

    document = ran("--json")
    assert document.returncode == 0
    assert json.loads(document.stdout.decode("utf-8"))["proposals"][0]["source_header"] == "Größe £ 名"
    shown = ran()
    assert shown.returncode == 0
    assert "pat" in shown.stdout.decode(encoding)
