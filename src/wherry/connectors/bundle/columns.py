"""What an AeronaClinic export holds: every file, its columns, their kinds and privacy classes, as data.

The columns are the export contract's, built from Aerona's published API specification and from
neighbouring systems; real exports differ in spelling, which headers.py takes care of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as part
from enum import StrEnum

from wherry.model.catalog import Choice, Field, FieldType, Privacy, Stream


class Kind(StrEnum):
    """How a column's cells are written."""

    ID = "id"  # the file's own key
    REF = "ref"  # another file's key
    TEXT = "text"
    LONG = "long"  # free text, kept to the byte
    CODE = "code"  # text that is no sentence: numbers with leading zeros, checksums, paths
    EMAIL = "email"
    PHONE = "phone"
    WORD = "word"  # one of a closed list
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    LOCAL = "local"  # date-time on the practice's clock
    MOMENT = "moment"  # date-time that may carry an offset
    MULTI = "multi"  # several entries, parted by semicolons


TYPES: dict[Kind, FieldType] = {
    Kind.ID: FieldType.TEXT,
    Kind.REF: FieldType.REFERENCE,
    Kind.TEXT: FieldType.TEXT,
    Kind.LONG: FieldType.TEXTAREA,
    Kind.CODE: FieldType.TEXT,
    Kind.EMAIL: FieldType.TEXT,
    Kind.PHONE: FieldType.TEXT,
    Kind.WORD: FieldType.DROPDOWN,
    Kind.BOOLEAN: FieldType.BOOLEAN,
    Kind.INTEGER: FieldType.INTEGER,
    Kind.NUMBER: FieldType.NUMBER,
    Kind.MONEY: FieldType.MONEY,
    Kind.DATE: FieldType.DATE,
    Kind.LOCAL: FieldType.DATETIME,
    Kind.MOMENT: FieldType.DATETIME,
    Kind.MULTI: FieldType.MULTI_SELECT,
}

DATED = frozenset({Kind.DATE, Kind.LOCAL, Kind.MOMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: how its cells are written, what they point to, how private they are."""

    name: str
    kind: Kind
    privacy: Privacy
    references: str = ""
    words: tuple[str, ...] = ()
    unknown: str = ""  # reason code of a word that is not in the list
    label: str = ""
    choices: tuple[str, ...] = ()  # pick-list entries found in the data
    spellings: Mapping[str, str] = part(default_factory=dict)  # other spellings of the words

    def field(self, header: str = "") -> Field:
        """Return the catalog's field for this column."""
        custom = self.name.startswith("custom:")
        label = self.name.removeprefix("custom:") if custom else self.label
        picks = self.words or self.choices
        type_ = TYPES[self.kind]
        if custom and self.choices and self.kind is Kind.TEXT:
            type_ = FieldType.DROPDOWN
        return Field(
            name=self.name,
            type=type_,
            label=label,
            header=header if header != self.name else "",
            required=self.kind is Kind.ID,
            unique=self.kind is Kind.ID,
            custom=custom,
            choices=tuple(Choice(id=word, value=word) for word in picks),
            references=self.references or None,
            privacy=self.privacy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One file of the bundle."""

    stream: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    needed: tuple[str, ...]  # without these columns the file cannot be read for what it is

    @property
    def file(self) -> str:
        """Return the file's name in the bundle."""
        return f"{self.stream}.csv"

    def column(self, name: str) -> Column | None:
        """Return the column of that canonical name."""
        return next((c for c in self.columns if c.name == name), None)


# Each line: privacy class, then columns as name:kind; a reference names its stream after `>`.
_TABLES: dict[str, str] = {
    "practices": """
        commercial practiceId:id name:text address1:text address2:text town:text county:text
        commercial postcode:code country:code timeZone:code currency:code active:boolean""",
    "clinicians": """
        identity userId:id title:text firstName:text lastName:text role:text
        contact email:email
        identity gdcOrDentalCouncilNo:code
        scheduling practiceId:ref>practices active:boolean""",
    "appointment_types": "scheduling id:id name:text category:text durationDefault:integer",
    "appointment_statuses": "scheduling id:id name:text canonical:word",
    "care_plans": "commercial carePlanId:id name:text interval:text fee:money currency:code active:boolean",
    "households": "identity householdId:id name:text headPatientId:ref>patients",
    "patients": """
        identity patientId:id householdId:ref>households isHouseholdHead:boolean title:text firstName:text
        identity lastName:text preferredName:text dateOfBirth:date sex:text
        contact email:email mobile:phone homePhone:phone workPhone:phone address1:text address2:text
        contact address3:text town:text county:text postcode:code country:code
        scheduling practiceId:ref>practices preferredClinicianId:ref>clinicians
        identity status:word deceasedDate:date
        consent allowEmail:boolean allowSms:boolean allowPost:boolean marketingEmail:boolean
        consent marketingSms:boolean consentDate:date recallExempt:boolean
        commercial carePlanId:ref>care_plans referralSource:text insuranceProvider:text
        scheduling preferredAppointmentTime:text
        national_id nhsNumber:code ppsNumber:code
        commercial createdAt:moment updatedAt:moment""",
    "merges": "identity duplicateId:id masterId:ref>patients mergedAt:local",
    "appointments": """
        scheduling appointmentId:id patientId:ref>patients practiceId:ref>practices userId:ref>clinicians
        scheduling appointmentTypeId:ref>appointment_types appointmentStatusId:ref>appointment_statuses
        scheduling appointmentTime:local duration:integer allDay:boolean emergency:boolean
        scheduling reminderSent:boolean createdVia:text cancelledAt:local
        clinical cancelReason:long appointmentNotes:long
        scheduling createdAt:moment updatedAt:moment""",
    "treatment_plans": """
        commercial planId:id patientId:ref>patients userId:ref>clinicians name:text status:word
        commercial createdAt:moment total:money""",
    "treatment_items": """
        commercial itemId:id planId:ref>treatment_plans appointmentId:ref>appointments code:code
        clinical description:long tooth:code surfaces:code material:text
        commercial fee:money discount:money netPrice:money status:text completedAt:local""",
    "clinical_notes": """
        scheduling noteId:id appointmentId:ref>appointments patientId:ref>patients userId:ref>clinicians
        scheduling notedAt:moment
        clinical flags:long text:long""",
    "medical_flags": """
        identity patientId:ref>patients
        clinical flag:long since:date""",
    "invoices": """
        commercial invoiceId:id patientId:ref>patients date:date currency:code total:money
        commercial outstanding:money status:text""",
    "invoice_lines": """
        commercial lineId:id invoiceId:ref>invoices lineType:word itemId:ref>treatment_items
        clinical description:long
        commercial qty:number net:money vat:money gross:money""",
    "payments": """
        commercial paymentId:id patientId:ref>patients householdPaymentId:code date:date method:text
        commercial amount:money currency:code status:word note:long""",
    "payment_allocations": "commercial paymentId:ref>payments lineId:ref>invoice_lines amount:money",
    "adjustments": "commercial id:id patientId:ref>patients type:word amount:money date:date note:long",
    "refunds": "commercial refundId:id paymentId:ref>payments target:word amount:money date:date",
    "instalment_plans": """
        commercial planId:id patientId:ref>patients total:money startDate:date months:integer
        commercial mandateRef:code status:text signOffState:word""",
    "instalments": "commercial instalmentId:id planId:ref>instalment_plans dueDate:date amount:money status:text",
    "recalls": """
        scheduling recallId:id patientId:ref>patients type:word intervalMonths:integer dueDate:date
        scheduling method:text status:text exempt:boolean""",
    "documents": """
        documents documentId:id patientId:ref>patients appointmentId:ref>appointments kind:text fileName:text
        documents mime:code bytes:integer sha256:code ref:code""",
}

# (stream, column) → the closed list, and the reason code of a word outside of it.
_WORDS: dict[tuple[str, str], tuple[str, str]] = {
    ("patients", "status"): ("active inactive archived deceased", "unmapped_status"),
    ("appointment_statuses", "canonical"): (
        "booked confirmed arrived in_chair completed cancelled no_show",
        "unmapped_status",
    ),
    ("treatment_plans", "status"): (
        "proposed accepted in_progress completed declined expired",
        "unmapped_status",
    ),
    ("payments", "status"): ("received pending cancelled failed refunded", "unmapped_status"),
    ("invoice_lines", "lineType"): (
        "treatment shop discount adjustment opening_balance",
        "unknown_line_type",
    ),
    ("adjustments", "type"): ("correction write_off third_party bad_debt", "unknown_type"),
    ("refunds", "target"): ("treatment balance", "unknown_type"),
    ("recalls", "type"): ("dentist hygienist other", "unknown_type"),
    ("instalment_plans", "signOffState"): ("pending approved rejected", "unmapped_status"),
}

_KEYS: dict[str, tuple[str, ...]] = {
    "medical_flags": ("patientId", "flag"),
    "payment_allocations": ("paymentId", "lineId"),
}

# Beside the key: where such a column is missing, every record would look like something it is not.
_NEEDED: dict[str, tuple[str, ...]] = {
    "patients": ("lastName",),
    "merges": ("masterId",),
    "appointments": ("patientId", "appointmentStatusId", "appointmentTime"),
    "treatment_plans": ("patientId",),
    "treatment_items": ("planId",),
    "clinical_notes": ("patientId", "text"),
    "invoices": ("patientId", "total"),
    "invoice_lines": ("invoiceId", "lineType", "net"),
    "payments": ("patientId", "amount", "status"),
    "payment_allocations": ("amount",),
    "adjustments": ("patientId", "type", "amount"),
    "refunds": ("paymentId", "amount"),
    "instalment_plans": ("patientId", "signOffState"),
    "instalments": ("planId",),
    "recalls": ("patientId",),
    "documents": ("patientId", "sha256", "ref"),
}


def _columns(stream: str, table: str) -> tuple[Column, ...]:
    found = []
    for line in table.strip().splitlines():
        privacy, *specs = line.split()
        for spec in specs:
            name, _, rest = spec.partition(":")
            kind, _, references = rest.partition(">")
            words, unknown = _WORDS.get((stream, name), ("", ""))
            found.append(
                Column(
                    name=name,
                    kind=Kind(kind),
                    privacy=Privacy(privacy),
                    references=references,
                    words=tuple(words.split()),
                    unknown=unknown,
                )
            )
    return tuple(found)


def _sheet(stream: str, table: str) -> Sheet:
    columns = _columns(stream, table)
    key = _KEYS.get(stream, (columns[0].name,))
    return Sheet(stream=stream, key=key, columns=columns, needed=(*key, *_NEEDED.get(stream, ())))


SHEETS: dict[str, Sheet] = {stream: _sheet(stream, table) for stream, table in _TABLES.items()}
"""Every file of the bundle by stream name, what is referred to before what refers to it."""

PROCEDURES = Stream(
    name="procedures",
    fields=(Column(name="code", kind=Kind.ID, privacy=Privacy.COMMERCIAL).field(),),
    key="code",
    records=0,
)
"""Every procedure code that is billed, once: no file of the bundle, staging gathers it from the lines.

A line without a code is gathered under its type, `treatment` or `shop`.
"""
