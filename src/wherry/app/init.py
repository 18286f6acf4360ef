"""Make a workspace."""

from pathlib import Path

from wherry.app.results import InitResult
from wherry.app.settings import FILE_NAME, settings_template
from wherry.model.errors import UsageInvalid

FOLDERS = ("mapping", "plans", "reports", ".wherry")
GIT_IGNORE = "# the store, the staged snapshot and keys never go into git\n.wherry/\nreports/\n*.zip\n"


def init(directory: Path) -> InitResult:
    """Make the folder of one migration, with a commented wherry.toml; touches no file that is there.

    Raises UsageInvalid when the folder holds a workspace already.
    """
    settings = directory / FILE_NAME
    if settings.exists():
        raise UsageInvalid(
            f"{directory} is a workspace already", hint="edit its wherry.toml, or choose a new folder"
        )
    directory.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        (directory / name).mkdir(exist_ok=True, mode=0o700)
    settings.write_text(settings_template(), encoding="utf-8")
    files = [FILE_NAME]
    ignore = directory / ".gitignore"
    if not ignore.exists():
        ignore.write_text(GIT_IGNORE, encoding="utf-8")
        files.append(".gitignore")
    return InitResult(
        directory=str(directory),
        files=(*files, *(f"{name}/" for name in FOLDERS)),
        next_steps=(
            f"edit {settings}: the export, the address of Freshsales and the fallback owner",
            "export WHERRY_DESTINATION__API_KEY=… (and WHERRY_SOURCE__PASSWORD=… for a protected export)",
            f"wherry --project-dir {directory} doctor",
        ),
    )
