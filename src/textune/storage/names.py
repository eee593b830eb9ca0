"""A file's name as the system gives it becomes text that can be written as UTF-8."""


def utf8(name: str) -> str:
    r"""Return a name with bytes that are no UTF-8 written as escapes, whatever the locale is.

    Example:
        >>> print(utf8("caf\udce9.csv"))
        caf\xe9.csv
    """
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, which is no byte of a name
        return name.encode("utf-8", "backslashreplace").decode("utf-8")
