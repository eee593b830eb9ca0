"""Named arrays become a file for other programs: .npz, .safetensors or .json."""

from pathlib import Path

from textune.errors import SettingsError, among

ENDINGS = (".npz", ".safetensors", ".json")


def require_place(file: Path, *, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Raises:
        SettingsError: Its ending is unknown, it is there, or its folder is not.
    """
    if file.suffix not in ENDINGS:
        raise SettingsError(f"--output {file}: the ending {file.suffix!r}: {among('', ENDINGS)}")
    if file.exists() and not overwrite:
        raise SettingsError(f"--output {file}: is there already; name another, or add --overwrite")
    if not file.parent.is_dir():
        raise SettingsError(f"--output {file}: no folder {file.parent}; make it first")
