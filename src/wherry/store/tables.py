"""The schema, one for both databases.

What differs stands in sqlite.py and postgres.py. Times are ISO 8601 in UTC, as text. Ids compare by
byte (collation C at PostgreSQL), so that an order is the same order everywhere.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# SQLite keeps an INTEGER key as the row's own number, which saves an index; it holds 64 bits too.
_BIG: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
_TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, _TEXT, primary_key=primary_key, nullable=False)


runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", _TEXT, nullable=False, unique=True),
    _text("kind"),
    _text("digest"),
    _text("options"),  # canonical JSON
    _text("state"),
    _text("approved_by"),
    _text("started_at"),
    Column("finished_at", _TEXT, nullable=True),
    Column("calls", _BIG, nullable=False),
    Column("throttled", _BIG, nullable=False),
)

# The chain: append-only. It holds ids and hashes, never a value of a record.
chain = Table(
    "chain",
    metadata,
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    _text("run"),
    _text("digest"),
    _text("operation_id"),
    _text("state"),
    _text("verb"),
    _text("stream"),
    _text("key"),
    Column("part", Integer, nullable=False),
    Column("destination_id", _BIG, nullable=True),
    _text("payload_hash"),
    _text("before_hash"),
    _text("after_hash"),
    _text("approved_by"),
    _text("at"),
    _text("note"),
    _text("previous"),
    _text("hash"),
    Index("chain_operation", "operation_id"),
)

# The end of the chain as we left it, so that cutting off its last entries is found too.
head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("seq", _BIG, nullable=False),
    _text("hash"),
)

attempts = Table(
    "attempts",
    metadata,
    _text("operation_id", primary_key=True),
    _text("run"),
    _text("digest"),
    _text("state"),
    _text("seen"),  # the states it went through since it was last intended
    _text("verb"),
    _text("stream"),
    _text("source_stream"),
    _text("source_id"),
    Column("part", Integer, nullable=False),
    Column("target_id", _BIG, nullable=True),  # what the operation aims at
    Column("destination_id", _BIG, nullable=True),  # what the answer said
    _text("job"),
    Column("adopted", Boolean, nullable=False),
    _text("fingerprint"),
    _text("undoes"),
    _text("undone_by"),
    _text("payload_hash"),
    _text("before_hash"),
    _text("after_hash"),
    _text("at"),
    Column("seq", _BIG, nullable=False),  # its newest entry in the chain
    Column("confirmed_seq", _BIG, nullable=True),
    Index("attempts_confirmed", "confirmed_seq"),
    Index("attempts_of_run", "run", "confirmed_seq"),
    Index("attempts_state", "state", "seq"),
    Index("attempts_of_record", "source_stream", "source_id", "part"),
)

# What was sent, what was there before, what is there now: sealed, and destroyed by a purge.
bodies = Table(
    "bodies",
    metadata,
    Column("operation_id", _TEXT, ForeignKey("attempts.operation_id"), primary_key=True, nullable=False),
    Column("operation", LargeBinary, nullable=False),
    Column("before", LargeBinary, nullable=True),
    Column("after", LargeBinary, nullable=True),
)

crosswalk = Table(
    "crosswalk",
    metadata,
    _text("source_stream", primary_key=True),
    _text("source_id", primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    _text("rank"),
    _text("stream"),
    Column("destination_id", _BIG, nullable=False),
    _text("fingerprint"),
    Column("adopted", Boolean, nullable=False),
    _text("created_in"),  # the run that created or adopted it
    _text("written_in"),  # the run that wrote it last
    Index("crosswalk_order", "source_stream", "rank", "part"),
    Index("crosswalk_destination", "stream", "destination_id"),
    sqlite_with_rowid=False,
)

# Every record of a run, in exactly one state.
records = Table(
    "records",
    metadata,
    _text("run", primary_key=True),
    _text("stream", primary_key=True),
    _text("id", primary_key=True),
    _text("rank"),  # orders ids: numbers by size, then the others
    _text("state"),
    _text("reason"),
    _text("hint"),
    _text("field"),
    _text("blocked_by"),
    Index("records_by_state", "run", "stream", "state", "rank"),
    sqlite_with_rowid=False,
)

# How many records were enlisted, counted apart from the records themselves.
totals = Table(
    "totals",
    metadata,
    _text("run", primary_key=True),
    _text("stream", primary_key=True),
    Column("read", _BIG, nullable=False),
    sqlite_with_rowid=False,
)

approvals = Table(
    "approvals",
    metadata,
    Column("seq", _BIG, primary_key=True, autoincrement=False),  # its entry in the chain
    _text("digest"),
    _text("by"),
    _text("at"),
    _text("purpose_of_run"),
    _text("unlock"),
    _text("purpose"),
    _text("basis"),
    Index("approvals_digest", "digest"),
)

budgets = Table(
    "budgets",
    metadata,
    _text("account", primary_key=True),
    _text("minute"),  # JSON: booked calls by half-second bucket
    _text("hour"),  # JSON: booked calls by half-minute bucket
    Column("blocked_until", Float(53), nullable=False),  # seconds since 1970
)

# Who works on a run, and until when: a claim that its holder renews, and loses when it cannot.
leases = Table(
    "leases",
    metadata,
    _text("worker", primary_key=True),
    _text("run"),
    _text("role"),  # coordinator or worker
    _text("place"),  # process id and host, for people
    Column("until", Float(53), nullable=False),  # seconds since 1970, by the database's clock
)

# The newest transaction of each process, by which it learns after a lost connection whether it counted.
writers = Table(
    "writers",
    metadata,
    _text("writer", primary_key=True),
    Column("turn", _BIG, nullable=False),
)

# With which key the values in this store are sealed, and whether a purge has destroyed it; one line at most.
seal = Table(
    "seal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    _text("key_id"),  # empty where nothing is sealed
    Column("wrapped", LargeBinary, nullable=True),  # the wrapped key, where workers in other folders need it
    _text("purge_began"),  # empty until then
    _text("purge_ended"),
)

steps = Table(
    "schema_steps",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _text("at"),
)
