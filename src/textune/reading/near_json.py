"""Text that is nearly JSON becomes the refusal that names what it is, and how to mend it."""

import re
from pathlib import Path
from typing import NoReturn

from textune.errors import DataError, excerpt
from textune.reading.lines import line_ends, mending

ROWS = 'write one JSON object on each line, as {"text": "…", "label": "…"}'
_JSON5 = "npx json5 /dev/stdin"
_EVALUATED = (
    "python3 -c 'import ast, json, sys; rows = ast.literal_eval(sys.stdin.read()); "
    "print(json.dumps(rows))'"
)
_EACH_EVALUATED = (
    "python3 -c 'import ast, json, sys; "
    "[print(json.dumps(ast.literal_eval(line))) for line in sys.stdin]'"
)
_COMMENT = re.compile(r"\s*(?://|/\*|#)")
ASSIGNED = re.compile(
    r"(?:(?:var|let|const|export)\s+)?[A-Za-z_$][\w.$\[\]'\" ]{0,200}=\s*[\[{(]"
    r"|export\s+default\s*[\[{]"
)
_CALLED = re.compile(r"[A-Za-z_$][\w.$]*\(\s*[\[{]")
_BARE_KEY = re.compile(r"[A-Za-z_$][\w$]*\s*:")
_PYTHON = re.compile(r"(?:None|True|False|array\(|nan\b|datetime)")
_NO_NUMBER = re.compile(r"-?Infinity")


def refuse_beginning(path: Path, text: str, first: str) -> None:
    """Refuse a file that begins with neither an object nor a list, where it is known what it is.

    Raises:
        DataError: A comment, a program that assigns or calls, or a table of another kind.
    """
    way_out = ""
    if _COMMENT.match(first):
        what = "a comment, which JSON does not have"
        way_out = f"take the comments out: {mending(path, _JSON5, mark='plain')}"
    elif ASSIGNED.match(first):
        what = "a program that gives the values a name"
        command = "sed -e '1s/^[^=]*= *//' -e '$s/; *$//'"
        way_out = f"keep what stands after the sign =: {mending(path, command, mark='plain')}"
    elif _CALLED.match(first):
        what = "a call with the values between parentheses (JSONP)"
        command = "sed -e '1s/^[^(]*(//' -e '$s/); *$//'"
        way_out = f"keep what stands between them: {mending(path, command, mark='plain')}"
    elif first.startswith(("(", "'", "<", "---")) or "," in first.split('"')[0]:
        what = "no JSON"
        way_out = f"name the file for what it is (.csv, .tsv, .txt), or {ROWS}"
    if way_out:
        raise DataError(f"{path.name}:1: it begins with {what}: {excerpt(first)}; {way_out}")


def refuse_first(path: Path, first: str) -> None:
    """Refuse a file of lines whose first is what another program writes for JSON.

    Raises:
        DataError: It is: with the command that mends every line.
    """
    if re.match(r"[{\[]\s*'", first):
        raise DataError(_python(path, first, _EACH_EVALUATED, 1))
    if first.endswith("},"):
        command = "sed 's/,[[:space:]]*$//'"
        raise DataError(
            f"{path.name}:1: a comma stands after the object of each line: {excerpt(first[-40:])}; "
            f"take it away: {mending(path, command, mark='plain')}"
        )
    if re.search(r",\s*\}$", first):
        raise DataError(refusal(path, first, first.rindex("}"), 1))
    if _NO_NUMBER.search(re.sub(r'"(?:[^"\\]|\\.)*"', "", first)):
        command = "sed -E 's/: ?-?Infinity/: null/g'"
        raise DataError(
            f"{path.name}:1: Infinity is not JSON: {excerpt(first)}; write null in its place: "
            f"{mending(path, command, mark='plain')}"
        )
    if re.match(r"\{\s*[A-Za-z_$]", first):
        raise DataError(refusal(path, first, first.index("{") + 1, 1))


def refuse_after(path: Path, rest: str, line: int) -> NoReturn:
    """Refuse what stands after a value.

    Raises:
        DataError: Always.
    """
    if rest.startswith(","):
        raise DataError(
            f"{path.name}:{line}: a comma stands between objects that no brackets enclose; put "
            "[ before the first and ] after the last of them"
        )
    raise DataError(
        f"{path.name}:{line}: more stands after the end of the JSON: {excerpt(rest)}; {ROWS}"
    )


def refuse_array(path: Path, text: str) -> None:
    """Refuse an array whose first member is what another program writes for JSON.

    Raises:
        DataError: It is.
    """
    if re.match(r"\[\s*(?:[\[{(]\s*)?'", text) or re.match(r"\[\s*\(", text):
        are_lines = re.match(r"\[[^\r\n]*\]\s*?\n\s*\[", text) is not None
        raise DataError(_python(path, text, _EACH_EVALUATED if are_lines else _EVALUATED, 1))
    opened = re.match(r"\[\s*(?:[\[{]\s*)?", text)
    at = opened.end() if opened else 0
    if text.startswith(("//", "/*", "#"), at) or _BARE_KEY.match(text, at):
        raise DataError(refusal(path, text, at, 1))


def refusal(path: Path, text: str, at: int, line: int) -> str:
    """Say what is wrong at a place of a text that begins on a line, and the way out."""
    line += line_ends(text[:at].encode(errors="surrogatepass"))
    column = at - max(text.rfind("\n", 0, at), text.rfind("\r", 0, at))
    around = excerpt(text[max(0, at - 30) : at + 30])
    if text[at : at + 1] == "'" or _PYTHON.match(text, at):
        return _python(path, around, _EVALUATED, line)
    if why := reason(text, at):
        mend = mending(path, _JSON5, mark="plain")
        return f"{path.name}:{line}:{column}: {why}: {around}; write it as JSON: {mend}"
    return (
        f"{path.name}:{line}:{column}: the JSON is damaged or cut off here: {around}; "
        f"fetch or write the file again, or {ROWS}"
    )


def _python(path: Path, shown: str, command: str, line: int) -> str:
    return (
        f"{path.name}:{line}: this is text of Python or JavaScript with single quotes, not JSON: "
        f"{excerpt(shown)}; write it with json.dumps, or: {mending(path, command, mark='plain')}"
    )


def reason(text: str, at: int) -> str:
    """Say what of JSON5, which JSON does not have, stands where JSON ends; "" for other faults."""
    if text.startswith(("]", "}"), at) and text[:at].rstrip().endswith(","):
        return "a comma stands before the closing bracket, which JSON does not allow"
    if text[at : at + 1] == "," and text[at + 1 :].lstrip()[:1] in ("]", "}"):
        return "a comma stands before the closing bracket, which JSON does not allow"
    if text.startswith(("//", "/*", "#"), at):
        return "a comment, which JSON does not have"
    if text[at : at + 1] == "'":
        return "a quote ', where JSON has \""
    if _NO_NUMBER.match(text, at):
        return "Infinity is not JSON; null stands for no value"
    if _BARE_KEY.match(text, at):
        return "a key without quotes, which JSON does not allow"
    return ""
