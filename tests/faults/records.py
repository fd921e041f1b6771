"""Counts the records of inputs with small parsers of our own, as an oracle for the number of rows of an output."""


def count_lines(content: bytes) -> int | None:
    """Return the number of lines of text, or None if it is not UTF-8. As for `wc`, only "\n" ends a line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    return len(lines) - (lines[-1] == "")


def count_json_lines(content: bytes) -> int | None:
    """Return the number of lines that are not blank."""
    if count_lines(content) is None or b"\r" in content.replace(b"\r\n", b"\n"):
        return None
    return sum(bool(line.strip(b" \t\r\n")) for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"))


def count_csv(content: bytes, delimiter: str = ",") -> int | None:
    """Return the number of records below the header, or None where quoting or line ends are unusual."""
    if count_lines(content) is None:
        return None
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    if "\r" in text or "\0" in text or text.lower().startswith("sep="):
        return None
    lines = _lines_outside_quotes(text, delimiter)
    return None if lines is None else max(0, sum(map(bool, lines)) - 1)


def _lines_outside_quotes(text: str, delimiter: str) -> list[str] | None:
    """Part text at line breaks that are not in quotes; None if quotes are not as they should be."""
    pieces = text.split('"')
    if len(pieces) % 2 == 0:
        return None  # a quote is never closed
    outside = pieces[::2]
    for number, piece in enumerate(outside):
        is_first, is_last = number == 0, number == len(outside) - 1
        starts_well = is_first or piece == "" or piece[0] in f"{delimiter}\n"
        ends_well = is_last or piece == "" or piece[-1] in f"{delimiter}\n"
        if not (starts_well and ends_well):
            return None
    return '"'.join(outside).split("\n")
