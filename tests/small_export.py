"""A small export with something of everything that does not move: recalls, instalments, flags, blocked time."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

FILES = {
    "practices": "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n",
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n",
    "patients": (
        "patientId,firstName,lastName,email,status,recallExempt,practiceId\n"
        "1,Ana,Brook,ana@clinic.example,active,false,1\n2,Ben,<Cole>,ben@clinic.example,active,true,1\n"
        "3,Cy,Dunne,ana@clinic.example,archived,false,1\n10,Di,Elm,,deceased,false,1\n"
    ),
    "households": "householdId,name,headPatientId\n1,Brook,1\n",
    "appointments": (
        "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime,duration\n"
        "1,1,1,1,2026-11-02T09:00,30\n2,,1,1,2026-11-02T10:00,30\n3,1,1,1,2026-11-09T09:00,30\n"
    ),
    "clinical_notes": "noteId,appointmentId,patientId,notedAt,text\n1,1,1,2026-01-01T09:00:00Z,a\n2,1,1,2026-01-01T09:05:00Z,b\n3,,1,2026-01-02T09:05:00Z,c\n",
    "medical_flags": "patientId,flag,since\n1,allergy,2020-01-01\n",
    "recalls": (
        "recallId,patientId,type,intervalMonths,dueDate,method,status,exempt\n"
        "1,1,dentist,6,2026-11-05,email,due,false\n2,2,dentist,6,2026-11-20,Email,booked,false\n"
        "3,1,hygienist,3,2026-09-01,sms,due,false\n4,10,other,12,2026-12-01,post,due,false\n"
        "5,3,dentist,6,,email,exempt,true\n1,1,dentist,6,2026-11-05,email,due,false\n"
        "6,3,dentist,6,2027-01-05,email,sent,false\n"
    ),
    "instalment_plans": (
        "planId,patientId,total,startDate,months,mandateRef,status,signOffState\n"
        "1,1,300.00,2026-09-01,3,M-1,active,approved\n2,1,300.00,2026-09-01,3,M-2,active,\n"
        "3,3,90.00,2026-09-01,1,M-3,active,rejected\n4,10,50.00,2026-09-01,1,M-4,active,pending\n"
        "5,99,50.00,2026-09-01,1,M-5,active,pending\n"
    ),
    "instalments": (
        "instalmentId,planId,dueDate,amount,status\n"
        "1,1,2026-09-01,100.00,paid\n2,1,2026-10-01,100.00,due\n3,1,2026-11-01,100.00,due\n"
        "4,2,2026-09-01,100.00,paid\n5,2,2026-11-01,120.50,due\n6,2,2026-11-15,79.50,due\n7,5,2026-11-15,50.00,due\n"
    ),
}  # fmt: skip


def write_export(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    listed: list[dict[str, Any]] = []
    for stream, text in files.items():
        data = text.encode()
        (folder / f"{stream}.csv").write_bytes(data)
        rows = sum(1 for row in csv.reader(text.splitlines()) if row) - 1
        listed.append({"name": f"{stream}.csv", "rows": rows, "sha256": hashlib.sha256(data).hexdigest()})
    manifest = {
        "format": "aerona-bundle",
        "version": 1,
        "tenant": "testing",
        "exported_at": "2026-10-02T19:40:00+01:00",
        "tz": "Europe/London",
        "currency": "GBP",
        "date_format": "yyyy-mm-dd",
        "options": {"requested": ["audit_history", "documents"], "granted": ["documents"]},
        "files": listed,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
