"""C sources become a shared library: compiled once for a machine, kept in the user's cache.

The library is optional. Without a C compiler, or where it is switched off, every computation takes
the way through torch's own operations, with the same results within rounding.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from textune.storage import atomic, caches

SOURCES = Path(__file__).parent
# The last three let the compiler use vectors of their full width where errno and traps forbid it.
FLAGS = (
    "-std=gnu11",
    "-O3",
    "-march=native",
    "-fopenmp",
    "-fPIC",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-mprefer-vector-width=512",
)
SECONDS = 300  # that a compiler may take before it is given up
DIGEST = 32  # bytes behind the library in its file, over all that is before them


@lru_cache(maxsize=1)
def library() -> tuple[ctypes.CDLL | None, str]:
    """Return the compiled kernels, or None, and why in words.

    `TEXTUNE_KERNELS=0` switches them off; `CC` names another compiler than `cc`.
    """
    if os.environ.get("TEXTUNE_KERNELS", "1") == "0":
        return None, "switched off by TEXTUNE_KERNELS=0"
    if sys.platform != "linux":
        return None, f"not built on {sys.platform}"
    compiler = _compiler()
    if compiler is None:
        return None, "no C compiler found"
    if not hasattr(ctypes.CDLL(None), "GOMP_parallel"):  # threads are those that torch has
        return None, "torch brings no OpenMP here"
    try:
        try:
            found = ctypes.CDLL(str(_built(compiler)))
        except OSError:  # somebody has cleared the cache in this moment
            found = ctypes.CDLL(str(_built(compiler)))
        return found, "compiled for this processor"
    except subprocess.SubprocessError as error:
        return None, f"{compiler} could not compile them: {_complaint(error)}"
    except OSError as error:
        return None, f"they could not be built: {error}"


def key() -> str | None:
    """Name the kernels by all that decides their bits; None where there is no compiler."""
    compiler = _compiler()
    return None if compiler is None else _key(compiler)


def is_due() -> bool:
    """Tell whether the first call of `library` will compile, which takes some seconds."""
    compiler = _compiler()
    is_wanted = os.environ.get("TEXTUNE_KERNELS", "1") != "0" and sys.platform == "linux"
    try:
        return is_wanted and compiler is not None and not _is_whole(_file(compiler))
    except OSError:  # no folder to keep them in: `library` returns why
        return False


def _compiler() -> str | None:
    return os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)


def _file(compiler: str) -> Path:
    return caches.folder("kernels") / f"{_key(compiler)}.so"


def _built(compiler: str) -> Path:
    file = _file(compiler)
    if _is_whole(file):
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not _is_whole(file):
            _compile(compiler, file)
    return file


def _is_whole(file: Path) -> bool:
    """Tell whether a library is there as it was built: a cut one would end the process."""
    if not file.is_file():
        return False
    content = file.read_bytes()
    return hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]


def _compile(compiler: str, file: Path) -> None:
    """Compile and link; not against a second OpenMP: torch's own is in the process already."""
    with atomic.passing_folder(file.parent) as scratch:
        parts = [Path(scratch, f"kernels-{half}.o") for half in (0, 1)]
        whole = Path(scratch, "kernels.so")
        source = str(SOURCES / "kernels.c")
        commands = [
            [compiler, *_flags(), f"-DHALF={half}", "-c", source, "-o", str(part)]
            for half, part in enumerate(parts)
        ]
        with ThreadPoolExecutor(len(commands)) as pool:
            list(pool.map(_run, commands))
        _run([compiler, "-shared", *map(str, parts), "-o", str(whole), "-lm"])
        content = whole.read_bytes()
        atomic.write_bytes(file, content + hashlib.sha256(content).digest())


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)


def _complaint(error: subprocess.SubprocessError) -> str:
    """Return a compiler's first error, or else its last line, or its exit status."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no end after {error.timeout:g} seconds"
    assert isinstance(error, subprocess.CalledProcessError)
    lines = [line.strip() for line in error.stderr.decode(errors="replace").splitlines()]
    said = [line for line in lines if line] or [f"exit status {error.returncode}, without a word"]
    return next((line for line in said if "error:" in line), said[-1])[:200]


def _flags() -> tuple[str, ...]:
    is_x86 = platform.machine().lower() in {"x86_64", "amd64"}
    return FLAGS if is_x86 else FLAGS[:-1]


def _key(compiler: str) -> str:
    """Name a library by all that it depends on: sources, flags, compiler and processor."""
    found = hashlib.sha256(" ".join((compiler, *_flags())).encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        found.update(source.read_bytes())
    place = shutil.which(compiler)
    if place is not None:
        status = Path(place).resolve().stat()
        found.update(f"{place} {status.st_size} {status.st_mtime_ns}".encode())
    found.update(_processor().encode())
    return found.hexdigest()[:32]


def _processor() -> str:
    """Return what decides which instructions there are: machines may share the cache's disk."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    kinds = ("flags", "Features", "model name")
    return "\n".join(sorted({line for line in lines if line.startswith(kinds)}))
