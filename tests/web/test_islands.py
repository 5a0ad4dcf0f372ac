"""The pages' scripts: built from npm where that can be reached, and told where it cannot."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nutation.web import islands_build
from nutation.web.islands_build import NotBuiltError


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources copied to a folder where nothing is installed or built yet."""
    islands = tmp_path / "islands"
    shutil.copytree(islands_build.ISLANDS, islands, ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "static").mkdir()
    monkeypatch.setattr(islands_build, "ISLANDS", islands)
    monkeypatch.setattr(islands_build, "BUILT", tmp_path / "static" / "built")
    return tmp_path


@pytest.mark.slow
def test_they_are_built_once_and_again_when_a_source_changes(elsewhere: Path) -> None:
    assert islands_build.missing() == "The scripts of the pages are not built."
    assert islands_build.ensure() == ""
    assert {"clinic.js", "worklist.js"} <= set(islands_build.files())
    assert islands_build.missing() == ""
    built = elsewhere / "static" / "built" / "worklist.js"
    assert len(built.read_text("utf-8")) < 2000  # an island is small, or it is none
    before = built.stat().st_mtime_ns
    assert islands_build.ensure() == ""
    assert built.stat().st_mtime_ns == before
    with (elsewhere / "islands" / "worklist.ts").open("a", encoding="utf-8") as source:
        source.write("\nconsole.debug('changed');\n")
    assert islands_build.missing() == "The scripts of the pages are older than their sources."
    assert islands_build.ensure() == ""
    assert "changed" in built.read_text("utf-8")
    # One that cannot be bundled leaves what was built before.
    (elsewhere / "islands" / "worklist.ts").write_text("const broken = ;\n", "utf-8")
    assert "esbuild could not bundle them" in islands_build.ensure()
    assert "changed" in built.read_text("utf-8")
    assert not (elsewhere / "static" / ".building").exists()


@pytest.mark.slow
def test_without_the_registry_it_is_told_in_one_sentence(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(elsewhere / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    told = islands_build.ensure()
    assert told.startswith("The scripts of the pages are not built. npm could not fetch the packages")
    assert islands_build.files() == ()


def test_without_node_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    monkeypatch.setattr(islands_build.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(elsewhere))
    assert not islands_build.has_node()
    with pytest.raises(NotBuiltError, match=islands_build.NODE_PACKAGE):
        islands_build.build()


def test_an_installation_without_sources_keeps_what_it_came_with(elsewhere: Path) -> None:
    # As in a wheel whose islands' folder was left out: what is built counts.
    built = elsewhere / "static" / "built"
    built.mkdir()
    (built / islands_build.MANIFEST).write_text('{"sources": "of another day", "files": {"clinic.js": "ab"}}', "utf-8")
    shutil.rmtree(elsewhere / "islands")
    assert islands_build.missing() == islands_build.ensure() == ""
    assert islands_build.files() == ("clinic.js",)


def test_the_lock_file_names_no_host() -> None:
    # Which registry packages come from is the machine's choice; what they are is fixed by their hashes.
    lock = (islands_build.ISLANDS / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert lock.count('"integrity": "sha512-') >= 2


def test_what_is_built_is_not_kept_in_the_repository(root: Path) -> None:
    ignored = (root / ".gitignore").read_text("utf-8").splitlines()
    assert "src/nutation/web/static/built/" in ignored
    assert "node_modules/" in ignored
    assert os.fspath(islands_build.BUILT).endswith("web/static/built")
