"""What the user named becomes files on this machine: one, several as one, or the parts of a set.

A name may be that of a file, a folder, a pattern, a zip archive, or a member of one, which is named
as if the archive were a folder: `reviews.zip/train.csv`.
"""

import os
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatch
from glob import glob, has_magic
from pathlib import Path
from typing import TypeGuard
from urllib.parse import unquote, urlsplit

from textune.errors import DataError, among, some
from textune.reading import cards, hub, kinds, packing, remote, splits, spreadsheets, unpacked
from textune.reading.forms import folders, foreign
from textune.reading.splits import Parts
from textune.storage.contents import MARK
from textune.storage.names import on_disk

MOST_FILES = 10_000  # of a folder
SHOWN = 8
FEW = 8  # texts in folders, from which these may be labels
STANDARD_INPUT = (
    "standard input is not read, for a file is read more than once: write it to a file first, and "
    "name that"
)
EXPORT = "save what is meant as CSV UTF-8 or as text"

Place = str | os.PathLike[str]


def are_places(source: object) -> TypeGuard[Place | Sequence[Place]]:
    """Tell names of files from data that Python holds."""
    if isinstance(source, list | tuple):
        return bool(source) and all(isinstance(one, str | os.PathLike) for one in source)
    return isinstance(source, str | os.PathLike)


def obtain(source: Place | Sequence[Place]) -> Parts:
    """Find the files that a name, or several, stand for.

    Raises:
        DataError: There is no such file, or nobody can tell which of several is meant.
    """
    if isinstance(source, list | tuple):
        found = [file for one in source for file in _of_one(one)]
        return _together(found, f"{len(found)} files as one")
    assert isinstance(source, str | os.PathLike)
    if str(source).startswith(hub.SCHEME):
        return _of_hub(str(source))
    if is_pattern(source):
        return _of_pattern(source)
    path, mode = status(source)
    said = (f"fetched from {source}",) if remote.is_address(source) else ()
    if stat.S_ISDIR(mode):
        return _of_folder(path)
    if (found_in := _archived(path)) is not None:
        return _of_set(path, found_in, "archive")
    if unpacked.is_tar(path):
        return _of_archive(path)
    if path.suffix.lower() == ".zip":
        raise DataError(f"{path.name}: this is no zip archive, or a damaged one; fetch it again")
    return Parts((path,), reasons=said)


def _of_one(source: Place) -> tuple[Path, ...]:
    """Find the files of one name in a list.

    Raises:
        DataError: There is none; perhaps since texts stand in the list, not names.
    """
    try:
        return obtain(source).train
    except DataError as error:
        if " " not in str(source):
            raise
        raise DataError(
            f"{error}; a list of strings holds names of files: give texts with their labels, as "
            "[(text, label), …], or texts alone, as {'text': [text, …]}"
        ) from error


def named(source: object) -> list[str]:
    """Return the names of files, as the user wrote them; none of data that Python holds."""
    if not are_places(source):
        return []
    return list(map(str, [source] if isinstance(source, str | os.PathLike) else source))


def on_machine(source: object) -> list[Path]:
    """List the files and folders that are read, as the disk has them; none of what is not there."""
    if not are_places(source):
        return []
    try:
        found = obtain(source)
    except DataError:
        return []
    files = map(on_disk, (*found.train, *found.valid, *found.test))
    return list(dict.fromkeys(map(unpacked.origin, files)))


def is_pattern(source: Place) -> bool:
    """Tell a pattern from a file whose name looks like one."""
    name = expanded(source)
    return has_magic(name) and "://" not in name and not os.path.lexists(name)


def expanded(source: Place) -> str:
    """Write the home folder in full."""
    return os.path.expanduser(source)  # noqa: PTH111 (that of Path fails where no such user is)


def matches(pattern: Place) -> list[Path]:
    """List the files, not the folders, that a pattern matches, members of archives too.

    Raises:
        DataError: There is none.
    """
    name = expanded(pattern)
    found = glob(name, recursive=True)  # noqa: PTH207 (Path's: no absolute pattern)
    paths = sorted(path for path in map(Path, found) if not path.is_dir())
    if not paths and (archive := packing.archive_of(Path(name))) is not None:
        inside = Path(name).relative_to(archive).as_posix()
        paths = sorted(archive / one for one in packing.names(archive) if fnmatch(one, inside))
    if not paths:
        raise DataError(
            f"{pattern}: no file matches this pattern; check it (* stands for any part of a name, "
            "**/ for folders at any depth)"
        )
    return paths


def checked(source: Place) -> Path:
    """Make sure that there is a regular file; nothing is opened before that is known.

    Raises:
        DataError: There is none, or it is a folder, a pipe, a device or an address.
    """
    path, mode = status(source)
    if stat.S_ISDIR(mode):
        raise DataError(f"{source}: this is a folder{_files_in(path)}")
    if not stat.S_ISREG(mode):
        raise DataError(
            f"{source}: this is no regular file (a pipe, a socket or a device) and cannot be read "
            "twice; write its content to a file first"
        )
    return path


def status(source: Place) -> tuple[Path, int]:
    """Look up what stands at a path: the path itself with ~ resolved, and its mode.

    Raises:
        DataError: Nothing stands there, or it cannot be looked up.
    """
    if not str(source).strip():
        raise DataError("the name of a file is empty; name a file, or a folder (. is this one)")
    if str(source).startswith("file://"):
        source = unquote(urlsplit(str(source)).path)
    elif str(source).startswith(hub.SCHEME):
        source = hub.fetch(str(source))[0]
    elif remote.is_address(source):
        source = remote.fetch(str(source))
    try:
        path = (source if isinstance(source, Path) else Path(source)).expanduser()
        return path, path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        if (archive := packing.archive_of(path)) is not None:
            return path, _mode_in(archive, path)
        way_out = STANDARD_INPUT if str(source) == "-" else _near(Path(source))
        raise DataError(f"{source}: there is no such file; {way_out}") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{source}: cannot be read ({error}); check the path") from error


def _mode_in(archive: Path, path: Path) -> int:
    """Tell a file of an archive from a folder of it."""
    name, names = path.relative_to(archive).as_posix(), packing.names(archive)
    if name in names:
        return stat.S_IFREG
    if any(one.startswith(f"{name}/") for one in names):
        return stat.S_IFDIR
    raise DataError(f"{archive}: there is no {name!r} in this archive; {among(name, names)}")


def members(path: Path) -> list[Path]:
    """Return the files of rows or of text in a zip archive; of any other file itself.

    Raises:
        DataError: There is none in it.
    """
    found = _archived(path)
    if found is None:
        return [path]
    texts = [file for file in found if kinds.ending(file) in kinds.TEXTS]
    if not texts:
        held = some([file.name for file in found], SHOWN)
        raise DataError(f"{path.name}: the archive holds no file of text ({held})")
    return sorted(texts)


def _archived(path: Path) -> list[Path] | None:
    """List the members of a zip archive, or of a folder in one; None where it is none."""
    archive = path if packing.is_zip(path) else packing.archive_of(path)
    if archive is None or (archive == path and spreadsheets.begins(path, packing.ZIP[0])):
        return None
    names = packing.names(archive)
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise DataError(f"{archive.name}: this is a file of Office, and no spreadsheet; {EXPORT}")
    members = [archive / name for name in names]
    below = [file for file in members if path in file.parents]
    found = [file for file in below if not _is_hidden(file.relative_to(archive))]
    return found if found or archive == path else None


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _together(files: Sequence[Path], said: str) -> Parts:
    """Take several files as one table."""
    if len(files) == 1:
        return Parts(tuple(files))
    return Parts(tuple(files), reasons=(f"{said}: {some([file.name for file in files], SHOWN)}",))


def _of_pattern(pattern: Place) -> Parts:
    found = matches(pattern)
    files = [file for file in found if not splits.is_noise(file)] or found
    rest = [file.name for file in found if file not in files]
    whole = Path(os.path.commonpath([file.parent for file in files]))
    names = {splits.part_of(file, whole) for file in files}
    made = splits.parted(whole, files) if len(names - {None}) > 1 else None
    made = made or _together(files, f"{len(files)} files as one")
    more = (f"not read, by their names: {some(rest, SHOWN)}",) if rest else ()
    return replace(made, reasons=(*made.reasons, *more))


def _of_hub(address: str) -> Parts:
    """Find a data set of the hub."""
    place, config = hub.fetch(address)
    files = _files_below(place) or []
    if found := cards.parts(place, files, config):
        return replace(found, reasons=(f"fetched from {address}", *found.reasons))
    if config is not None:
        files = hub.of_config(place, files, config)
    found = _of_set(place, files, "data set")
    return replace(found, reasons=(f"fetched from {address}", *found.reasons))


def _files_below(path: Path) -> list[Path] | None:
    """List the files at any depth, hidden ones left out; None of very many."""
    files: list[Path] = []
    for file in path.rglob("*"):
        if file.is_file() and not _is_hidden(file.relative_to(path)):
            files.append(file)
            if len(files) > MOST_FILES:
                return None
    return files


def _of_folder(path: Path) -> Parts:
    """Find the data set in a folder; a folder that is a table by itself is one file here."""
    if packing.archive_of(path) is not None:
        return _of_set(path, _archived(path) or [], "archive")
    if (path / MARK).is_file():
        raise DataError(
            f"{path}: this is the folder of a run, and no labelled text; name a file of texts. A "
            f"command about a run takes both, as `textune evaluate {path} FILE`"
        )
    if found := folders.parts(path):
        return found
    files = _files_below(path)
    if files is None:
        return Parts((path,))
    if found := cards.parts(path, files):
        return found
    is_parted = [file for file in files if splits.part_of(file, path)]
    rows = [file for file in files if kinds.holds_rows(file) and not splits.is_noise(file)]
    if not rows and not is_parted:
        return Parts((path,))  # of which its reader says what is wrong
    return _of_set(path, files, "folder")


def _of_archive(archive: Path) -> Parts:
    """Find the data set in an archive, once it is unpacked.

    Raises:
        DataError: There is nothing to be read, or too much.
    """
    place = unpacked.folder_of(archive)
    try:
        found = _of_folder(place)
    except DataError as error:
        raise DataError(f"{archive}, unpacked: {error}") from error
    if found.train == (place,) and not folders.is_table(place):
        raise _without_rows(archive, place, _files_below(place) or [], "archive")
    return found


def _without_rows(named: Path, place: Path, files: Sequence[Path], what: str) -> DataError:
    held = some(sorted(file.relative_to(place).as_posix() for file in files), SHOWN) or "nothing"
    return DataError(
        f"{named}: the {what} holds no file of rows ({held}); unpack archives in it first. "
        f"textune reads {foreign.FORMATS}"
    )


def _of_set(place: Path, files: Sequence[Path], what: str) -> Parts:
    """Choose what is read of the files of a folder or an archive.

    Raises:
        DataError: There is nothing to be read, or too much.
    """
    known = sorted(file for file in files if not splits.is_noise(file))
    rows = [file for file in known if kinds.holds_rows(file)]
    texts = [file for file in known if folders.is_text(file.name)]
    chosen = rows or texts or ([] if what == "folder" else known)
    if not chosen:
        raise _without_rows(place, place, files, what)
    is_whole = _is_whole(chosen, texts, files)
    if packing.is_zip(place) and (is_whole or _are_documents(place, chosen)):
        return _of_archive(place)
    if found := splits.parted(place, chosen):
        return found
    left = [file.relative_to(place).as_posix() for file in set(files).difference(chosen)]
    what = what if (shown := unpacked.origin(place)) == place else "archive"
    more = (f"not read as rows in the {what}: {some(sorted(left), SHOWN)}",) if left else ()
    if len(chosen) == 1:
        name = chosen[0].relative_to(place).as_posix()
        return Parts((chosen[0],), reasons=(f"{name!r} in the {what} {shown.name}", *more))
    if not splits.are_shards(chosen):
        _refuse_several(place, chosen, what)
    made = _together(chosen, f"{len(chosen)} files of the {what} as one, for their names say so")
    return Parts(made.train, reasons=(*made.reasons, *more))


def _is_whole(chosen: Sequence[Path], texts: Sequence[Path], files: Sequence[Path]) -> bool:
    """Tell files that are read together, so that an archive of them is unpacked.

    So are labels beside the texts that they name, each in a file of its own.
    """
    if any(map(folders.is_sign, files)):
        return True
    is_named = len(chosen) == 1 and chosen[0] not in texts and len(texts) > 1
    return is_named or (chosen is texts and _are_labelled(texts))


def _are_documents(place: Path, chosen: Sequence[Path]) -> bool:
    """Tell an archive of documents of XML, each of which is a row, from one of rows in XML."""
    are_xml = {kinds.ending(file) for file in chosen} == {".xml"}
    return are_xml and folders.is_table(unpacked.folder_of(place))


def _are_labelled(texts: Sequence[Path]) -> bool:
    """Tell texts in folders, that may be named for their labels, from a few files of many rows."""
    return len(texts) >= FEW and len({file.parent for file in texts}) > 1


def _refuse_several(place: Path, files: Sequence[Path], what: str) -> None:
    listed = some([file.relative_to(place).as_posix() for file in files], SHOWN)
    one, end = files[0], kinds.ending(files[0])
    depth = Counter(len(file.relative_to(place).parts) for file in files).most_common(1)[0][0]
    raise DataError(
        f"{place}: the {what} holds several files ({listed}); name the one that is meant, as "
        f"{one}, or, where all are one table, a pattern: '{place}{'/*' * depth}{end}'"
    )


def _near(path: Path) -> str:
    if re.fullmatch(r"0?\.\d+", str(path)):
        return f"a share of the rows is held out by --set data.valid_share={path}"
    folder = path.expanduser().parent
    if not folder.is_dir():
        return f"nor is there a folder {folder}"
    names = [entry.name for entry in folder.iterdir()] if os.access(folder, os.R_OK) else []
    stems = defaultdict[str, list[str]](list)  # endings are alike whatever stands before them
    for name in sorted(names):
        stems[Path(name).stem].append(name)
    near = [name for stem in get_close_matches(path.stem, stems, n=3) for name in stems[stem]][:3]
    return f"did you mean {' or '.join(map(repr, near))}?" if near else "check the path"


def _files_in(folder: Path) -> str:
    if packing.archive_of(folder) is not None:
        return "; name a file in it"
    names = sorted(entry.name for entry in folder.iterdir() if kinds.ending(entry) in kinds.KINDS)
    shown = f", for example {names[0]!r}" if names else f" ({foreign.FORMATS})"
    return f"; name a file in it{shown}"
