from __future__ import annotations

import pytest

from patronage.config.places import conf_dir, project_root, shipped_conf_dir


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.delenv("PATRONAGE_CONF", raising=False)
    monkeypatch.delenv("PATRONAGE_ROOT", raising=False)


class TestConfDir:
    def test_by_default_it_is_the_shipped_tree(self, unset):
        assert conf_dir() == shipped_conf_dir()
        assert (conf_dir() / "train.yaml").is_file()

    def test_the_environment_chooses_another(self, unset, monkeypatch, tmp_path):
        monkeypatch.setenv("PATRONAGE_CONF", str(tmp_path / "a" / ".." / "conf"))
        assert conf_dir() == tmp_path / "conf"
        assert shipped_conf_dir() != tmp_path / "conf"


class TestProjectRoot:
    def test_it_is_the_nearest_folder_upwards_with_mlruns(self, unset, monkeypatch, tmp_path):
        below = tmp_path / "project" / "notebooks" / "deep"
        below.mkdir(parents=True)
        (tmp_path / "mlruns").mkdir()
        (tmp_path / "project" / "mlruns").mkdir()
        monkeypatch.chdir(below)
        assert project_root() == tmp_path / "project"

    def test_a_folder_is_its_own_root_before_its_parents(self, unset, monkeypatch, tmp_path):
        here = tmp_path / "inner"
        (here / "mlruns").mkdir(parents=True)
        (tmp_path / "mlruns").mkdir()
        monkeypatch.chdir(here)
        assert project_root() == here

    def test_without_mlruns_it_is_the_current_folder(self, unset, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        assert project_root() == tmp_path

    def test_the_environment_chooses_another(self, unset, monkeypatch, tmp_path):
        (tmp_path / "mlruns").mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATRONAGE_ROOT", str(tmp_path / "elsewhere"))
        assert project_root() == tmp_path / "elsewhere"
