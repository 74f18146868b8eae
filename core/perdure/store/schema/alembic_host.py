"""Keeps a host's own Alembic from proposing anything about perdure's tables.

Alembic 1.18 and later find this by themselves, as the plugin `alembic.autogenerate.perdure_tables` that the distribution brings.
For an earlier one it takes one line in the host's `env.py`: `context.configure(…, include_name=include_name)`, or
`include_object=include_object`. Alembic is not imported at the top: it loads this file while it is being imported itself.
"""

from __future__ import annotations

from typing import Any

from perdure.store.schema.versions import VERSION_TABLE
from perdure.store.tables import metadata

OURS = frozenset({*metadata.tables, VERSION_TABLE})


def include_name(name: str | None, kind: str, _parents: object = None) -> bool:
    """Tell Alembic's autogenerate whether to look at something in the database: at everything but perdure's tables.

    Args:
        name: What it is called.
        kind: What it is: `table`, `column`, ….
    """
    return not (kind == "table" and name in OURS)


def include_object(_object: object, name: str | None, kind: str, _reflected: object = None, _compare_to: object = None) -> bool:
    """Tell Alembic's autogenerate whether to compare something: everything but perdure's tables.

    Args:
        name: What it is called.
        kind: What it is: `table`, `column`, ….
    """
    return include_name(name, kind)


def setup(plugin: Any) -> None:
    """Take part in Alembic's autogenerate; Alembic calls this itself.

    Args:
        plugin: An `alembic.runtime.plugins.Plugin`.
    """
    from alembic.util import DispatchPriority  # noqa: PLC0415 - Alembic is loaded by the time it calls this, and not before

    plugin.add_autogenerate_comparator(leave_ours_out, "autogenerate", "perdure_tables", priority=DispatchPriority.LAST)


def leave_ours_out(context: Any, upgrade_operations: Any) -> None:
    """Drop what the others proposed about perdure's tables, unless the migrations are perdure's own.

    Args:
        context: An `alembic.autogenerate.api.AutogenContext`.
        upgrade_operations: An `alembic.operations.ops.UpgradeOps`, whose operations each name a table, but for those that
            are about none.
    """
    if context.migration_context.version_table != VERSION_TABLE:
        upgrade_operations.ops[:] = [each for each in upgrade_operations.ops if getattr(each, "table_name", None) not in OURS]
