"""The list of accesses is only added to: the database itself refuses to change or remove a line."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSAL = "the list of accesses is only added to"
_FUNCTION = f"""
CREATE FUNCTION access_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$
"""


def upgrade() -> None:
    """Bring the tables up to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            name = f"access_no_{verb.lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON access EXECUTE FUNCTION access_only_added()")
    else:
        for verb in ("UPDATE", "DELETE"):
            refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            op.execute(f"CREATE TRIGGER access_no_{verb.lower()} BEFORE {verb} ON access {refuse}")
