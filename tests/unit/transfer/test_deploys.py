"""Documents between old code and new: nothing is lost, misread or silently defaulted."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest

from perdure import App, StatusSpec, field, hookimpl
from perdure.transfer.document import DocumentInvalid, read
from perdure.transfer.exporting import export
from perdure.transfer.importing import Importing


@attrs.frozen
class Old:
    place: str = ""


@attrs.frozen
class Place:
    latitude: float
    longitude: float


@attrs.frozen
class New:
    place: Place | None = None


def to_numbers(text):
    return dict(zip(("latitude", "longitude"), map(float, text.split()), strict=True)) if text else None


def to_text(place):
    return "" if place is None else f"{place['latitude']} {place['longitude']}"


OLD = StatusSpec("depot", Old)
BOTH = StatusSpec(
    "depot",
    New,
    record_version=2,
    write_version=1,
    upgrades={"place": {1: to_numbers}},
    downgrades={"place": {2: to_text}},
)
SWITCHED = attrs.evolve(BOTH, write_version=None)


def app(spec, url="sqlite://"):
    made = ModuleType("depot")
    made.perdure_status_specs = hookimpl(lambda: [spec], specname="perdure_status_specs")
    return App.open(url, plugins=[made])


def exported(spec, **values):
    with app(spec) as source:
        source.scope(spec).status.set_many(values)
        return export(source.resources, [""]).text()


def imported(spec, text):
    """What an import does to an empty database, and the entries afterwards."""
    with app(spec) as target:
        steps = Importing.of(target.resources, read(text), reason="a deploy").run()
        return steps, {entry.name: (entry.value, entry.record_version) for entry in target.entries()}


def test_what_is_stored_in_an_older_version_is_exported_so_and_upgraded_where_it_is_imported():
    text = exported(OLD, place="52.5 13.4")
    assert imported(SWITCHED, text)[1] == {"place": (Place(52.5, 13.4), 2)}
    assert imported(BOTH, text)[1] == {"place": (Place(52.5, 13.4), 1)}


def test_what_new_code_writes_for_old_code_old_code_imports():
    assert imported(OLD, exported(BOTH, place=Place(52.5, 13.4)))[1] == {"place": ("52.5 13.4", 1)}


def test_what_is_newer_than_the_code_is_refused_and_never_defaulted():
    (step,), entries = imported(OLD, exported(SWITCHED, place=Place(52.5, 13.4)))
    newer = "it is in record version 2, and this code reads versions up to 1. Import it with the code that reads version 2"
    assert (step.effect, step.problem, entries) == ("refused", newer, {})


def test_an_attribute_that_only_newer_code_knows_is_not_lost():
    wider = attrs.make_class("Wider", {"a": attrs.field(type=int), "b": attrs.field(type=int, default=0)}, frozen=True)
    narrow = attrs.make_class("Narrow", {"a": attrs.field(type=int)}, frozen=True)
    specs = [StatusSpec("m", attrs.make_class("R", {"it": attrs.field(type=each)}, frozen=True)) for each in (wider, narrow)]
    text = exported(specs[0], it={"a": 1, "b": 2})
    (step,), entries = imported(specs[1], text)
    assert (step.effect, entries) == ("refused", {})
    assert "it.b: the stored value has this key, which the declared type does not know" in step.problem


def test_what_is_stored_as_it_is_in_the_document_is_left_alone_also_by_code_that_cannot_read_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'app.db'}"
    with app(SWITCHED, url) as newer:
        newer.scope("depot").status.set("place", Place(52.5, 13.4))
        text = export(newer.resources, [""]).text()
    with app(OLD, url) as older:
        assert older.entries()[0].error is not None
        assert [step.effect for step in Importing.of(older.resources, read(text), reason="").run()] == ["unchanged"]


def test_renamed_modules_and_names_are_known_before_and_after_the_rename():
    renamed = attrs.make_class("Renamed", {"where": field(type=str, stored_as="place", default="")}, frozen=True)
    after = StatusSpec("warehouse", renamed, formerly="depot")
    text = exported(after, where="here")
    assert set(read(text).tenants[""]) == {"depot"}
    assert imported(OLD, text)[1] == {"place": ("here", 1)}
    assert imported(after, exported(OLD, place="there"))[1] == {"where": ("there", 1)}
    by_hand = text.replace('"depot"', '"warehouse"').replace('"place"', '"where"')
    assert imported(after, by_hand)[1] == {"where": ("here", 1)}


def test_one_name_by_two_of_its_names_is_refused():
    renamed = attrs.make_class("Renamed", {"where": field(type=str, stored_as="place", default="")}, frozen=True)
    value = '{"value": "x", "record_version": 1}'
    text = f'{{"format": 1, "tenants": {{"": {{"depot": {{"place": {value}, "where": {value}}}}}}}}}'
    steps, entries = imported(StatusSpec("depot", renamed), text)
    assert [step.effect for step in steps] == ["created", "refused"]
    assert "it is in the document twice" in steps[1].problem
    assert entries == {}


def test_a_secret_and_what_was_left_out_are_not_unset_by_an_exact_import():
    record = attrs.make_class(
        "Mixed",
        {
            "secret": field(type=str, secret=True, default=""),
            "odd": field(type=int, default=0),
            "plain": field(type=int, default=0),
        },
        frozen=True,
    )
    spec = StatusSpec("depot", record)
    text = (
        '{"format": 1, "tenants": {"": {"depot": {}}}, '
        '"left_out": [{"tenant": "", "module": "depot", "name": "odd", "why": "unreadable"}]}'
    )
    with app(spec) as target:
        target.scope("depot").status.set_many({"secret": "s", "odd": 1, "plain": 2})
        (step,) = Importing.of(target.resources, read(text), reason="", exact=True).run()
        assert (step.place, step.effect) == (("", "depot", "plain"), "unset")
        assert [entry.name for entry in target.entries()] == ["odd", "secret"]


def test_an_import_tells_how_far_it_is():
    told = []
    text = exported(OLD, place="x")
    with app(OLD) as target:
        Importing.of(target.resources, read(text), reason="").run(lambda done, of: told.append((done, of)))
        told_of_tenants = []
        export(target.resources, ["", "acme"], progress=lambda done, of: told_of_tenants.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert told_of_tenants == [(1, 2), (2, 2)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_is_read_as_it_was_written(indent):
    with app(OLD) as source:
        source.scope("depot").status.set("place", '\u2028 é 😀 \\ "')
        document = export(source.resources, ["", "acme"])
    assert read(document.text(indent=indent)) == document


def test_a_lone_surrogate_is_refused():
    with pytest.raises(DocumentInvalid, match="lone surrogate"):
        read('{"format": 1, "tenants": {"": {"m": {"x": {"value": "\\ud800", "record_version": 1}}}}}')
