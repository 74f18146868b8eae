import pickle
import threading
import time

import pytest

from perdure.bindings import Binding, Bindings
from perdure.errors import BindingNotBound, DuplicateBinding, InvalidBinding, UnknownBinding


class Mailer:
    """A part."""


@pytest.fixture
def bindings():
    return Bindings(known=["@app/instance", "@app/config"], namespaces=["services", "models"])


def test_a_value_is_handed_out_as_it_is(bindings):
    config = {"a": 1}
    bindings.value("@app/config", config)
    assert bindings.get("@app/config") is config


@pytest.mark.parametrize("nothing", [None, 0, "", False])
def test_a_value_may_be_nothing_much(bindings, nothing):
    bindings.value("@app/config", nothing)
    assert bindings.get("@app/config") is nothing


def test_what_is_transient_is_made_anew(bindings):
    bindings.instance_of("services.Mailer", Mailer)
    assert isinstance(bindings.get("services.Mailer"), Mailer)
    assert bindings.get("services.Mailer") is not bindings.get("services.Mailer")


def test_what_is_a_singleton_is_made_once(bindings):
    bindings.instance_of("services.Mailer", Mailer, singleton=True)
    assert bindings.get("services.Mailer") is bindings.get("services.Mailer")


def test_a_factory_may_ask_for_other_parts(bindings):
    bindings.value("@app/config", "smtp://x")
    bindings.factory("services.Mailer", lambda table: [table.get("@app/config")], singleton=True)
    bindings.factory("services.Outbox", lambda table: [table.get("services.Mailer")], singleton=True)
    assert bindings.get("services.Outbox") == [["smtp://x"]]


def test_a_singleton_may_be_none_and_is_made_once_all_the_same(bindings):
    made = []
    bindings.factory("services.None", lambda _: made.append(1), singleton=True)
    assert [bindings.get("services.None"), bindings.get("services.None")] == [None, None]
    assert made == [1]


def test_threads_get_the_same_singleton(bindings):
    def slow(_):
        time.sleep(0.01)
        return Mailer()

    bindings.factory("services.Mailer", slow, singleton=True)
    got, barrier = [], threading.Barrier(8)

    def ask():
        barrier.wait()
        got.append(bindings.get("services.Mailer"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(map(id, got))) == 1


def test_a_factory_that_fails_is_tried_again(bindings):
    outcomes = iter([ValueError("down"), Mailer()])

    def flaky(_):
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    bindings.factory("services.Mailer", flaky, singleton=True)
    with pytest.raises(ValueError, match="down"):
        bindings.get("services.Mailer")
    assert isinstance(bindings.get("services.Mailer"), Mailer)


def test_known_and_not_bound_is_not_the_same_as_unknown(bindings):
    with pytest.raises(BindingNotBound, match="'@app/config' is known, and nothing is bound under it"):
        bindings.get("@app/config")
    with pytest.raises(UnknownBinding, match="Did you mean '@app/config'") as caught:
        bindings.get("@app/confg")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_what_plugins_bind_is_known_too(bindings):
    bindings.instance_of("services.Mailer", Mailer)
    with pytest.raises(UnknownBinding, match=r"Did you mean 'services\.Mailer'"):
        bindings.get("services.Mailr")


def test_binding_twice_is_refused_naming_both_owners(bindings):
    bindings.add(Binding("services.Mailer", cls=Mailer), owner="post")
    with pytest.raises(DuplicateBinding) as caught:
        bindings.add(Binding("services.Mailer", value=1), owner="mail")
    assert (caught.value.key, caught.value.first, caught.value.second) == ("services.Mailer", "post", "mail")
    with pytest.raises(DuplicateBinding, match="by post already, and the application binds it again"):
        bindings.value("services.Mailer", 1)


def test_a_namespace_is_a_mapping_of_its_parts(bindings):
    bindings.value("services.B", 2)
    bindings.value("services.A", 1)
    bindings.value("models.A", 3)
    services = bindings.namespace("services")
    assert dict(services) == {"services.A": 1, "services.B": 2}
    assert len(services) == 2
    assert list(services) == ["services.A", "services.B"]
    assert "models.A" not in services
    assert services.get("services.C") is None


def test_a_namespace_makes_a_part_only_when_asked(bindings):
    bindings.factory("services.Broken", lambda _: 1 / 0)
    bindings.value("services.Fine", 1)
    assert list(bindings.namespace("services")) == ["services.Broken", "services.Fine"]
    assert bindings.namespace("services")["services.Fine"] == 1


def test_an_unknown_namespace_is_told(bindings):
    assert dict(bindings.namespace("models")) == {}
    with pytest.raises(UnknownBinding, match="Did you mean 'services'"):
        bindings.namespace("service")
    bindings.value("payments.stripe", 1)
    assert list(bindings.namespace("payments")) == ["payments.stripe"]


def test_what_is_bound_can_be_listed(bindings):
    bindings.value("services.B", 2)
    bindings.value("@app/config", 2)
    assert list(bindings) == ["@app/config", "services.B"]
    assert "services.B" in bindings
    assert "@app/instance" not in bindings


@pytest.mark.parametrize(
    "arguments",
    [{}, {"value": 1, "cls": Mailer}, {"factory": Mailer, "cls": Mailer}, {"value": 1, "singleton": True}],
)
def test_a_binding_that_contradicts_itself_is_refused(arguments):
    with pytest.raises(InvalidBinding, match=r"services\.Mailer"):
        Binding("services.Mailer", **arguments)


def test_an_empty_key_is_refused():
    with pytest.raises(InvalidBinding, match="the key is empty"):
        Binding("", value=1)
