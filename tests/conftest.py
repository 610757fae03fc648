# SPDX-License-Identifier: GPL-2.0-only
"""What all tests share: marks, property tests that repeat themselves, and who runs beside whom."""

import fcntl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from bench.model.settings import VARIABLES

TESTS = Path(__file__).parent
MARKED = ("guest", "kernels", "page")  # directories whose tests all have the mark of that name

settings.register_profile("bench", derandomize=True, deadline=None, database=None)
settings.load_profile("bench")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="Tests marked long too, and more rounds of others"
    )


@pytest.fixture(scope="session", autouse=True)
def _nobodys_defaults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Test what is built in, and not what whoever runs the tests has set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        for variable in VARIABLES.values():
            patch.delenv(variable, raising=False)
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark whole directories, before -m selects; leave out what only --long asks for."""
    for item in items:
        directory = item.path.relative_to(TESTS).parts[0]
        if directory in MARKED:
            item.add_marker(directory)
    long = [item for item in items if item.get_closest_marker("long")]
    if long and not config.getoption("--long"):
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep other workers waiting while a test that is marked `alone` runs."""
    with turn(TESTS, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def turn(directory: Path, alone: bool) -> Iterator[None]:
    """Hold a lock of all who run tests in this tree: exclusively, or shared with others.

    Who waits for it keeps the queue closed, so that a test that is to run alone is not
    overtaken for ever. Both locks, of two files that are there anyway, end with their process.
    """
    with (
        directory.joinpath("conftest.py").open() as queue,
        directory.joinpath("__init__.py").open() as lock,
    ):
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
