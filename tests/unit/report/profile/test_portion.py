# SPDX-License-Identifier: GPL-2.0-only
"""Portions of profiles: spans, kinds, and what functions that call themselves spent."""

import pytest

from bench.errors import UsageError
from bench.profile.profile import Function, Profile
from bench.report.profile.names import a_page, cut, share
from bench.report.profile.portion import portion, require_counts
from tests.unit.profiles import EXEC, HOSTILE, RELEASE, large, profile

RECURSIVE = {"a;b;a;a;c": 10, "a;b": 3, "b;a": 5, "c": 1}


def by_name(taken: Profile, spans: list[str]) -> dict[str, int]:
    whole = taken.with_callees(taken.own(spans)).tolist()
    return {each.label: count for each, count in zip(taken.functions, whole, strict=True)}


def test_a_portion_is_of_its_spans() -> None:
    made = profile()
    for spans, total in ((["release"], RELEASE), (["exec"], EXEC)):
        assert portion(made, spans).total == sum(total.values())
    assert portion(made).total == sum(RELEASE.values()) + sum(EXEC.values())
    assert portion(made, ["exec", "release", "exec"]).spans == ("exec", "release")


def test_what_shares_are_of() -> None:
    made = profile({name: {"a": 1} for name in ("reset", "release", "exec", "settle")})
    assert portion(made).place == "the pause"
    assert portion(made, ["exec"]).place == "exec"
    assert portion(made, ["exec", "reset", "settle"]).place == "exec, reset and settle"


def test_a_function_that_calls_itself_counts_once() -> None:
    made = profile({"release": RECURSIVE})
    assert by_name(made, ["release"]) == {"a": 18, "b": 18, "c": 11}
    assert by_name(profile({"release": {"a;b;c": 4, "a;c": 2}}), ["release"])["c"] == 6


def test_how_deep_a_recursion_is() -> None:
    made = profile({"release": RECURSIVE})
    levels: dict[str, list[int]] = {}
    for function, level in zip(made.function_of.tolist(), made.level.tolist(), strict=True):
        levels.setdefault(made.functions[function].name, []).append(level)
    assert levels == {"a": [1, 2, 3, 1], "b": [1, 1], "c": [1, 1]}


def test_a_chain_of_ten_thousand_calls() -> None:
    """As many as no stack has: its time does not grow with the square of its depth."""
    made = profile({"release": {";".join(f"f{n}" for n in range(10_000)): 7}})
    assert set(by_name(made, ["release"]).values()) == {7}


def test_a_kind_that_was_not_counted() -> None:
    made = profile({"release": {"a": (5, 2)}}, kinds=("instructions", "atomics"))
    assert portion(made, kind="atomics").total == 2
    with pytest.raises(UsageError, match=r"'loads' is not in .* known are instructions, atomics"):
        portion(made, kind="loads")


def test_a_span_without_counts() -> None:
    made = profile({"release": {"a": 5}, "exec": {}})
    require_counts(portion(made))
    with pytest.raises(UsageError, match="no instructions in exec") as raised:
        require_counts(portion(made, ["exec"]))
    assert raised.value.hint == "there are some in release"


@pytest.mark.parametrize("name", [*HOSTILE, "\ud800"])
def test_a_label_is_one_line_of_printable_text(name: str) -> None:
    for function in (Function(name), Function("f", name)):
        label = function.label
        assert label and label.isprintable() and label == label.strip()


def test_labels_are_cut_by_the_cells_that_they_take() -> None:
    assert cut("unpin_user_page", 15) == "unpin_user_page"
    assert cut("unpin_user_page", 6) == "unpin…"
    assert cut("数数数数", 5) == "数数…"
    assert cut("abc", 0) == cut("abc", -3) == ""


def test_counts_for_each_page() -> None:
    said = {0.0: "0", 9.0: "9", 12.008: "12.01", -0.5: "-0.5", 0.00001: "0.000", 123456.0: "123456"}
    assert {count: a_page(count) for count in said} == said
    assert (share(1, 8), share(1, 0)) == ("12.5%", "")


def test_many_symbols() -> None:
    made = large(1000)
    whole = made.with_callees(made.own(made.phases))
    assert (whole >= made.by_function(made.own(made.phases))).all()
    assert whole.max() <= portion(made).total
