"""Runs the migrations on the connection that ``hotline.store.sql.migrate`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from hotline.store import knowledge_tables  # noqa: F401 -- its tables belong to the same metadata
from hotline.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False
)
context.run_migrations()
