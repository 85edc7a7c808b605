"""The numbers of reviews and attachments are drawn: none tells the order in which they were made, nor what stands beside."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0060_drawn_numbers"
down_revision: str | Sequence[str] | None = "0059_visitors_and_mending"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = ("review", "attachment")
# A Feistel network over 20 bits: each of 1,048,576 turns has a number of its own, in an order that only the secret
# tells; the next so many turns have the next so many numbers. What was numbered before stays below `first`.
DRAW = """
    CREATE FUNCTION drawn_number(kind text, turn bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
        drawing number_drawing;
        high bigint := (turn >> 10) & 1023;
        low bigint := turn & 1023;
        hashed bytea;
        mixed bigint;
    BEGIN
        SELECT * INTO STRICT drawing FROM number_drawing WHERE number_drawing.kind = drawn_number.kind;
        FOR step IN 1..10 LOOP
            hashed := sha256(drawing.secret || convert_to(concat_ws('/', kind, turn >> 20, step, low), 'UTF8'));
            mixed := high # ((get_byte(hashed, 0) << 8 | get_byte(hashed, 1)) & 1023);
            high := low;
            low := mixed;
        END LOOP;
        RETURN drawing.first + ((turn >> 20) << 20) + (high << 10) + low;
    END
    $$
"""


def upgrade() -> None:
    """Old code goes on: it leaves the number to the database. Numbers that were given stay."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "number_drawing",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_number_drawing")),
        sa.CheckConstraint("octet_length(secret) >= 32", name=op.f("ck_number_drawing_secret_long")),
    )
    op.execute(DRAW)
    op.execute(f"LOCK TABLE {', '.join(KINDS)} IN ACCESS EXCLUSIVE MODE")  # nobody takes a number in between
    for kind in KINDS:
        op.execute(
            "INSERT INTO number_drawing (kind, secret, first)"  # noqa: S608 -- our own words
            f" SELECT '{kind}', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"
            f" || uuid_send(gen_random_uuid()), coalesce(max(id), 0) + 1 FROM {kind}"
        )
        op.execute(f"ALTER TABLE {kind} ALTER id DROP IDENTITY")
        op.execute(f"CREATE SEQUENCE {kind}_drawn OWNED BY {kind}.id")
        op.execute(f"ALTER TABLE {kind} ALTER id SET DEFAULT drawn_number('{kind}', nextval('{kind}_drawn'))")
    op.execute("ALTER TABLE review ADD turn bigint")
    op.execute("ALTER TABLE review ALTER turn TYPE bigint USING id")  # so, no trigger looks at each row
    op.execute("ALTER TABLE review ALTER turn SET NOT NULL")
    op.execute("ALTER TABLE review ALTER turn ADD GENERATED ALWAYS AS IDENTITY")
    op.execute("SELECT setval(pg_get_serial_sequence('review', 'turn'), coalesce(max(turn), 0) + 1, false) FROM review")


def downgrade() -> None:
    """Numbers that were drawn stay; the next ones come after them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("review", "turn")
    for kind in KINDS:
        op.execute(f"ALTER TABLE {kind} ALTER id DROP DEFAULT")
        op.execute(f"DROP SEQUENCE {kind}_drawn")
        op.execute(f"ALTER TABLE {kind} ALTER id ADD GENERATED ALWAYS AS IDENTITY")
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{kind}', 'id'), coalesce(max(id), 0) + 1, false)"  # noqa: S608
            f" FROM {kind}"
        )
    op.execute("DROP FUNCTION drawn_number(text, bigint)")
    op.drop_table("number_drawing")
