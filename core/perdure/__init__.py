"""perdure: durable, typed status for every pip-installed module, and status codes that plugins extend.

What is listed here is public. Every name is imported when it is first used, so that a module which only declares its status
does not load a database library.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure.aio.app import AsyncApp
    from perdure.aio.field import AsyncField
    from perdure.aio.scope import AsyncScope
    from perdure.aio.status import AsyncModuleStatus
    from perdure.aio.tenant import AsyncTenantView
    from perdure.aio.transaction import AsyncTransaction
    from perdure.aio.watch import AsyncWatch
    from perdure.app import App
    from perdure.bindings import Binding, Bindings
    from perdure.codes.category import Category
    from perdure.codes.code import StatusCode
    from perdure.codes.constants import ConstantSet
    from perdure.codes.families import Families
    from perdure.codes.family import StatusFamily
    from perdure.codes.graph import graph
    from perdure.codes.keys import BindingNamespaces, CoreBindings
    from perdure.codes.lifecycle import Lifecycle
    from perdure.codes.lifecycles import Lifecycles
    from perdure.codes.statuses import CommonStatuses, Statuses
    from perdure.codes.transition import Transition, transition
    from perdure.columns import Applied, CodeType, accepts, apply, apply_all, claim, history_table, in_category, move
    from perdure.errors import (
        AppClosed,
        BindingNotBound,
        CodeClash,
        ConfigurationError,
        Conflict,
        DefinitionError,
        DriverMissing,
        DuplicateBinding,
        DuplicateFamily,
        DuplicateModule,
        EntityNotFound,
        FrozenDefinition,
        HistoryNotKept,
        HistoryTruncated,
        InvalidArgument,
        InvalidBinding,
        InvalidCode,
        InvalidFamily,
        InvalidLifecycle,
        InvalidName,
        InvalidSpec,
        InvalidStoreUrl,
        InvalidTarget,
        LifecycleClash,
        LockLost,
        LockUnavailable,
        NoStoreConfigured,
        OutcomeUnknown,
        PerdureError,
        PluginError,
        PluginFailed,
        PluginsMissing,
        RecordInvalid,
        SchemaMismatch,
        SeveralEntities,
        StatusNotSet,
        StatusPinned,
        StillDeclared,
        StoreCorrupt,
        StoreError,
        StoreFull,
        StoreReadOnly,
        StoreUnavailable,
        TablesMissing,
        TransactionRefused,
        TransactionRequired,
        TransitionConflict,
        TransitionNotAllowed,
        UnknownBinding,
        UnknownChangeSet,
        UnknownFamily,
        UnknownHook,
        UnknownLifecycle,
        UnknownModule,
        UnknownStatusCode,
        UnknownStatusName,
        UnknownTransition,
        UnknownVersion,
        UnsupportedType,
        ValueCorrupt,
        ValueFromNewerVersion,
        ValueRefused,
        ValueTooLarge,
        VersionConflict,
    )
    from perdure.metrics import Metrics
    from perdure.plugins.hookspecs import hookimpl
    from perdure.plugins.report import LoadReport
    from perdure.records.entry import Change, Entry
    from perdure.records.fields import field
    from perdure.records.spec import StatusSpec
    from perdure.scope.changeset import ChangeSet
    from perdure.scope.field import Field
    from perdure.scope.scope import Scope
    from perdure.scope.status import ModuleStatus
    from perdure.scope.watch import Watch
    from perdure.tenant import TenantView
    from perdure.upkeep import FailedRewrite, Leftover, PendingUpgrade, Rewritten

EXPORTS = {
    "App": "perdure.app",
    "AppClosed": "perdure.errors",
    "Applied": "perdure.columns",
    "AsyncApp": "perdure.aio.app",
    "AsyncField": "perdure.aio.field",
    "AsyncModuleStatus": "perdure.aio.status",
    "AsyncScope": "perdure.aio.scope",
    "AsyncTenantView": "perdure.aio.tenant",
    "AsyncTransaction": "perdure.aio.transaction",
    "AsyncWatch": "perdure.aio.watch",
    "Binding": "perdure.bindings",
    "BindingNamespaces": "perdure.codes.keys",
    "BindingNotBound": "perdure.errors",
    "Bindings": "perdure.bindings",
    "Category": "perdure.codes.category",
    "Change": "perdure.records.entry",
    "ChangeSet": "perdure.scope.changeset",
    "CodeClash": "perdure.errors",
    "CodeType": "perdure.columns",
    "CommonStatuses": "perdure.codes.statuses",
    "ConfigurationError": "perdure.errors",
    "Conflict": "perdure.errors",
    "ConstantSet": "perdure.codes.constants",
    "CoreBindings": "perdure.codes.keys",
    "DefinitionError": "perdure.errors",
    "DriverMissing": "perdure.errors",
    "DuplicateBinding": "perdure.errors",
    "DuplicateFamily": "perdure.errors",
    "DuplicateModule": "perdure.errors",
    "EntityNotFound": "perdure.errors",
    "Entry": "perdure.records.entry",
    "FailedRewrite": "perdure.upkeep",
    "Families": "perdure.codes.families",
    "Field": "perdure.scope.field",
    "FrozenDefinition": "perdure.errors",
    "HistoryNotKept": "perdure.errors",
    "HistoryTruncated": "perdure.errors",
    "InvalidArgument": "perdure.errors",
    "InvalidBinding": "perdure.errors",
    "InvalidCode": "perdure.errors",
    "InvalidFamily": "perdure.errors",
    "InvalidLifecycle": "perdure.errors",
    "InvalidName": "perdure.errors",
    "InvalidSpec": "perdure.errors",
    "InvalidStoreUrl": "perdure.errors",
    "InvalidTarget": "perdure.errors",
    "Leftover": "perdure.upkeep",
    "Lifecycle": "perdure.codes.lifecycle",
    "LifecycleClash": "perdure.errors",
    "Lifecycles": "perdure.codes.lifecycles",
    "LoadReport": "perdure.plugins.report",
    "LockLost": "perdure.errors",
    "LockUnavailable": "perdure.errors",
    "Metrics": "perdure.metrics",
    "ModuleStatus": "perdure.scope.status",
    "NoStoreConfigured": "perdure.errors",
    "OutcomeUnknown": "perdure.errors",
    "PendingUpgrade": "perdure.upkeep",
    "PerdureError": "perdure.errors",
    "PluginError": "perdure.errors",
    "PluginFailed": "perdure.errors",
    "PluginsMissing": "perdure.errors",
    "RecordInvalid": "perdure.errors",
    "Rewritten": "perdure.upkeep",
    "SchemaMismatch": "perdure.errors",
    "Scope": "perdure.scope.scope",
    "SeveralEntities": "perdure.errors",
    "StatusCode": "perdure.codes.code",
    "StatusFamily": "perdure.codes.family",
    "StatusNotSet": "perdure.errors",
    "StatusPinned": "perdure.errors",
    "StatusSpec": "perdure.records.spec",
    "Statuses": "perdure.codes.statuses",
    "StillDeclared": "perdure.errors",
    "StoreCorrupt": "perdure.errors",
    "StoreError": "perdure.errors",
    "StoreFull": "perdure.errors",
    "StoreReadOnly": "perdure.errors",
    "StoreUnavailable": "perdure.errors",
    "TablesMissing": "perdure.errors",
    "TenantView": "perdure.tenant",
    "TransactionRefused": "perdure.errors",
    "TransactionRequired": "perdure.errors",
    "Transition": "perdure.codes.transition",
    "TransitionConflict": "perdure.errors",
    "TransitionNotAllowed": "perdure.errors",
    "UnknownBinding": "perdure.errors",
    "UnknownChangeSet": "perdure.errors",
    "UnknownFamily": "perdure.errors",
    "UnknownHook": "perdure.errors",
    "UnknownLifecycle": "perdure.errors",
    "UnknownModule": "perdure.errors",
    "UnknownStatusCode": "perdure.errors",
    "UnknownStatusName": "perdure.errors",
    "UnknownTransition": "perdure.errors",
    "UnknownVersion": "perdure.errors",
    "UnsupportedType": "perdure.errors",
    "ValueCorrupt": "perdure.errors",
    "ValueFromNewerVersion": "perdure.errors",
    "ValueRefused": "perdure.errors",
    "ValueTooLarge": "perdure.errors",
    "VersionConflict": "perdure.errors",
    "Watch": "perdure.scope.watch",
    "accepts": "perdure.columns",
    "apply": "perdure.columns",
    "apply_all": "perdure.columns",
    "claim": "perdure.columns",
    "field": "perdure.records.fields",
    "graph": "perdure.codes.graph",
    "history_table": "perdure.columns",
    "hookimpl": "perdure.plugins.hookspecs",
    "in_category": "perdure.columns",
    "move": "perdure.columns",
    "transition": "perdure.codes.transition",
}

__all__ = [
    "App",
    "AppClosed",
    "Applied",
    "AsyncApp",
    "AsyncField",
    "AsyncModuleStatus",
    "AsyncScope",
    "AsyncTenantView",
    "AsyncTransaction",
    "AsyncWatch",
    "Binding",
    "BindingNamespaces",
    "BindingNotBound",
    "Bindings",
    "Category",
    "Change",
    "ChangeSet",
    "CodeClash",
    "CodeType",
    "CommonStatuses",
    "ConfigurationError",
    "Conflict",
    "ConstantSet",
    "CoreBindings",
    "DefinitionError",
    "DriverMissing",
    "DuplicateBinding",
    "DuplicateFamily",
    "DuplicateModule",
    "EntityNotFound",
    "Entry",
    "FailedRewrite",
    "Families",
    "Field",
    "FrozenDefinition",
    "HistoryNotKept",
    "HistoryTruncated",
    "InvalidArgument",
    "InvalidBinding",
    "InvalidCode",
    "InvalidFamily",
    "InvalidLifecycle",
    "InvalidName",
    "InvalidSpec",
    "InvalidStoreUrl",
    "InvalidTarget",
    "Leftover",
    "Lifecycle",
    "LifecycleClash",
    "Lifecycles",
    "LoadReport",
    "LockLost",
    "LockUnavailable",
    "Metrics",
    "ModuleStatus",
    "NoStoreConfigured",
    "OutcomeUnknown",
    "PendingUpgrade",
    "PerdureError",
    "PluginError",
    "PluginFailed",
    "PluginsMissing",
    "RecordInvalid",
    "Rewritten",
    "SchemaMismatch",
    "Scope",
    "SeveralEntities",
    "StatusCode",
    "StatusFamily",
    "StatusNotSet",
    "StatusPinned",
    "StatusSpec",
    "Statuses",
    "StillDeclared",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreReadOnly",
    "StoreUnavailable",
    "TablesMissing",
    "TenantView",
    "TransactionRefused",
    "TransactionRequired",
    "Transition",
    "TransitionConflict",
    "TransitionNotAllowed",
    "UnknownBinding",
    "UnknownChangeSet",
    "UnknownFamily",
    "UnknownHook",
    "UnknownLifecycle",
    "UnknownModule",
    "UnknownStatusCode",
    "UnknownStatusName",
    "UnknownTransition",
    "UnknownVersion",
    "UnsupportedType",
    "ValueCorrupt",
    "ValueFromNewerVersion",
    "ValueRefused",
    "ValueTooLarge",
    "VersionConflict",
    "Watch",
    "accepts",
    "apply",
    "apply_all",
    "claim",
    "field",
    "graph",
    "history_table",
    "hookimpl",
    "in_category",
    "move",
    "transition",
]

logging.getLogger("perdure").addHandler(logging.NullHandler())  # what is said is for the application to hear, or not


if not TYPE_CHECKING:  # type checkers know the names above, and are to refuse any other

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        try:
            module = EXPORTS[name]
        except KeyError:
            raise AttributeError(f"module 'perdure' has no attribute {name!r}") from None
        found = getattr(import_module(module), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """List the public names."""
        return sorted({*globals(), *__all__})
