from pathlib import Path

import pytest

from textune.storage import caches


def test_what_can_be_made_again_lies_in_the_users_own_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTUNE_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert caches.folder("tokens").relative_to(tmp_path).parts[-2:] == ("textune", "tokens")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "others"))
    assert caches.folder("tokens") == tmp_path / "others" / "textune" / "tokens"
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "named"))
    assert caches.folder("tokens") == tmp_path / "named" / "tokens"


def test_without_a_home_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTUNE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)  # of nobody
    with pytest.raises(OSError, match="there is no home folder for them"):
        caches.folder("tokens")
