"""Readiness is asked, and cannot hang."""

import threading

import pytest

from apgms_ops.sandbox.service_process.health import Dependency, look
from apgms_ops.sandbox.service_process.unavailable import Unavailable


def away() -> None:
    """Be away."""
    raise Unavailable("db", "refused")  # noqa: EM101 — the name of what is away


def test_only_what_answered_well_is_well() -> None:
    """What is away is told from what is there."""
    assert look([Dependency("db", away), Dependency("kafka", lambda: None)], 10) == {"db": False, "kafka": True}


def test_what_hangs_is_not_well_and_is_asked_only_once_meanwhile() -> None:
    """A hung dependency costs one thread, however often readiness is asked."""
    answers = threading.Event()
    asked: list[int] = []

    def hang() -> None:
        asked.append(1)
        answers.wait(30)

    dependency = Dependency("db", hang)
    assert [look([dependency], 0.01) for _ in range(3)] == [{"db": False}] * 3
    assert asked == [1]
    answers.set()


def test_what_fails_unforeseen_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is called ready by an accident, and the accident is written down."""

    def stumble() -> None:
        raise ZeroDivisionError

    assert look([Dependency("db", stumble)], 10) == {"db": False}
    assert "ZeroDivisionError" in capsys.readouterr().err
