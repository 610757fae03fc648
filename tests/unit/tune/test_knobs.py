# SPDX-License-Identifier: GPL-2.0-only
"""--tune over made-up machines: what is changed, what is said, and that all of it is undone."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cleanup.journal import Journal
from bench.cleanup.undo import read_value
from bench.errors import CannotJudge
from bench.model.units import GIB
from bench.tune.knobs import Wishes, choose_cpus, tune
from tests.unit.machines import CPU, PAGE, POOL, SERVER, SHMEM, machine, values

NOTHING = Wishes({}, shmem_thp=False, performance=False, cpus=())
NOT_PINNED = "CPUs: as before"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return machine(tmp_path / "machine", SERVER)


def tuned(root: Path, wished: Wishes) -> tuple[dict[str, str], list[str]]:
    """The machine while it is tuned, and what was said; afterwards it is as before."""
    before, cpus = values(root), os.sched_getaffinity(0)
    with Journal(root) as journal:
        lines = tune(journal, wished, root)
        during = values(root)
    assert journal.problems == []
    after = values(root)
    after.pop("proc/sys/vm/compact_memory", None)  # an action
    assert {name: before[name] for name in after} == after
    assert os.sched_getaffinity(0) == cpus
    return during, lines


def test_everything_is_set_and_said(root: Path) -> None:
    during, lines = tuned(root, Wishes({PAGE: 2}, cpus=()))
    assert lines == [
        "cpufreq governor: powersave -> performance (2 times)",
        "intel_pstate no_turbo: 0 -> 1",
        "shmem THP: never -> advise",
        NOT_PINNED,
    ]
    changed = {name: value for name, value in during.items() if values(root)[name] != value}
    assert changed == {
        f"{CPU}/cpufreq/policy0/scaling_governor": "performance",
        f"{CPU}/cpufreq/policy1/scaling_governor": "performance",
        f"{CPU}/intel_pstate/no_turbo": "1",
        SHMEM: "advise",
    }


def test_no_wish_changes_nothing(root: Path) -> None:
    before = values(root)
    during, lines = tuned(root, NOTHING)
    assert during == before
    assert lines == [NOT_PINNED]


def test_what_is_as_wished_is_not_touched(root: Path) -> None:
    during, _ = tuned(root, Wishes({PAGE: 0}, cpus=()))
    machine(root, {name: value for name, value in during.items() if value})
    assert tuned(root, Wishes({}, cpus=()))[1] == [NOT_PINNED]


@pytest.mark.parametrize("mode", ["always", "within_size", "never", "deny", "force"])
def test_shmem_is_advise_whatever_it_was(mode: str, root: Path) -> None:
    machine(root, {SHMEM: SERVER[SHMEM].replace("[never]", "never").replace(mode, f"[{mode}]")})
    during, lines = tuned(root, Wishes({}, shmem_thp=True, performance=False, cpus=()))
    assert during[SHMEM] == "advise"
    assert lines == [f"shmem THP: {mode} -> advise", NOT_PINNED]


def test_boost_where_there_is_no_intel_pstate(root: Path) -> None:
    (root / CPU / "intel_pstate/no_turbo").unlink()
    machine(root, {f"{CPU}/cpufreq/boost": "1"})
    during, lines = tuned(root, Wishes({}, cpus=()))
    assert during[f"{CPU}/cpufreq/boost"] == "0"
    assert "cpufreq boost: 1 -> 0" in lines


def test_boost_of_each_policy(root: Path) -> None:
    (root / CPU / "intel_pstate/no_turbo").unlink()
    paths = [f"{CPU}/cpufreq/policy{number}/boost" for number in (0, 1)]
    machine(root, dict.fromkeys(paths, "1"))
    during, _ = tuned(root, Wishes({}, cpus=()))
    assert [during[path] for path in paths] == ["0", "0"]


def test_boost_of_acpi_cpufreq_on_amd(root: Path) -> None:
    (root / CPU / "intel_pstate/no_turbo").unlink()
    path = f"{CPU}/cpufreq/policy0/cpb"
    machine(root, {path: "1", f"{CPU}/cpufreq/boost": ""})
    during, lines = tuned(root, Wishes({}, cpus=()))
    assert during[path] == "0" and "cpufreq boost: 1 -> 0" in lines


def test_a_file_that_shows_nothing_is_not_written(root: Path) -> None:
    """There would be nothing to put back."""
    (root / CPU / "intel_pstate/no_turbo").unlink()
    path = f"{CPU}/cpufreq/boost"
    machine(root, {path: ""})
    during, lines = tuned(root, Wishes({}, cpus=()))
    assert during[path] == "" and "turbo: cannot be set on this machine" in lines


def test_a_filter_against_choosing_cpus_has_a_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(CannotJudge, match="cannot run on CPUs 1: Operation not") as caught:
        tuned(root, Wishes({}, cpus=(1,)))
    assert "seccomp" in caught.value.hint


def test_a_machine_without_any_of_it(tmp_path: Path) -> None:
    _, lines = tuned(machine(tmp_path / "bare", {"sys/x": ""}), Wishes({PAGE: 1, GIB: 1}, cpus=()))
    assert lines == [
        "cpufreq governor: cannot be set on this machine",
        "turbo: cannot be set on this machine",
        "shmem THP: cannot be set on this machine",
        "pool of 2 MiB pages: this machine has none",
        "pool of 1 GiB pages: this machine has none",
        NOT_PINNED,
    ]


def test_a_governor_that_is_not_there_is_not_asked_for(root: Path) -> None:
    name = f"{CPU}/cpufreq/policy{{}}/scaling_available_governors"
    machine(root, {name.format(0): "powersave", name.format(1): "powersave"})
    assert "cpufreq governor: cannot be set on this machine" in tuned(root, Wishes({}, cpus=()))[1]


class Kernel:
    """Gives pages to a pool when nr_hugepages is written, up to a limit."""

    def __init__(self, root: Path, most: int, after_compaction: int) -> None:
        self.root, self.most, self.compacted = root, most, after_compaction

    def write(self, path: Path, value: str) -> None:
        if path.name == "compact_memory":
            self.most = max(self.most, self.compacted)
        elif path.name == "nr_hugepages":
            before, free = self.pages("nr_hugepages"), self.pages("free_hugepages")
            now = min(int(value), self.most)
            machine(self.root, {f"{POOL}/free_hugepages": str(free + now - before)})
            value = str(now)
        path.write_text(f"{value}\n")

    def pages(self, name: str) -> int:
        return int(read_value(self.root / POOL / name))


@pytest.mark.parametrize(
    ("wanted", "most", "after_compaction", "pool", "line"),
    [
        (2, 99, 99, "4", None),  # 3 are free, 1 of them promised
        (5, 99, 99, "7", "4 -> 7"),
        (5, 6, 99, "7", "4 -> 7"),
        (5, 6, 6, "6", "4 -> 6, 4 of 5 wanted are free: memory is short or fragmented"),
        (5, 4, 4, "4", "4 -> 4, 2 of 5 wanted are free: memory is short or fragmented"),
    ],
)
def test_a_pool_is_raised_by_what_is_missing(
    wanted: int,
    most: int,
    after_compaction: int,
    pool: str,
    line: str | None,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = Kernel(root, most, after_compaction)
    for module in ("cleanup.journal", "cleanup.undo", "tune.knobs"):
        monkeypatch.setattr(f"bench.{module}.write_value", kernel.write)
    during, lines = tuned(root, Wishes({PAGE: wanted}, False, False, ()))
    assert during[f"{POOL}/nr_hugepages"] == pool
    assert lines == ([f"pool of 2 MiB pages: {line}"] if line else []) + [NOT_PINNED]


@pytest.fixture
def not_root() -> Iterator[None]:
    """For a while, if this is root: then file modes count."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def seen_by_all() -> Iterator[Path]:
    """A machine that another user may look at, which pytest's own directories forbid."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield machine(Path(name), SERVER)


def test_who_may_not_write_is_told_all_of_it_first(seen_by_all: Path, not_root: None) -> None:
    root = seen_by_all
    mine = os.geteuid() == os.getuid()  # the files too, but for their modes
    names = [f"{CPU}/cpufreq/policy{n}/scaling_governor" for n in (0, 1)]
    names += [f"{CPU}/intel_pstate/no_turbo", SHMEM, f"{POOL}/nr_hugepages"]
    before = values_of(root, names)
    for name in names:
        if mine:
            (root / name).chmod(0o444)
    with Journal(root) as journal, pytest.raises(CannotJudge) as caught:
        tune(journal, Wishes({PAGE: 99}), root)
    assert all(str(root / name) in caught.value.message for name in names)
    assert "sudo" in caught.value.hint
    assert values_of(root, names) == before


def values_of(root: Path, names: list[str]) -> list[str]:
    return [read_value(root / name) for name in names]


def test_a_kernel_that_refuses_is_quoted_and_all_is_undone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = values(root)
    (root / CPU / "intel_pstate/no_turbo").write_text("nonsense\n")
    (root / POOL / "free_hugepages").write_text("many\n")
    with Journal(root) as journal, pytest.raises(CannotJudge, match="many"):
        tune(journal, Wishes({PAGE: 9}), root)
    machine(root, {f"{CPU}/intel_pstate/no_turbo": "0", f"{POOL}/free_hugepages": "3"})
    assert values(root) == before


ALLOWED = os.sched_getaffinity(0)


def cpus(root: Path, online: str, isolated: str, count: int = 1) -> tuple[int, ...]:
    machine(root, {f"{CPU}/online": online, f"{CPU}/isolated": isolated})
    return choose_cpus(root, count)


def test_which_cpus_are_chosen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None)
    assert cpus(root, "0", "") == ()
    assert cpus(root, "0-1", "") == (1,)
    assert cpus(root, "0-7", "") == (7,)
    assert cpus(root, "0-3,6", "", 2) == (3, 6)
    assert cpus(root, "0-3", "", 3) == (1, 2, 3)
    assert cpus(root, "0-3", "", 4) == ()
    assert cpus(root, "0-3", "3", 2) == ()
    assert cpus(root, "1-2", "", 99) == ()
    assert cpus(root, "0-7", "2-3,5") == (2, 3, 5)
    assert cpus(root, "0-3", "9") == (3,)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2})
    assert cpus(root, "0-7", "") == (2,)


def test_isolated_cpus_outside_of_the_cpuset_are_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At first no isolated CPU is in the affinity: only the kernel tells which may be used."""
    before = {0, 1, 4}
    now = [before]

    def move(_: int, wanted: set[int]) -> None:
        if not wanted <= {0, 1, 3, 4}:
            raise OSError(errno.EINVAL, "Invalid argument")
        now[0] = wanted

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: now[0])
    monkeypatch.setattr(os, "sched_setaffinity", move)
    assert cpus(root, "0-7", "2-3") == (3,)
    assert cpus(root, "0-7", "2,6") == (4,)
    assert now == [before]


def test_this_process_really_moves(root: Path) -> None:
    last = max(ALLOWED)
    machine(root, {f"{CPU}/online": f"0-{last}"})
    with Journal(root) as journal:
        lines = tune(journal, Wishes({}, False, False, (last,)), root)
        assert os.sched_getaffinity(0) == {last}
        if len(ALLOWED) > 1:
            assert lines == [f"CPUs: {','.join(map(str, sorted(ALLOWED)))} -> {last}"]
    assert os.sched_getaffinity(0) == ALLOWED


def test_a_cpu_that_is_not_there_changes_nothing(root: Path) -> None:
    before = values(root)
    with Journal(root) as journal, pytest.raises(CannotJudge, match="CPU 99 is not online"):
        tune(journal, Wishes({}, cpus=(1, 99)), root)
    assert values(root) == before


def test_where_sysfs_is_hidden_the_affinity_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5})
    assert choose_cpus(tmp_path) == (5,)
