"""Every error that perdure raises, in one tree.

```
PerdureError
├── ConfigurationError            what the application asked for cannot be had
│   ├── NoStoreConfigured
│   ├── InvalidStoreUrl
│   ├── DriverMissing
│   ├── InvalidArgument
│   └── AppClosed
├── DefinitionError               what a module or plugin declares cannot work
│   ├── InvalidBinding
│   ├── InvalidFamily
│   ├── InvalidLifecycle
│   ├── InvalidSpec
│   └── UnsupportedType
├── PluginError                   what was installed cannot be loaded
│   ├── CodeClash
│   ├── DuplicateBinding
│   ├── DuplicateFamily
│   ├── LifecycleClash
│   ├── PluginFailed
│   ├── UnknownHook
│   └── DuplicateModule
├── InvalidName                   a tenant, module, name or actor that no table can hold
├── UnknownModule
├── UnknownStatusName
├── ValueRefused                  a value on its way in; nothing was written
│   └── ValueTooLarge
├── StatusPinned
├── StatusNotSet
├── ValueCorrupt                  a value on its way out; it was left as it is
├── ValueFromNewerVersion         newer code wrote it; it was left as it is
├── UnknownVersion                a change that is not in the history
├── UnknownChangeSet
├── HistoryTruncated              changes that a watcher needed are gone
├── HistoryNotKept
├── StillDeclared                 what is no leftover was to be removed
├── PluginsMissing                what is left over cannot be known
├── RecordInvalid                 every value can be read, and together they do not make a record
├── InvalidCode                   a text that no status code can be
├── UnknownStatusCode
├── UnknownFamily
├── UnknownLifecycle
├── UnknownTransition
├── InvalidTarget
├── TransitionNotAllowed
├── TransitionConflict            another transaction was in the way; the caller's is to be rolled back
├── TransactionRequired
├── EntityNotFound
├── SeveralEntities
├── FrozenDefinition
├── UnknownBinding
├── BindingNotBound
├── LockUnavailable               a lock was not had in time; nothing was written
├── LockLost                      a lock ended before what ran under it
└── StoreError                    the database; nothing is known to have been written unless it says so
    ├── StoreUnavailable
    ├── StoreReadOnly
    ├── StoreFull
    ├── StoreCorrupt
    ├── SchemaMismatch
    │   └── TablesMissing
    ├── Conflict
    │   └── VersionConflict
    ├── TransactionRefused
    └── OutcomeUnknown
```

An error takes facts, keeps them as attributes and writes its own message: where, what was expected, what came, what to do.
Facts are positional and plain, so that every error survives pickling on its way between processes. They are what a class
annotates: see `PerdureError`.
"""

from __future__ import annotations

import difflib
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, ClassVar, Self, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perdure.names import Key


def nearest(given: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests the known word nearest to the given one, or lists a few that are known."""
    words = sorted(known)
    if matches := difflib.get_close_matches(given, words, n=1):
        return f"Did you mean {matches[0]!r}?"
    if not words:
        return "None is known."
    shown = ", ".join(map(repr, words[:8]))
    return f"Known: {shown}{', …' if len(words) > 8 else ''}."  # noqa: PLR2004 - as many as fit on a line


def place(tenant: str, module: str, name: str = "") -> str:
    """Return how messages name a place: `training-student.enable`, and the tenant where there is one."""
    dotted = f"{module}.{name}" if name else module
    return f"{dotted} (tenant {tenant!r})" if tenant else dotted


def shortened(given: object) -> str:
    """Return how messages show an argument; Python refuses to write out very long numbers."""
    try:
        return f"{given!r:.80}"
    except ValueError:
        return f"<{type(given).__name__}>"


@dataclass_transform(eq_default=False)
class PerdureError(Exception):
    """What every error of perdure is.

    What a class annotates are its facts: it takes them in this order or by name, after those that it inherits. attrs is not used,
    since it would generate code for each of some fifty classes whenever a program starts.
    """

    __signature__: ClassVar = Signature()

    def __init_subclass__(cls) -> None:
        """Take note of the facts."""
        own = {
            name: Parameter(
                name, Parameter.POSITIONAL_OR_KEYWORD, default=vars(cls).get(name, Parameter.empty), annotation=annotation
            )
            for name, annotation in cls.__annotations__.items()
        }
        cls.__signature__ = Signature(list({**cls.__signature__.parameters, **own}.values()))

    def __init__(self, *given: object, **named: object) -> None:
        if not self.__signature__.parameters:  # somebody's own error, perhaps, with a text of its own
            super().__init__(*given, **named)
            return
        facts = self.__signature__.bind(*given, **named)
        facts.apply_defaults()
        super().__init__(*facts.args)
        vars(self).update(facts.arguments)

    def with_facts(self, **facts: object) -> Self:
        """Return the same error with some of its facts replaced."""
        return type(self)(**{name: getattr(self, name) for name in self.__signature__.parameters} | facts)


# --------------------------------------------------------------------------- configuration


class ConfigurationError(PerdureError):
    """What the application asked for cannot be had."""


class NoStoreConfigured(ConfigurationError):
    """`App.open` was told of no database, neither by an argument nor by the environment."""

    def __str__(self) -> str:
        return (
            "No store is configured: give App.open a database URL such as 'sqlite:///app.db', "
            "or set the environment variable PERDURE_URL."
        )


class InvalidStoreUrl(ConfigurationError):
    """The database URL is none, or names a database that perdure does not know.

    Attributes:
        url: The URL as given, without its password.
        problem: What is wrong with it.
    """

    url: str
    problem: str

    def __str__(self) -> str:
        return f"The store URL {self.url!r} cannot be used: {self.problem}. A valid one: 'sqlite:///app.db'."


class DriverMissing(ConfigurationError):
    """The database's driver is not installed.

    Attributes:
        url: The URL as given, without its password.
        driver: The package that was not found.
        extra: The extra of perdure that brings it.
    """

    url: str
    driver: str
    extra: str

    def __str__(self) -> str:
        return f"{self.url!r} needs {self.driver}, which is not installed: pip install 'perdure[{self.extra}]'."


class InvalidArgument(ConfigurationError):
    """An argument, or the environment variable in its place, is not one of those that a call takes.

    Attributes:
        argument: The argument or variable.
        given: What was given.
        expected: What it takes.
    """

    argument: str
    given: str
    expected: str

    def __str__(self) -> str:
        return f"{self.argument}={self.given} cannot be used: expected {self.expected}."


class AppClosed(ConfigurationError):
    """The App was used after `close()`, or after its `with` block.

    Attributes:
        store: The database it had open.
    """

    store: str

    def __str__(self) -> str:
        return f"This App on {self.store} is closed. Open a new one with App.open, or keep using it inside its with block."


# --------------------------------------------------------------------------- definitions


class DefinitionError(PerdureError):
    """What a module or plugin declares cannot work; the fix is in its code."""


class InvalidSpec(DefinitionError):
    """A `StatusSpec` contradicts itself or its record.

    Attributes:
        module: The module that the spec is for.
        problem: What is wrong, and what would be right.
    """

    module: str
    problem: str

    def __str__(self) -> str:
        return f"The StatusSpec of {self.module!r} is invalid: {self.problem}."


class UnsupportedType(DefinitionError):
    """A name is declared with a type that cannot be written to JSON and read back exactly.

    Attributes:
        module: The module whose record it is.
        path: The part, such as `user.scores[]`.
        annotation: The type as declared.
        problem: Why not, and what to declare in its place.
    """

    module: str
    path: str
    annotation: str
    problem: str

    def __str__(self) -> str:
        return f"{self.module}: {self.path} is declared as {self.annotation}, which status cannot hold: {self.problem}."


# --------------------------------------------------------------------------- plugins


class PluginError(PerdureError):
    """What was installed cannot be loaded."""


class PluginFailed(PluginError):
    """A plugin could not be imported, registered or asked; the cause is chained.

    Attributes:
        plugin: The name of its entry point.
        distribution: The distribution that brought it, or None where it was handed in.
        problem: What happened.
    """

    plugin: str
    distribution: str | None
    problem: str

    def __str__(self) -> str:
        return (
            f"Plugin {owner(self.plugin, self.distribution)} failed: {self.problem}. Repair or uninstall it, "
            f"or leave it out: PERDURE_BLOCKED={self.plugin}; App.open has blocked= and on_plugin_failure='skip' for that."
        )


class UnknownHook(PluginError):
    """A plugin implements a hook that perdure does not have, most often a misspelt one.

    Attributes:
        plugin: The name of its entry point.
        distribution: The distribution that brought it, or None where it was handed in.
        hook: The hook as the plugin spells it.
        known: The hooks there are.
    """

    plugin: str
    distribution: str | None
    hook: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Plugin {owner(self.plugin, self.distribution)} implements the hook {self.hook!r}, "
            f"which does not exist. {nearest(self.hook, self.known)}"
        )


class DuplicateModule(PluginError):
    """Two plugins declare a status for the same module.

    Attributes:
        module: The module that both claim.
        first: The one owner.
        second: The other.
    """

    module: str
    first: str
    second: str

    def __str__(self) -> str:
        return (
            f"The module {self.module!r} is declared twice: by {self.first} and by {self.second}. "
            "Uninstall one of them, or name one in PERDURE_BLOCKED."
        )


def owner(plugin: str, distribution: str | None) -> str:
    """Return how messages name a plugin: by its entry point, and the distribution that brought it."""
    return f"{plugin!r} of distribution {distribution!r}" if distribution else f"{plugin!r} (handed to App.open)"


# --------------------------------------------------------------------------- names


class InvalidName(PerdureError):
    """A tenant, module, name or actor that no table can hold.

    Attributes:
        what: Which of them it is.
        given: What was given.
        problem: Why it cannot be held.
    """

    what: str
    given: str
    problem: str

    def __str__(self) -> str:
        shown = self.given if len(self.given) <= 60 else f"{self.given[:60]}…"  # noqa: PLR2004 - fits a line
        return f"The {self.what} {shown!r} cannot be used: it {self.problem}."


class UnknownModule(PerdureError, LookupError):
    """No loaded plugin declares a status for this module.

    Attributes:
        module: The module that was asked for.
        known: The modules there are.
    """

    module: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        if self.known:
            return f"No loaded plugin declares a status for the module {self.module!r}. {nearest(self.module, self.known)}"
        advice = "pip install what declares it, or hand it in by App.open(plugins=[…])"
        return f"No loaded plugin declares a status for the module {self.module!r}, nor for any other: {advice}."


class UnknownStatusName(PerdureError, LookupError):
    """The module's record declares no such name.

    Attributes:
        module: The module whose record it is.
        name: The name that was asked for.
        known: The names it declares.
    """

    module: str
    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"The module {self.module!r} declares no status named {self.name!r}. {nearest(self.name, self.known)}"


# --------------------------------------------------------------------------- values


class ValueRefused(PerdureError):
    """A value does not fit its declaration; nothing was written.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        name: The status name.
        path: The part of the value that does not fit, from the name on: `user.age`.
        problem: What was expected, and what came.
    """

    tenant: str
    module: str
    name: str
    path: str
    problem: str

    def __str__(self) -> str:
        return f"{place(self.tenant, self.module)}: {self.path}: {self.problem}. Nothing was written."


class ValueTooLarge(ValueRefused):
    """A value's JSON text is longer than the App allows; nothing was written.

    Attributes:
        size: Its length in bytes of UTF-8.
        limit: The longest that `max_value_bytes` allows.
    """

    size: int
    limit: int

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module, self.name)}: the value takes {self.size} bytes of JSON, and {self.limit} are "
            "allowed (max_value_bytes). Nothing was written. Status is for small values: keep large ones in a table of your own."
        )


class StatusPinned(PerdureError):
    """The application pins this name, so that no write of it would be seen.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        name: The status name.
    """

    tenant: str
    module: str
    name: str

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module, self.name)} is pinned by the application (App.open(pinned=…)), so writing it is "
            "refused. Nothing was written. Remove the pin to write it."
        )


class StatusNotSet(PerdureError, LookupError):
    """A value was needed, and these names have neither a stored one nor a default.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        names: Every name that is missing.
    """

    tenant: str
    module: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(map(repr, self.names))
        return (
            f"{place(self.tenant, self.module)}: nothing is stored for {names}, and no default is declared. "
            "Set a value first, declare a default in the record, or give App.open(defaults=…)."
        )


class ValueCorrupt(PerdureError):
    """A stored value cannot be read as what the module declares; it was left as it is.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        name: The status name.
        path: The part that does not fit, from the name on: `user.age`.
        problem: What was expected, and what is there.
        advice: What to do, where it is not the stored value that is to be mended.
    """

    tenant: str
    module: str
    name: str
    path: str
    problem: str
    advice: str = ""

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module)}: the stored value cannot be read: {self.path}: {self.problem}. "
            f"It was left as it is. {self.advice or f'Set {self.name!r} anew, or repair its row in perdure_status'}."
        )


class ValueFromNewerVersion(PerdureError):
    """A stored value was written in a newer version of the record than this code can read; it was left as it is.

    Attributes:
        tenant: Whose status it is.
        module: The module.
        name: The status name.
        found: The version of the record that it is written in.
        newest: The newest version that this code can read.
    """

    tenant: str
    module: str
    name: str
    found: int
    newest: int

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module, self.name)} is stored in record version {self.found}, and this code reads "
            f"versions up to {self.newest}; the value was left as it is. Deploy code that reads version {self.found}. Or have "
            f"the code that wrote it write version {self.newest}, by StatusSpec(write_version={self.newest}), and rewrite what "
            "is stored, by app.rewrite_values()."
        )


class UnknownVersion(PerdureError, LookupError):
    """The history of a name has no change of that version: there never was one, or it is not kept any more.

    Attributes:
        tenant: Whose status it is.
        module: The module.
        name: The status name.
        version: The version that was asked for.
        kept: The versions that the history has, the latest first.
    """

    tenant: str
    module: str
    name: str
    version: int
    kept: tuple[int, ...]

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.kept[:8])) + (", …" if len(self.kept) > 8 else "")  # noqa: PLR2004 - as many as fit
        kept = f"it keeps {shown}" if self.kept else "it keeps none"
        where = place(self.tenant, self.module, self.name)
        return f"The history of {where} has no version {shortened(self.version)}; {kept}. Nothing was written."


class UnknownChangeSet(PerdureError, LookupError):
    """A module's history does not have all changes of that change set: there never was one, or it does not keep them any more.

    Attributes:
        tenant: Whose status it is.
        module: The module.
        change_set: The change set that was asked for.
        kept: How many of its changes the history has.
        made: How many there were, or 0 where nobody knows.
    """

    tenant: str
    module: str
    change_set: str
    kept: int = 0
    made: int = 0

    def __str__(self) -> str:
        where = place(self.tenant, self.module)
        kept = f"only {self.kept} of {self.made} changes" if self.kept else "no change"
        problem = f"The history of {where} has {kept} of the change set {self.change_set!r}"
        cause = "It never had, or keeps no more of them; and names with history=0 keep none"
        return f"{problem}. {cause}. Nothing was written; status.history() shows what is kept."


class HistoryTruncated(PerdureError):
    """A watcher needed changes that the history does not keep any more. It can go on after them: ask it for the next one.

    Attributes:
        tenant: Whose status it is.
        module: The module.
        name: The status name.
        since: The last version that the watcher has seen.
        oldest: The first version after the gap, which comes next; None where none is kept.
        reached: The version of the name, where it has not even come to `since`: an earlier state of the database was restored.
    """

    tenant: str
    module: str
    name: str
    since: int
    oldest: int | None
    reached: int | None = None

    def __str__(self) -> str:
        where = place(self.tenant, self.module, self.name)
        go_on = "Read the value as it is now (get), and go on watching"
        if self.reached is not None:
            problem = f"{where} was seen at version {self.since}, and is at version {self.reached}"
            return f"{problem}: this is another database, or an earlier state of it. {go_on}."
        left = "none is kept" if self.oldest is None else f"the next one kept is version {self.oldest}"
        more = "a larger history=… in the module's StatusSpec or field() keeps more"
        return f"Changes of {where} after version {self.since} are gone; {left}. {go_on}; {more}."


class HistoryNotKept(PerdureError):
    """A name that keeps no history cannot be watched: changes are told of from the history.

    Attributes:
        tenant: Whose status it is.
        module: The module.
        name: The status name; the empty string, where the module has none that keeps a history. An empty module means that no
            module has one.
    """

    tenant: str
    module: str
    name: str

    def __str__(self) -> str:
        where = place(self.tenant, self.module, self.name) if self.name else f"No name of {self.module or 'any module'}"
        problem = f"{where} keeps {'no' if self.name else 'a'} history, so nothing can be watched"
        return f"{problem}. Declare it with history=1 or more."


class StillDeclared(PerdureError):
    """A name was to be removed as a leftover that a loaded plugin declares; nothing was removed.

    Attributes:
        module: The module.
        name: The status name.
    """

    module: str
    name: str

    def __str__(self) -> str:
        where = place("", self.module, self.name)
        problem = f"{where} is declared by a loaded plugin, so it is no leftover; nothing was removed"
        return f"{problem}. Use status.unset({self.name!r}), or `perdure unset {self.module} {self.name}`."


class PluginsMissing(PerdureError):
    """What is left over cannot be known while plugins failed or are blocked: what they declare is not gone.

    Attributes:
        plugins: The plugins that take no part.
    """

    plugins: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(self.plugins)
        return (
            f"Plugins failed or are blocked ({names}), and what they declare would look like a leftover; nothing was removed. "
            "Load or uninstall them first; app.report says what happened."
        )


class RecordInvalid(PerdureError):
    """Every value can be read, and together they do not make a valid record; they were left as they are.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        problem: What the record's own validation says.
    """

    tenant: str
    module: str
    problem: str

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module)}: the stored values do not make a valid record together: {self.problem}. "
            "They were left as they are, and each can be read by its name."
        )


# --------------------------------------------------------------------------- locks


class LockUnavailable(PerdureError):
    """A lock was not had in time; what was to run under it did not run.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        name: The lock's name, or the status name whose first write needs it.
        timeout: The seconds for which it was tried.
        problem: Why the last try failed.
    """

    tenant: str
    module: str
    name: str
    timeout: float
    problem: str

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module, self.name)}: the lock was not had within {self.timeout} s: {self.problem}. "
            "Nothing ran under it and nothing was written. Try again later, or wait longer."
        )


class LockLost(PerdureError):
    """A lock ended before what ran under it, so that another may have run at the same time.

    Attributes:
        tenant: The tenant, or the empty string.
        module: The module.
        name: The lock's name.
        problem: How that is known.
    """

    tenant: str
    module: str
    name: str
    problem: str

    def __str__(self) -> str:
        return (
            f"{place(self.tenant, self.module, self.name)}: the lock was lost while it was held: {self.problem}. "
            "Another may have it by now: check what was done under it."
        )


# --------------------------------------------------------------------------- the database


class StoreError(PerdureError):
    """The database did not do what was asked.

    Attributes:
        store: The database, without its password.
        problem: What it said, and what to do.
        key: The tenant, module and name that it was about, where it was about one.
    """

    headline = "the store failed"

    store: str
    problem: str
    key: Key | None = None

    def __str__(self) -> str:
        about = f"{place(*self.key)}: " if self.key else ""
        return f"{about}{self.headline} ({self.store}): {self.problem}"


class StoreUnavailable(StoreError):
    """The database cannot be reached, or was busy for too long; nothing was written."""

    headline = "the store is unavailable"


class StoreReadOnly(StoreError):
    """The database can be read and not written; nothing was written."""

    headline = "the store is read-only"


class StoreFull(StoreError):
    """The database has no room left; nothing was written."""

    headline = "the store is full"


class StoreCorrupt(StoreError):
    """The file is no database, or a damaged one; nothing was written."""

    headline = "the store is damaged"


class SchemaMismatch(StoreError):
    """The tables are older or newer than this perdure; nothing was changed."""

    headline = "the store's tables do not fit this perdure"


class TablesMissing(SchemaMismatch):
    """There are no tables yet, or not even a file, and none were to be made."""

    headline = "there are no tables of perdure"


class Conflict(StoreError):
    """Another transaction was in the way. What was to be written is not, and the message says what has become of the rest."""

    headline = "another transaction was in the way"


class VersionConflict(Conflict):
    """`compare_and_set` found another version than it was told of; nothing was written, and a caller's transaction goes on.

    Attributes:
        store: The database, without its password.
        problem: What it was told, and what there is.
        key: The tenant, module and name.
        expected: The version that the caller expected; 0 for not stored.
        found: The version that there is; 0 for not stored.
    """

    expected: int = 0
    found: int = 0

    def __str__(self) -> str:
        return f"{place(*self.key) if self.key else self.store}: {self.problem}"


class TransactionRefused(StoreError):
    """The caller's transaction cannot be joined: no transaction, another database, over already; nothing was written."""

    headline = "the transaction cannot be joined"


class OutcomeUnknown(StoreError):
    """The database failed during COMMIT: the write may have happened or not. Read before writing again."""

    headline = "the outcome of the write is unknown"


# --------------------------------------------------------------------------- codes


class InvalidCode(PerdureError, ValueError):
    """A text that no status code can be.

    Attributes:
        given: What was given.
    """

    given: str

    def __str__(self) -> str:
        shown = self.given if len(self.given) <= 80 else f"{self.given[:80]}…"  # noqa: PLR2004 - fits a line
        return (
            f"{shown!r} is no status code: expected a digit from 0 to 5, two more digits, an underscore and an upper-case name, "
            "64 characters at most, as in '201_ACTIVATED'."
        )


class UnknownStatusCode(PerdureError, ValueError):
    """The family has no such code.

    Attributes:
        family: The family's name.
        code: What was given.
        known: The codes it has.
    """

    family: str
    code: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"The family {self.family!r} has no code {self.code!r}. {nearest(self.code, self.known)}"


class InvalidFamily(DefinitionError):
    """A family or set of constants contradicts itself, or what it inherits.

    Attributes:
        family: The class as its author calls it.
        problem: What is wrong, and what would be right.
    """

    family: str
    problem: str

    def __str__(self) -> str:
        return f"{self.family} cannot be defined: {self.problem}."


class InvalidLifecycle(DefinitionError):
    """A lifecycle contradicts itself, or its family.

    Attributes:
        lifecycle: The class as its author calls it.
        problem: What is wrong, and what would be right.
    """

    lifecycle: str
    problem: str

    def __str__(self) -> str:
        return f"The lifecycle {self.lifecycle} is invalid: {self.problem}."


class FrozenDefinition(PerdureError, AttributeError):
    """A family, a set of constants or a lifecycle was to be changed after its definition.

    Attributes:
        owner: The class.
        attribute: What was to be set or deleted.
    """

    owner: str
    attribute: str

    def __str__(self) -> str:
        return (
            f"{self.owner}.{self.attribute} cannot be set or deleted: {self.owner} is frozen. A plugin adds to a family or a "
            "lifecycle by handing in a class that extends it (extends=…)."
        )


class DuplicateFamily(PluginError):
    """Two families go by one name.

    Attributes:
        family: The name.
        first: The one owner, and its class.
        second: The other, and its class.
    """

    family: str
    first: str
    second: str

    def __str__(self) -> str:
        return (
            f"The family {self.family!r} is defined twice: by {self.first} and by {self.second}. To add codes to a family, use "
            "extends=; otherwise give one of them another name, uninstall it, or name its plugin in PERDURE_BLOCKED."
        )


class CodeClash(PluginError):
    """Two codes of one family share a number and not the name, or a name and not the number.

    Attributes:
        family: The family's name.
        first_owner: Who brings the one.
        first: The one code.
        second_owner: Who brings the other.
        second: The other code.
    """

    family: str
    first_owner: str
    first: str
    second_owner: str
    second: str

    def __str__(self) -> str:
        shared = "number" if self.first[:3] == self.second[:3] else "name"
        allow = ", or allow shared numbers when opening the App" if shared == "number" else ""
        return (
            f"Two codes of the family {self.family!r} share a {shared}: {self.first!r} of {self.first_owner} and {self.second!r} "
            f"of {self.second_owner}. Change one of them, uninstall one plugin, or name it in PERDURE_BLOCKED{allow}."
        )


class LifecycleClash(PluginError):
    """Two plugins say different things of one transition, or draw one edge twice.

    Attributes:
        lifecycle: The lifecycle that both extend.
        first_owner: Who brings the one transition.
        first: Its name.
        second_owner: Who brings the other.
        second: Its name.
        problem: In what they differ, or which edge they share.
    """

    lifecycle: str
    first_owner: str
    first: str
    second_owner: str
    second: str
    problem: str

    def __str__(self) -> str:
        return (
            f"In {self.lifecycle}, the transition {self.first!r} of {self.first_owner} and {self.second!r} of "
            f"{self.second_owner} clash: {self.problem}. Change one of them, uninstall one plugin, or name it in PERDURE_BLOCKED."
        )


class UnknownFamily(PerdureError, KeyError):
    """No loaded plugin hands in this family, or this extension of one.

    Attributes:
        family: The name, or the class, that was asked for.
        known: The names there are.
    """

    family: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"No loaded plugin hands in the family {self.family!r}. {nearest(self.family, self.known)}"


class UnknownLifecycle(PerdureError, KeyError):
    """No loaded plugin hands in this extension of a lifecycle.

    Attributes:
        lifecycle: The class that was asked for.
        extends: The lifecycle that it extends.
    """

    lifecycle: str
    extends: str

    def __str__(self) -> str:
        return (
            f"{self.lifecycle} adds nothing to {self.extends} here, since no loaded plugin hands it in: return it from the hook "
            "perdure_lifecycles."
        )


class UnknownTransition(PerdureError, LookupError):
    """The lifecycle has no such transition.

    Attributes:
        lifecycle: The lifecycle that was asked.
        transition: The transition's name.
        known: The transitions it has.
    """

    lifecycle: str
    transition: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.lifecycle} has no transition {self.transition!r}. {nearest(self.transition, self.known)} "
            "One that a plugin adds is known to app.lifecycles[…] only."
        )


class InvalidTarget(PerdureError, ValueError):
    """A transition with several targets was given none, or a transition was given one that is not its own.

    Attributes:
        lifecycle: The lifecycle.
        transition: The transition's name.
        given: The target that was given, or None.
        possible: The targets that it has.
    """

    lifecycle: str
    transition: str
    given: str | None
    possible: tuple[str, ...]

    def __str__(self) -> str:
        possible = ", ".join(self.possible)
        if self.given is None:
            return f"{self.lifecycle}.{self.transition} has several targets: name one of them with to=. Possible: {possible}."
        return f"{self.lifecycle}.{self.transition} does not lead to {self.given!r}. Possible: {possible}."


class TransitionNotAllowed(PerdureError):
    """The lifecycle does not let a status move as asked.

    Attributes:
        lifecycle: The lifecycle.
        current: The status as it is.
        wanted: The target, or the transition, that was asked for.
        allowed: The targets that are allowed from here, `when` not asked.
        condition: Whether the move exists, and its `when` said no.
        where: The tenant, module and name whose value it is, where it is a status of a module.
    """

    lifecycle: str
    current: str
    wanted: str
    allowed: tuple[str, ...]
    condition: bool = False
    where: str = ""

    def __str__(self) -> str:
        about = f"{self.where}: " if self.where else ""
        if self.condition:
            return (
                f"{about}{self.lifecycle}: {self.current!r} may move to {self.wanted!r}, "
                "but its condition (when=) said no to this row."
            )
        allowed = ", ".join(self.allowed) if self.allowed else "nothing: there is no way out"
        return f"{about}{self.lifecycle} does not allow {self.wanted!r} from {self.current!r}. Allowed from here: {allowed}."


class TransitionConflict(PerdureError):
    """Another transaction was in the way, and the database refused to move a status; the driver's error is chained.

    Attributes:
        lifecycle: The lifecycle.
        table: The table.
        problem: What the database said.
    """

    lifecycle: str
    table: str
    problem: str

    def __str__(self) -> str:
        return (
            f"{self.lifecycle}: another transaction was in the way on {self.table}, and the database refused: {self.problem}. "
            "Nothing was moved. Roll your transaction back, and run it again from its beginning."
        )


class TransactionRequired(PerdureError):
    """A status was to be moved on a connection in AUTOCOMMIT, and this database needs several statements for it.

    Attributes:
        table: The table.
    """

    table: str

    def __str__(self) -> str:
        return (
            f"A status of {self.table} cannot be moved in AUTOCOMMIT: the guard and the update would be two transactions. "
            "Nothing was moved. Use a connection with a transaction, as in engine.begin()."
        )


class EntityNotFound(PerdureError, LookupError):
    """No row matches, so no status was moved.

    Attributes:
        table: The table.
        condition: What was looked for.
    """

    table: str
    condition: str

    def __str__(self) -> str:
        return f"No row of {self.table} matches {self.condition}. Nothing was moved."


class SeveralEntities(PerdureError, LookupError):
    """More than one row matches where one was to be moved; none was.

    Attributes:
        table: The table.
        condition: What was looked for.
    """

    table: str
    condition: str

    def __str__(self) -> str:
        return (
            f"More than one row of {self.table} matches {self.condition}, and one was to be moved. Nothing was moved. "
            "Name one row, by its key; for many there are apply_all and claim."
        )


class InvalidBinding(DefinitionError):
    """A binding that says nothing, or two things.

    Attributes:
        key: The key it is for.
        problem: What is wrong, and what would be right.
    """

    key: str
    problem: str

    def __str__(self) -> str:
        return f"The binding of {self.key!r} is invalid: {self.problem}."


class DuplicateBinding(PluginError):
    """A key was bound twice.

    Attributes:
        key: The key.
        first: Who bound it.
        second: Who wanted to bind it again.
    """

    key: str
    first: str
    second: str

    def __str__(self) -> str:
        return (
            f"{self.key!r} is bound by {self.first} already, and {self.second} binds it again. "
            "Choose another key, or uninstall or block one of them."
        )


class UnknownBinding(PerdureError, LookupError):
    """Nobody has heard of this binding key, or namespace.

    Attributes:
        key: What was asked for.
        known: The keys, or namespaces, there are.
    """

    key: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"Nothing is known of the binding {self.key!r}. {nearest(self.key, self.known)}"


class BindingNotBound(PerdureError, LookupError):
    """The key is a known one, and nothing is bound under it here.

    Attributes:
        key: The key.
    """

    key: str

    def __str__(self) -> str:
        return (
            f"{self.key!r} is known, and nothing is bound under it. Bind it with app.bindings.value(…), .factory(…) or "
            ".instance_of(…), or install a plugin that does."
        )
