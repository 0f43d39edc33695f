from importlib.metadata import EntryPoint

import pytest

from trueup import protocols
from trueup.errors import BadInput
from trueup.protocols import PROTOCOLS, Registry
from trueup.protocols.gemini import Gemini


def registry(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> Registry:
    entry = EntryPoint(name, value, protocols.GROUP)
    monkeypatch.setattr(protocols, "entry_points", lambda group: [entry])
    return Registry({"gemini": PROTOCOLS["gemini"]})


def test_an_installed_protocol_has_the_name_of_its_entry_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = registry(monkeypatch, "mine", "trueup.protocols.gemini:Gemini")
    assert list(known) == ["gemini", "mine"] and isinstance(known["mine"], Gemini)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("gemini", "trueup.protocols.gemini:Gemini", "the name is taken"),
        ("mine", "no.such.module:Mine", "ModuleNotFoundError"),
        ("mine", "trueup.protocols:Picture", "TypeError"),
        ("mine", "trueup.protocols:Reply", "a Reply"),
    ],
)
def test_a_broken_installed_protocol_is_refused_each_time(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = registry(monkeypatch, name, value)
    for _ in range(2):
        with pytest.raises(BadInput, match=f"^protocol {name} .*{message}"):
            len(known)
