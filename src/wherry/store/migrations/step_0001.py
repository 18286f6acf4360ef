"""The first schema."""

STATEMENTS = (
    """
CREATE TABLE approvals (
    seq {big} NOT NULL,
    digest {text} NOT NULL,
    "by" {text} NOT NULL,
    at {text} NOT NULL,
    purpose_of_run {text} NOT NULL,
    unlock {text} NOT NULL,
    purpose {text} NOT NULL,
    basis {text} NOT NULL,
    PRIMARY KEY (seq)
)
    """,
    "CREATE INDEX approvals_digest ON approvals (digest)",
    """
CREATE TABLE attempts (
    operation_id {text} NOT NULL,
    run {text} NOT NULL,
    digest {text} NOT NULL,
    state {text} NOT NULL,
    seen {text} NOT NULL,
    verb {text} NOT NULL,
    stream {text} NOT NULL,
    source_stream {text} NOT NULL,
    source_id {text} NOT NULL,
    part INTEGER NOT NULL,
    target_id {big},
    destination_id {big},
    job {text} NOT NULL,
    adopted BOOLEAN NOT NULL,
    fingerprint {text} NOT NULL,
    undoes {text} NOT NULL,
    undone_by {text} NOT NULL,
    payload_hash {text} NOT NULL,
    before_hash {text} NOT NULL,
    after_hash {text} NOT NULL,
    at {text} NOT NULL,
    seq {big} NOT NULL,
    confirmed_seq {big},
    PRIMARY KEY (operation_id)
)
    """,
    "CREATE INDEX attempts_confirmed ON attempts (confirmed_seq)",
    "CREATE INDEX attempts_of_record ON attempts (source_stream, source_id, part)",
    "CREATE INDEX attempts_of_run ON attempts (run, confirmed_seq)",
    "CREATE INDEX attempts_state ON attempts (state, seq)",
    """
CREATE TABLE budgets (
    account {text} NOT NULL,
    minute {text} NOT NULL,
    hour {text} NOT NULL,
    blocked_until {float} NOT NULL,
    PRIMARY KEY (account)
)
    """,
    """
CREATE TABLE chain (
    seq {big} NOT NULL,
    run {text} NOT NULL,
    digest {text} NOT NULL,
    operation_id {text} NOT NULL,
    state {text} NOT NULL,
    verb {text} NOT NULL,
    stream {text} NOT NULL,
    "key" {text} NOT NULL,
    part INTEGER NOT NULL,
    destination_id {big},
    payload_hash {text} NOT NULL,
    before_hash {text} NOT NULL,
    after_hash {text} NOT NULL,
    approved_by {text} NOT NULL,
    at {text} NOT NULL,
    note {text} NOT NULL,
    previous {text} NOT NULL,
    hash {text} NOT NULL,
    PRIMARY KEY (seq)
)
    """,
    "CREATE INDEX chain_operation ON chain (operation_id)",
    """
CREATE TABLE crosswalk (
    source_stream {text} NOT NULL,
    source_id {text} NOT NULL,
    part INTEGER NOT NULL,
    rank {text} NOT NULL,
    stream {text} NOT NULL,
    destination_id {big} NOT NULL,
    fingerprint {text} NOT NULL,
    adopted BOOLEAN NOT NULL,
    created_in {text} NOT NULL,
    written_in {text} NOT NULL,
    PRIMARY KEY (source_stream, source_id, part)
) {without_rowid}
    """,
    "CREATE INDEX crosswalk_destination ON crosswalk (stream, destination_id)",
    "CREATE INDEX crosswalk_order ON crosswalk (source_stream, rank, part)",
    """
CREATE TABLE head (
    id INTEGER NOT NULL,
    seq {big} NOT NULL,
    hash {text} NOT NULL,
    PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE records (
    run {text} NOT NULL,
    stream {text} NOT NULL,
    id {text} NOT NULL,
    rank {text} NOT NULL,
    state {text} NOT NULL,
    reason {text} NOT NULL,
    hint {text} NOT NULL,
    field {text} NOT NULL,
    blocked_by {text} NOT NULL,
    PRIMARY KEY (run, stream, id)
) {without_rowid}
    """,
    "CREATE INDEX records_by_state ON records (run, stream, state, rank)",
    """
CREATE TABLE runs (
    number INTEGER NOT NULL,
    id {text} NOT NULL,
    kind {text} NOT NULL,
    digest {text} NOT NULL,
    options {text} NOT NULL,
    state {text} NOT NULL,
    approved_by {text} NOT NULL,
    started_at {text} NOT NULL,
    finished_at {text},
    calls {big} NOT NULL,
    throttled {big} NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id)
)
    """,
    """
CREATE TABLE totals (
    run {text} NOT NULL,
    stream {text} NOT NULL,
    read {big} NOT NULL,
    PRIMARY KEY (run, stream)
) {without_rowid}
    """,
    """
CREATE TABLE bodies (
    operation_id {text} NOT NULL,
    operation {bytes} NOT NULL,
    "before" {bytes},
    "after" {bytes},
    PRIMARY KEY (operation_id),
    FOREIGN KEY(operation_id) REFERENCES attempts (operation_id)
)
    """,
)
