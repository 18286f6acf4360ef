"""The export: asked for with a password, ready after a while, downloaded as an encrypted zip."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pyzipper import ZIP_DEFLATED, zipfile_aes

from wherry_emulators.freshsales.clock import Clock

BEHAVIOURS = (
    ("An export is asked for, polled and downloaded", "[U]", "Nothing is published but that exports exist"),
    ("It is a zip under the password that it was asked for with (AES)", "[U]", "Not published"),
    ("What was asked for first is what the clinic held then", "own", "An export is of one moment"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export that was asked for."""

    file: Path
    ready_at: float  # emulated seconds


@dataclass(slots=True, kw_only=True)
class Exports:
    """The exports of one clinic, each kept until the emulator ends."""

    clock: Clock
    seconds: float  # that one takes, emulated
    _folder: "tempfile.TemporaryDirectory[str]" = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="aerona-exports-")
    )
    _asked: list[Export] = field(default_factory=list)

    def ask(self, clinic: Path, password: str) -> int:
        """Pack what the clinic holds now and return the export's number."""
        number = len(self._asked) + 1
        file = Path(self._folder.name) / f"{number}.zip"
        aes = zipfile_aes.AESZipFile  # pyzipper ships no types
        with aes(file, "w", compression=ZIP_DEFLATED, encryption=zipfile_aes.WZ_AES) as packed:  # type: ignore[no-untyped-call]  # see above
            packed.setpassword(password.encode())
            for path in sorted(clinic.rglob("*")):
                if path.is_file():
                    packed.write(path, path.relative_to(clinic).as_posix())
        self._asked.append(Export(file=file, ready_at=self.clock.seconds() + self.seconds))
        return number

    def status(self, number: int) -> str:
        """Return pending or ready, or the empty text where nobody asked for that one."""
        if not 1 <= number <= len(self._asked):
            return ""
        return "ready" if self.clock.seconds() >= self._asked[number - 1].ready_at else "pending"

    def file(self, number: int) -> Path:
        """Return the file of an export that was asked for."""
        return self._asked[number - 1].file
