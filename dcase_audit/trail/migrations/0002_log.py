from django.db import migrations

OUTBOX = """
ALTER TABLE trail.outbox ADD COLUMN relid oid, ADD COLUMN before text,
    -- A bound inside of the expression would make it a hundred times slower.
    ADD CONSTRAINT outbox_subject CHECK (subject ~ '^[!-~]+$' AND octet_length(subject) <= 200),
    ADD CONSTRAINT outbox_kind CHECK (CASE source
        WHEN 'row' THEN kind IN ('insert', 'update', 'delete', 'baseline', 'shape')
        ELSE kind ~ '^[a-z_]+[.][a-z_]+$' END);
-- Every row is inserted and deleted once.
ALTER TABLE trail.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0);
"""

LOG = """
CREATE TABLE trail.log (
    seq bigint PRIMARY KEY,
    source text NOT NULL,
    kind text NOT NULL,
    object text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    xid bigint NOT NULL,
    at timestamptz NOT NULL,
    leaf bytea NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    UNIQUE (object, version)
);
CREATE INDEX log_kind ON trail.log (kind, seq);
CREATE INDEX log_at ON trail.log (at);
CREATE INDEX log_xid ON trail.log (xid);

-- What the leaves commit to. A text that was redacted is null, its salt zero, and its commitment is kept in closed.
CREATE TABLE trail.disclosure (
    seq bigint PRIMARY KEY REFERENCES trail.log,
    actor text COLLATE "C",
    names text[] NOT NULL,
    salts bytea NOT NULL,
    texts text[] NOT NULL,
    closed jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX disclosure_actor ON trail.disclosure (actor, seq);

-- One row: how far the log goes, and whose turn it is. Whoever lost the lock finds another epoch.
CREATE TABLE trail.head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    size bigint NOT NULL DEFAULT 0,
    epoch bigint NOT NULL DEFAULT 0
);
INSERT INTO trail.head DEFAULT VALUES;

-- One size may be published again, witnessed anew: an idle log shows that nothing happened.
CREATE TABLE trail.checkpoint (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    witnessed_at timestamptz,
    published_at timestamptz NOT NULL
);
CREATE INDEX checkpoint_size ON trail.checkpoint (size, id);
CREATE TABLE trail.token (
    size bigint,
    authority text,
    response bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (size, authority)
);
CREATE TABLE trail.shape (
    relid oid PRIMARY KEY,
    name text NOT NULL,
    columns jsonb NOT NULL
);

GRANT SELECT ON trail.log, trail.disclosure, trail.checkpoint, trail.token TO dcase_app, dcase_reader, dcase_sequencer;
GRANT SELECT ON trail.head TO dcase_app, dcase_reader;
GRANT INSERT ON trail.log, trail.disclosure, trail.checkpoint, trail.token TO dcase_sequencer;
GRANT SELECT, UPDATE ON trail.head TO dcase_sequencer;
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_outbox")]
    operations = [migrations.RunSQL(OUTBOX), migrations.RunSQL(LOG)]
