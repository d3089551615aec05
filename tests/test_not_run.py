"""What cannot run is said, and in CI it fails where our own files install what it needs."""

import pytest

from tests.not_run import not_run

WHY = "there is no such program."


def test_it_fails_in_ci_and_is_skipped_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"THE TEST DID NOT RUN: {WHY}"):
        not_run("the test", WHY)
    with pytest.raises(pytest.skip.Exception, match=f"THE TEST DID NOT RUN: {WHY}"):
        not_run("the test", WHY, installed_by_us=False)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match=f"THE TEST DID NOT RUN: {WHY}"):
        not_run("the test", WHY)
