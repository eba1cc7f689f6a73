"""How alembic runs a step: in the connection and the transaction that `goflow.store.migrate` hands over."""

from alembic import context

from goflow.store.indexes import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
    transactional_ddl=False,
)
context.run_migrations()
