"""What only the whole snapshot can tell of a record: doubles, merges, orphans, checks, blocked children."""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

from collections.abc import Sequence

from wherry.model.catalog import FieldType
from wherry.model.ports import Check, Finding, Integrity, Merges, Parent
from wherry.model.record import Fate
from wherry.staging.layout import quoted, text
from wherry.staging.workbench import Workbench

# A record that could not be read in full is known by its cells, one that could by its values.
_CONTENT = "CASE WHEN _fate = 'rejected' THEN _raw_hash ELSE _base END"
_MOST_MERGE_STEPS = 40  # each step doubles the length of the chains that are followed


def decide(bench: Workbench, integrity: Integrity) -> list[Finding]:
    """Give every record its one fate, and return what was noticed.

    The order decides which reason a record ends with: its own, doubles, merges, orphans, checks, blocked
    by its parent; then filters and whatever is checked late. Row order in the source changes nothing but
    which of two identical rows is dropped.
    """
    integrity = _of_filled(integrity, bench.filled)
    for name in sorted(bench.filled):
        _doubles(bench, name)
    for merges in integrity.merges:
        _merge(bench, merges)
    for parent in integrity.parents:
        _orphans(bench, parent)
    early = [check for check in integrity.checks if not check.late]
    _apply_all(bench, [check for check in early if check.fate is not Fate.FILTERED])
    _hand_on_blocks(bench, integrity.parents)
    _apply_all(bench, [check for check in early if check.fate is Fate.FILTERED])
    _hand_on_filters(bench, integrity.parents)
    _apply_all(bench, [check for check in integrity.checks if check.late])
    _hand_on_blocks(bench, integrity.parents)
    _close_to_policies(bench, integrity.parents)
    return _dangling(bench, integrity)


def _of_filled(integrity: Integrity, filled: set[str]) -> Integrity:
    """Leave out what is asked of streams without records."""
    return Integrity(
        parents=tuple(p for p in integrity.parents if p.stream in filled),
        merges=integrity.merges,
        checks=tuple(c for c in integrity.checks if c.stream in filled),
    )


def _doubles(bench: Workbench, stream: str) -> None:
    table = quoted(stream)
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE double AS
        WITH twice AS (SELECT _key AS k FROM {table} GROUP BY _key HAVING count(*) > 1),
        rows AS (SELECT _seq, _key, _line, {_CONTENT} AS content FROM {table} JOIN twice ON _key = k),
        copies AS (
          SELECT *, row_number() OVER (PARTITION BY _key, content ORDER BY _seq) AS copy,
                 min(content) OVER (PARTITION BY _key) <> max(content) OVER (PARTITION BY _key) AS differ,
                 min(_line) OVER (PARTITION BY _key) AS first_line
          FROM rows)
        SELECT *, row_number() OVER (PARTITION BY _key ORDER BY copy > 1, content, _seq) AS place FROM copies
        """
    )
    if bench.number("SELECT count(*) FROM double"):
        _part_doubles(bench, stream)
    bench.run("DROP TABLE double")


def _part_doubles(bench: Workbench, stream: str) -> None:
    """Drop copies, hold records that contradict each other, and give each a key of its own."""
    table = quoted(stream)
    bench.run(
        f"""
        UPDATE {table} t SET _fate = 'filtered', _reason = 'duplicate_row', _field = '', _blocked_by = '',
               _detail = 'the same record as on line ' || d.first_line
        FROM double d WHERE d._seq = t._seq AND d.copy > 1
        """
    )
    bench.run(
        f"""
        UPDATE {table} t SET _fate = 'rejected', _reason = 'conflicting_duplicate', _field = {text(_key_field(bench, stream))},
               _detail = 'another record has the same id and other content; the first is on line ' || d.first_line
        FROM double d WHERE d._seq = t._seq AND d.copy = 1 AND d.differ AND t._fate <> 'rejected'
        """
    )
    bench.run(
        f"""
        UPDATE {table} t SET _key = t._key || '#' || d.place
        FROM double d WHERE d._seq = t._seq AND d.place > 1
        """
    )


def _key_field(bench: Workbench, stream: str) -> str:
    return bench.layouts[stream].stream.key.partition("|")[0]


def _merge(bench: Workbench, merges: Merges) -> None:
    table, people = bench.layouts[merges.table], quoted(merges.stream)
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE merged AS
        SELECT {table.sql(merges.duplicate)} AS gone, {table.sql(merges.master)} AS master, false AS circle
        FROM {quoted(merges.table)} WHERE _fate = 'ready' AND {table.sql(merges.master)} IS NOT NULL
        """
    )
    for _ in range(_MOST_MERGE_STEPS):
        if not bench.number("SELECT count(*) FROM merged WHERE master IN (SELECT gone FROM merged)"):
            break
        bench.run("CREATE OR REPLACE TEMP TABLE step AS SELECT gone, master FROM merged")
        bench.run("UPDATE merged m SET master = s.master FROM step s WHERE s.gone = m.master")
    bench.run("UPDATE merged SET circle = true WHERE master IN (SELECT gone FROM merged)")
    bench.run("DROP TABLE IF EXISTS step")
    _refuse_merges(bench, merges)
    bench.run(
        f"""
        UPDATE {people} p SET _fate = 'merged', _reason = 'merged', _field = '', _blocked_by = '',
               _detail = 'merged into {merges.stream}/' || m.master
        FROM merged m WHERE split_part(p._key, '#', 1) = m.gone AND p._fate <> 'filtered'
        """
    )
    _follow(bench, merges)


def _refuse_merges(bench: Workbench, merges: Merges) -> None:
    """Hold merges that run in a circle or end at nobody, and the records that they name."""
    table, people = bench.layouts[merges.table], quoted(merges.stream)
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE held AS
        SELECT gone, CASE WHEN circle THEN 'merge_cycle' ELSE 'orphan' END AS reason,
               CASE WHEN circle THEN 'merges run in a circle' ELSE 'merged into a record that is in no file' END AS why
        FROM merged WHERE circle OR master NOT IN (SELECT _key FROM {people})
        """
    )
    update = (
        "SET _fate = 'rejected', _reason = h.reason, _field = "
        f"{text(merges.master)}, _detail = h.why FROM held h"
    )
    own = table.sql(merges.duplicate, "m")
    bench.run(f"UPDATE {quoted(merges.table)} m {update} WHERE {own} = h.gone AND m._fate = 'ready'")
    bench.run(f"UPDATE {people} p {update} WHERE p._key = h.gone AND p._fate = 'ready'")
    bench.run("DELETE FROM merged WHERE gone IN (SELECT gone FROM held)")
    bench.run("DROP TABLE held")


def _follow(bench: Workbench, merges: Merges) -> None:
    """Let everything that refers to a record that was merged away refer to its master."""
    for shape in bench.layouts.values():
        if shape.name == merges.table or shape.name not in bench.filled:
            continue
        for field, column in shape.fields():
            if field.type is FieldType.REFERENCE and field.references == merges.stream:
                bench.run(
                    f"""
                    UPDATE {quoted(shape.name)} c
                    SET {quoted(column)} = m.master, _facts = to_json(struct_pack(merged_from := m.gone))::VARCHAR
                    FROM merged m WHERE c.{quoted(column)} = m.gone
                    """
                )


def _orphans(bench: Workbench, parent: Parent) -> None:
    shape = bench.layouts[parent.stream]
    own = shape.sql(parent.field, "c")
    empty = f"OR {own} IS NULL" if parent.required else ""
    bench.run(
        f"""
        UPDATE {quoted(parent.stream)} c
        SET _fate = 'rejected', _reason = {text(parent.reason)}, _field = {text(parent.field)},
            _detail = CASE WHEN {own} IS NULL THEN {text(f"{parent.field} is empty")}
                      ELSE {text(f"{parent.field} names a record that is in no file: {parent.parent}/")} || {own} END
        WHERE c._fate = 'ready' AND (
          ({own} IS NOT NULL AND {own} NOT IN (SELECT _key FROM {quoted(parent.parent)})) {empty})
        """
    )


def _apply_all(bench: Workbench, checks: Sequence[Check]) -> None:
    for check in checks:
        _apply(bench, check)


def _apply(bench: Workbench, check: Check) -> None:
    table = quoted(check.stream)
    bench.run(f"CREATE OR REPLACE TEMP TABLE fault AS SELECT DISTINCT _seq FROM ({check.sql}) AS found")
    bench.run(
        f"""
        UPDATE {table} SET _fate = {text(check.fate)}, _reason = {text(check.reason)},
               _field = {text(check.field)}, _detail = {text(check.detail)}
        WHERE _fate = 'ready' AND _seq IN (SELECT _seq FROM fault)
        """
    )
    if check.late:
        # What is filtered for its parent's sake must not come through when a policy lets the parent in.
        bench.run(
            f"UPDATE {table} SET _via = NULL WHERE _via IS NOT NULL AND _seq IN (SELECT _seq FROM fault)"
        )
    bench.run("DROP TABLE fault")


def _hand_on_blocks(bench: Workbench, parents: Sequence[Parent]) -> None:
    for parent in parents:
        own = bench.layouts[parent.stream].sql(parent.field, "c")
        bench.run(
            f"""
            UPDATE {quoted(parent.stream)} c
            SET _fate = 'deferred', _reason = 'blocked_by_parent', _field = {text(parent.field)},
                _detail = 'waits for its parent', _blocked_by = {text(parent.parent + "/")} || p._key
            FROM {quoted(parent.parent)} p
            WHERE c._fate = 'ready' AND p._key = {own} AND p._fate IN ('rejected', 'deferred')
            """
        )


def _hand_on_filters(bench: Workbench, parents: Sequence[Parent]) -> None:
    for parent in parents:
        own = bench.layouts[parent.stream].sql(parent.field, "c")
        bench.run(
            f"""
            UPDATE {quoted(parent.stream)} c
            SET _fate = 'filtered', _reason = 'parent_filtered', _field = {text(parent.field)},
                _detail = 'its parent does not move', _blocked_by = {text(parent.parent + "/")} || p._key,
                _via = coalesce(p._via, p._reason)
            FROM {quoted(parent.parent)} p
            WHERE c._fate = 'ready' AND p._key = {own} AND p._fate = 'filtered'
            """
        )


def _close_to_policies(bench: Workbench, parents: Sequence[Parent]) -> None:
    """Keep out, whatever a policy lets in, the children of records that a late check keeps out."""
    for parent in parents:
        own = bench.layouts[parent.stream].sql(parent.field, "c")
        bench.run(
            f"""
            UPDATE {quoted(parent.stream)} c SET _via = NULL
            FROM {quoted(parent.parent)} p
            WHERE c._via IS NOT NULL AND p._key = {own}
              AND p._fate = 'filtered' AND p._reason = 'parent_filtered' AND p._via IS NULL
            """
        )


def _dangling(bench: Workbench, integrity: Integrity) -> list[Finding]:
    """Report references that are no parents and point to nothing; the record moves without them."""
    parents = {(parent.stream, parent.field) for parent in integrity.parents}
    parents |= {(merges.table, merges.master) for merges in integrity.merges}
    found = []
    for shape in (shape for shape in bench.layouts.values() if shape.name in bench.filled):
        for field, column in shape.fields():
            if field.references not in bench.layouts or (shape.name, field.name) in parents:
                continue
            count = bench.number(
                f"""
                SELECT count(*) FROM {quoted(shape.name)} WHERE _fate = 'ready'
                AND {quoted(column)} IS NOT NULL AND {quoted(column)} NOT IN (SELECT _key FROM {quoted(field.references)})
                """
            )
            if count:
                message = f"{count} records name in {field.name} a record that is not in {field.references}"
                found.append(
                    Finding(code="dangling_reference", message=message, file=shape.name, count=count)
                )
    return found
