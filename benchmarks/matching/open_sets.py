"""Open sets of other people: OC3 (CC0), OMOP (SMAT's files) and GDC. They are fetched, never kept in this repository.

`folder` holds the files once they were fetched from GitHub; without network, put them there yourself. GDC is the ten
studies of the Data Harmonization Benchmark (Apache-2.0): columns with values against the 736 fields of the Genomic
Data Commons with theirs.
"""

import csv
import io
import tarfile
import urllib.request
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from heldout import Case

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.table import SourceColumn, TargetField

_RAW = "https://raw.githubusercontent.com"
_OC3 = f"{_RAW}/leotraeg/CollaborativeScoping/main/data"
_OMOP = f"{_RAW}/JZCS2018/SMAT/main/datasets/omap"
_GDC = f"{_RAW}/VIDA-NYU/data-harmonization-benchmark/main/data_harmonization_benchmark/datasets"
FILES = {
    "GDC_new.tar.gz": _GDC,
    "OC3_linkages.csv": _OC3,
    "OC3FO_schema_elements_dataset.csv": _OC3,
    "omop_cms_data.xlsx": _OMOP,
    "omop_synthea_data.xlsx": _OMOP,
}
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Task = tuple[list[Case], list[TargetField]]
ANY = "any"  # the one target object that all tables of the other side make up


def fetched(name: str, folder: Path) -> bytes | None:
    """Return a file's bytes, fetched where it is not there yet; None where it cannot be had."""
    path = folder / name
    if not path.exists():
        try:
            with urllib.request.urlopen(f"{FILES[name]}/{name}", timeout=30) as answer:
                data = answer.read()
        except OSError:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return path.read_bytes()


def oc3(folder: Path) -> list[Task] | None:
    """Return three tasks, one for each pair of the schemas of Oracle, MySQL and SAP HANA; headers only."""
    links, elements = (fetched(n, folder) for n in ("OC3_linkages.csv", "OC3FO_schema_elements_dataset.csv"))
    if links is None or elements is None:
        return None
    schemas: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(elements.decode("utf-8-sig"))):
        if row["type"] == "attribute" and row["schema"].startswith("OC-"):
            schemas[row["schema"]].append(row)
    right: dict[str, set[str]] = defaultdict(set)
    for row in csv.DictReader(io.StringIO(links.decode("utf-8-sig"))):
        right[row["entity_a_id"]].add(row["entity_b_id"])
        right[row["entity_b_id"]].add(row["entity_a_id"])
    names = sorted(schemas)
    return [_pair(schemas[a], schemas[b], right) for a in names for b in names if a < b]


def _pair(mine: list[dict[str, str]], theirs: list[dict[str, str]], right: dict[str, set[str]]) -> Task:
    fields = [
        TargetField(
            object=ANY,
            field=f"{row['parent_name']}.{row['name']}",
            label=row["name"],
            type=row["datatype"].lower(),
        )
        for row in theirs
    ]
    by_id = dict(zip((row["id"] for row in theirs), fields, strict=True))
    found = []
    for row in mine:
        targets = frozenset(by_id[other].name for other in right[row["id"]] if other in by_id)
        found.append(_case(row["parent_name"], row["name"], targets))
    return found, fields


def omop(name: str, folder: Path) -> list[Task] | None:
    """Return one task: columns of a health record into those of the OMOP model; headers only."""
    data = fetched(f"omop_{name}_data.xlsx", folder)
    if data is None:
        return None
    head, *rows = _rows(data)
    at = {title: place for place, title in enumerate(head)}
    right: dict[str, set[str]] = defaultdict(set)
    targets: dict[str, None] = {}
    for row in rows:
        targets[row[at["omop"]]] = None
        right[row[at["table"]]] |= {row[at["omop"]]} if row[at["label"]] == "1" else set()
    fields = []
    for one in targets:
        table, _, column = one.partition("-")
        fields.append(TargetField(object=ANY, field=f"{table}.{column}", label=column))
    found = []
    for source, ours in right.items():
        table, _, column = source.partition("-")
        places = frozenset(f"{ANY}.{one.replace('-', '.', 1)}" for one in ours)
        found.append(_case(table, column, places))
    return [(found, fields)]


def gdc(folder: Path) -> list[Task] | None:
    """Return ten tasks: the columns of a study, with values, into the fields of the GDC."""
    data = fetched("GDC_new.tar.gz", folder)
    if data is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        texts = {
            name: packed.extractfile(name).read().decode("utf-8-sig")
            for name in packed.getnames()
            if name.count("/") == 2 and name.endswith(".csv")
        }
    studies = sorted({name.split("/")[1] for name in texts})
    return [_study(*(texts[f"GDC_new/{one}/{part}.csv"] for part in _PARTS), one) for one in studies]


_PARTS = ("source", "target", "groundtruth")


def _study(source: str, target: str, truth: str, name: str) -> Task:
    fields = [
        TargetField(object=ANY, field=header, label=header, picks=tuple(values))
        for header, values in _columns(target)
    ]
    right: dict[str, set[str]] = defaultdict(set)
    for row in csv.DictReader(io.StringIO(truth)):
        right[row["source"].strip()].add(f"{ANY}.{row['target'].strip()}")
    found = []
    for header, values in _columns(source):
        found.append(_case(name, header, frozenset(right[header.strip()]), tuple(values[:_SAMPLES])))
    return found, fields


_SAMPLES = 20  # as many different values of a column are shown to the matcher


def _columns(text: str) -> list[tuple[str, list[str]]]:
    """Return each named column with its different values, in their order."""
    head, *rows = csv.reader(io.StringIO(text))
    return [
        (header, list(dict.fromkeys(r[n].strip() for r in rows if n < len(r) and r[n].strip())))
        for n, header in enumerate(head)
        if header.strip()
    ]


def _case(table: str, column: str, right: frozenset[str], samples: tuple[str, ...] = ()) -> Case:
    given = SourceColumn(object=table, header=column, samples=samples)
    return Case(style="", column=given, right=right or frozenset({NONE}), never=False, fresh=True, batch=0)


def _rows(data: bytes) -> Iterator[list[str]]:
    """Yield the rows of the first sheet of a spreadsheet, which is a zip of XML."""
    book = zipfile.ZipFile(io.BytesIO(data))
    shared = [
        "".join(text.text or "" for text in item.iter(f"{_SHEET}t"))
        for item in ET.fromstring(book.read("xl/sharedStrings.xml")).findall(f"{_SHEET}si")
    ]
    for row in ET.fromstring(book.read("xl/worksheets/sheet1.xml")).iter(f"{_SHEET}row"):
        cells = []
        for cell in row:
            value = cell.find(f"{_SHEET}v")
            text = value.text or "" if value is not None else ""
            cells.append(shared[int(text)] if cell.get("t") == "s" else text)
        yield cells
