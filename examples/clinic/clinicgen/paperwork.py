"""Recalls, medical flags, and documents with real bytes in them."""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from random import Random

from clinicgen.calendar_days import PAST_DAYS, months_later
from clinicgen.export import Export
from clinicgen.fates import READY, Fate
from clinicgen.people import Patient
from clinicgen.words import FLAGS

_MOST_RANDOM_DOCUMENTS = 400
_MIMES = {"pdf": "application/pdf", "txt": "text/plain", "png": "image/png"}


def write_recall(export: Export, patient: Patient, row: dict[str, str]) -> str:
    """Write a recall of the patient; return its id."""
    number = export.number("recalls")
    plain = {"type": "dentist", "intervalMonths": "6", "method": "email", "status": "due", "exempt": "false"}
    export.add("recalls", {"recallId": number, "patientId": patient.id, **plain, **row}, patient.below)
    return number


def write_random_recalls(rng: Random, export: Export, patient: Patient, last_visit: str) -> None:
    """Write the dentist's recall, and for some the hygienist's too."""
    exempt = patient.row["recallExempt"]
    for kind, share in (("dentist", 0.85), ("hygienist", 0.3), ("other", 0.03)):
        if rng.random() < share:
            months = rng.choice((3, 6, 6, 12) if patient.child else (3, 6, 6, 9, 12, 24))
            row = {
                "type": kind,
                "intervalMonths": str(months),
                "dueDate": months_later(last_visit, months),
                "method": rng.choice(("email", "sms", "post", "phone")),
                "status": "exempt" if exempt == "true" else rng.choice(("due", "sent", "booked")),
                "exempt": exempt,
            }
            write_recall(export, patient, row)


def write_random_flags(rng: Random, export: Export, patient: Patient) -> None:
    """Write the patient's medical flags, seldom more than one."""
    for flag in rng.sample(FLAGS, rng.choice((0, 0, 0, 1, 1, 2))):
        row = {"patientId": patient.id, "flag": flag, "since": rng.choice(PAST_DAYS)}
        export.add("medical_flags", row, patient.below)


def pdf_bytes(text: str) -> bytes:
    """Return a one-page PDF that says the text (ASCII letters, digits and spaces)."""
    stream = f"BT /F1 14 Tf 40 780 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def png_bytes(shade: int, side: int = 32) -> bytes:
    """Return a small grey picture: a slanting gradient that starts from the shade."""
    rows = b"".join(b"\0" + bytes((shade + 3 * x + 2 * y) % 256 for x in range(side)) for y in range(side))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document before it has an id. The named file may be left out, or other bytes put where it should be."""

    kind: str
    name: str
    content: bytes
    appointment: str = ""
    ref: str = ""
    stored: bytes | None = None


def write_document(export: Export, patient: Patient, document: Document, fate: Fate = READY) -> str:
    """Write a document's row and its file; return its id. Empty `stored` writes no file at all."""
    number = export.number("documents")
    suffix = document.name.rpartition(".")[2].lower()
    ref = document.ref or f"documents/{int(number):06}.{suffix}"
    row = {
        "documentId": number,
        "patientId": patient.id,
        "appointmentId": document.appointment,
        "kind": document.kind,
        "fileName": document.name,
        "mime": _MIMES[suffix],
        "bytes": str(len(document.content)),
        "sha256": hashlib.sha256(document.content).hexdigest(),
        "ref": ref,
    }
    export.add("documents", row, patient.below if fate is READY else fate)
    stored = document.content if document.stored is None else document.stored
    if stored:
        path = export.folder / ref
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored)
    return number


def write_random_document(
    rng: Random, export: Export, patient: Patient, visits: list[tuple[str, str]]
) -> None:
    """Write a letter, a signed form or a picture for some patients, and for the first few hundred at most."""
    if rng.random() >= 0.12 or export.rows_of("documents") >= _MOST_RANDOM_DOCUMENTS:
        return
    appointment, day = rng.choice(visits)
    label = f"synthetic document of {day} for patient {patient.id}"
    kind, name, content = rng.choice(
        (
            ("consent", "Consent form.pdf", pdf_bytes(f"Signed {label}")),
            ("letter", f"Referral {day}.txt", f"Dear colleague,\n\nThis is a {label}.\n".encode()),
            ("image", f"Bitewing {day}.png", png_bytes(int(patient.id) % 256)),
        )
    )
    write_document(export, patient, Document(kind=kind, name=name, content=content, appointment=appointment))
