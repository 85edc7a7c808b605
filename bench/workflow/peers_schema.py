"""The peers' tables, on the same server as ours: a state, an audit row and an outbox row a transition."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS peer_review (id bigint PRIMARY KEY, state text NOT NULL, version int NOT NULL,
  updated_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS peer_audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, review_id bigint NOT NULL,
  from_state text NOT NULL, to_state text NOT NULL, event text NOT NULL, actor text NOT NULL, reason text NOT NULL,
  at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS peer_audit_review ON peer_audit (review_id, id);
CREATE TABLE IF NOT EXISTS peer_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL,
  payload jsonb NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO peer_review SELECT n, 'planned', 1, now() FROM generate_series(1, {reviews}) n ON CONFLICT DO NOTHING;
"""
