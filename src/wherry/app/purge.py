"""The end of the retention: keys, values and staged data go for good; the proof of the migration stays."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from wherry.app.alone import alone
from wherry.app.confirm import require_confirmed
from wherry.app.durable_files import withdraw
from wherry.app.run_results import PurgeResult
from wherry.app.workspace import KEYS, Workspace
from wherry.model.jsons import sha256_of
from wherry.model.run import RunState
from wherry.planning.approve import SHORT
from wherry.privacy import UNSEALED, KeyFile

# What stays in .wherry, by how its name begins: ids, digests and figures, never a value.
STAYS = ("engine.db", "plan.json", "proof-", "proposed", "webhooks.json")
FOLDERS = ("mapping", "plans", "reports")


def purge(ws: Workspace, *, preview: bool = False, confirm: str = "") -> PurgeResult:
    """Destroy keys, values and staged data, or say what that would end; neither system is asked.

    It needs the digest that its preview printed: raises ApprovalMissing without it, or when something changed
    since, and RunInProgress while another process is at work here. Once begun it goes on by itself: killed,
    the next call ends it, and after its end another one changes nothing. The key itself is not needed.
    """
    ws.lent = UNSEALED  # no value is opened, so that a lost secret is no hindrance
    with alone(ws, "purge"):
        found = _holdings(ws)
        if preview and not found.began:
            return found
        if not found.began:
            require_confirmed(
                "purge", ": nothing can be taken back or loaded afterwards", confirm, found.confirm
            )
        if not preview and not found.ended:
            for step in STEPS:
                step(ws)
        return _holdings(ws, found)


def _mark(ws: Workspace) -> None:
    ws.store.begin_purge()


def _destroy_keys(ws: Workspace) -> None:
    KeyFile(ws.state / KEYS).destroy()


def _destroy_values(ws: Workspace) -> None:
    ws.store.destroy_values()


def _withdraw(ws: Workspace) -> None:
    withdraw(ws)


def _remove_staged(ws: Workspace) -> None:
    for path in _staged(ws):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    handle = os.open(ws.state, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _end(ws: Workspace) -> None:
    ws.store.end_purge()


# Each can be repeated; the key goes first, so that whatever stops the rest, nothing can be opened any more.
STEPS: tuple[Callable[[Workspace], None], ...] = (
    _mark,
    _destroy_keys,
    _destroy_values,
    _withdraw,
    _remove_staged,
    _end,
)


def _staged(ws: Workspace) -> list[Path]:
    """Return what goes of .wherry: everything but the store, and what is known to hold no value."""
    url = ws.settings.store.url
    stays = (*STAYS, Path(url).name) if url.startswith("sqlite") else STAYS
    return sorted(path for path in ws.state.iterdir() if not path.name.startswith(stays))


def _passing(path: Path) -> bool:
    """Return whether a file belongs to another, and is there while that is in use."""
    return path.name.endswith(("-shm", "-wal", ".lock"))


def _holdings(ws: Workspace, before: PurgeResult | None = None) -> PurgeResult:
    """Return what is there to be ended; with what was there before, what was ended."""
    done, runs = ws.store.purged, ws.ledger.runs()
    if before is None:
        there = ws.store.holdings()
        before = PurgeResult(
            operations=there.standing,
            undecided=there.undecided,
            values=there.values,
            unfinished_runs=tuple(run.id for run in runs if run.state is not RunState.FINISHED),
            removed=tuple(ws.shown(path) for path in _staged(ws)),
            kept=(),
        )
    staged = _staged(ws)
    kept = [path for path in sorted(ws.state.iterdir()) if path not in staged and not _passing(path)]
    confirm = "" if done.began else _digest(before, [f"{run.id} {run.state} {run.calls}" for run in runs])
    return PurgeResult(
        operations=before.operations,
        undecided=before.undecided,
        values=before.values,
        unfinished_runs=before.unfinished_runs,
        removed=before.removed,
        kept=(*(f"{name}/" for name in FOLDERS), *(ws.shown(path) for path in kept)),
        began=done.began,
        ended=done.ended,
        confirm=confirm,
        next_steps=_next(ws, confirm),
    )


def _next(ws: Workspace, confirm: str) -> tuple[str, ...]:
    if confirm:
        return ("wherry audit export", f"wherry purge --confirm {confirm[:SHORT]}")
    steps = ["delete the export itself, and backups of .wherry/keys"]
    if ws.settings.credentials.get("store.key") is not None:
        steps.append(
            "destroy the secret of WHERRY_STORE__KEY: backups of the database may hold the wrapped key"
        )
    return (*steps, "delete those of reports/ that were asked to show values")


def _digest(found: PurgeResult, runs: list[str]) -> str:
    return sha256_of([found.operations, found.undecided, found.values, list(found.removed), runs])
