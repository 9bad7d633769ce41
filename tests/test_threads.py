"""One number of threads."""

from __future__ import annotations

import os

import pytest

from patronage import threads


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    for name in (*threads.NUMBERS, *threads.PASSIVE):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    yield
    threads.use(1)


def test_the_setting_goes_to_every_library(monkeypatch):
    threads.use(1)
    assert threads.count() == 1
    assert {os.environ[name] for name in threads.NUMBERS} == {"1"}


def test_without_a_setting_the_environment_counts_then_the_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    threads.use(None)
    assert threads.count() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads.count() == threads.cores() >= 1


def test_waiting_threads_sleep(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY")
    threads.use(1)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
