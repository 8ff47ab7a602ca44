"""An overlay behaves like a dictionary, and what it stands on never changes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from turngraph.engine.overlay import Overlay

KEYS = st.sampled_from("abcd")
VALUES = st.recursive(
    st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "delete", "append", "pop", "read", "update", "default"]), KEYS, VALUES),
    max_size=12,
)


@given(st.dictionaries(KEYS, VALUES), STEPS)
def test_it_follows_a_dictionary_and_leaves_its_base(base: dict[str, Any], steps: list[tuple[str, str, Any]]):
    before = deepcopy(base)
    plain, overlay = deepcopy(base), Overlay(base)
    for step, key, value in steps:
        results = [_do(state, step, key, deepcopy(value)) for state in (plain, overlay)]
        assert results[0] == results[1]
    assert dict(overlay) == overlay.merged() == plain
    assert set(overlay) == set(plain) and len(overlay) == len(plain)
    assert base == before


def _do(state: Any, step: str, key: str, value: Any) -> object:
    try:
        if step == "set":
            state[key] = value
        elif step == "delete":
            del state[key]
        elif step == "append":
            state[key].append(value)
        elif step == "update":
            state.update({key: value})
        elif step == "default":
            return state.setdefault(key, value)
        else:
            return state.pop(key, None) if step == "pop" else state.get(key)
    except (KeyError, AttributeError) as error:
        return type(error)
    return None
