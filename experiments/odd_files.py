"""Odd files, each with the cells that a reader should find in it, written out by hand."""

from dataclasses import dataclass

LONG = "glad " * 40_000
WIDE = [f"c{number}" for number in range(3000)]


@dataclass(frozen=True)
class OddFile:
    """A file and its content.

    Attributes:
        name: what is odd about it; with its format as the extension.
        content: the bytes of the file.
        rows: the names of the columns, then the cells of each row. In JSON Lines, numbers have their digits.
        unreadable: the numbers of rows, from 1, that can't be read without a guess; `rows` has them as `predict`
            writes them, which is one way among others.
        also_right: other cells of such rows in which nothing is lost.
    """

    name: str
    content: bytes
    rows: list[list[str]]
    unreadable: tuple[int, ...] = ()
    also_right: tuple[list[str], ...] = ()


def _utf8(
    name: str,
    content: str,
    *rows: list[str],
    unreadable: tuple[int, ...] = (),
    also_right: tuple[list[str], ...] = (),
) -> OddFile:
    return OddFile(name, content.encode(), list(rows), unreadable, also_right)


ODD_FILES = [
    # Nothing is odd about the first two: a reader that does not keep them is called wrongly.
    _utf8("plain.csv", "id,text\n1,glad\n2,sad\n", ["id", "text"], ["1", "glad"], ["2", "sad"]),
    _utf8("plain.jsonl", '{"text": "a", "n": 1}\n{"text": "b", "n": 2}\n', ["text", "n"], ["a", "1"], ["b", "2"]),
    _utf8(
        "newlines in cells.csv",
        'id,text\n1,"so\nglad"\n2,"\n\n"\n3,sad\n',
        ["id", "text"],
        ["1", "so\nglad"],
        ["2", "\n\n"],
        ["3", "sad"],
    ),
    _utf8(
        "doubled quotes.csv",
        'id,text\n1,"say ""hi"", you"\n2,""""\n3,""\n',
        ["id", "text"],
        ["1", 'say "hi", you'],
        ["2", '"'],
        ["3", ""],
    ),
    _utf8("byte order mark.csv", '\ufeff"id",text\n1,glad\n', ["id", "text"], ["1", "glad"]),
    _utf8(
        "CRLF line endings.csv",
        'id,text\r\n1,"so\r\nglad"\r\n2,sad\r\n',
        ["id", "text"],
        ["1", "so\r\nglad"],
        ["2", "sad"],
    ),
    _utf8(
        "a carriage return in quotes.csv",
        'id,text\n1,"so\rglad"\n2,"\r"\n',
        ["id", "text"],
        ["1", "so\rglad"],
        ["2", "\r"],
    ),
    _utf8("blank lines of a single column.csv", "text\nglad\n\nsad\n", ["text"], ["glad"], [""], ["sad"]),
    _utf8("NUL characters.csv", "id,text\n1,so\x00glad\n2,sad\n", ["id", "text"], ["1", "so\x00glad"], ["2", "sad"]),
    _utf8("a cell of 200 kB.csv", f"id,text\n1,{LONG}\n2,sad\n", ["id", "text"], ["1", LONG], ["2", "sad"]),
    _utf8(
        "Unicode line separators.csv",
        "id,text\n1,a\u2028b\u0085c\n2,\x0bd\x0c\x1c\n",
        ["id", "text"],
        ["1", "a\u2028b\u0085c"],
        ["2", "\x0bd\x0c\x1c"],
    ),
    _utf8("a delimiter at the end of lines.csv", "id,text,\n1,glad,\n", ["id", "text", ""], ["1", "glad", ""]),
    _utf8("columns of the same name.csv", "id,id,text\n1,2,glad\n", ["id", "id", "text"], ["1", "2", "glad"]),
    _utf8("an empty last cell.csv", "text,note\nglad,\nsad,", ["text", "note"], ["glad", ""], ["sad", ""]),
    _utf8(
        "quotes within cells.csv",
        'id,text\n1,so "very" glad\n2,5" tall\n',
        ["id", "text"],
        ["1", 'so "very" glad'],
        ["2", '5" tall'],
    ),
    _utf8(
        "spaces around cells.csv",
        "id,text\n 1,  glad \n2,\u00a0sad\t\n",
        ["id", "text"],
        [" 1", "  glad "],
        ["2", "\u00a0sad\t"],
    ),
    _utf8(
        "3,000 columns.csv",
        f"{','.join(['text', *WIDE])}\n{','.join(['glad', *WIDE])}\n",
        ["text", *WIDE],
        ["glad", *WIDE],
    ),
    _utf8(
        "words that may mean missing.csv",
        'id,text\nNA,null\nnan,None\n"",N/A\n#N/A,NULL\n',
        ["id", "text"],
        ["NA", "null"],
        ["nan", "None"],
        ["", "N/A"],
        ["#N/A", "NULL"],
    ),
    _utf8(
        "digits, dates and yes.csv",
        "id,n,d,b,text\n007,1.0,2020-01-02,yes,a\n1e400,-0,01/02/20,TRUE,b\n",
        ["id", "n", "d", "b", "text"],
        ["007", "1.0", "2020-01-02", "yes", "a"],
        ["1e400", "-0", "01/02/20", "TRUE", "b"],
    ),
    _utf8(
        "lines that start with #.csv",
        "id,text\n#1,glad\n2,sad\n#3,sad\n",
        ["id", "text"],
        ["#1", "glad"],
        ["2", "sad"],
        ["#3", "sad"],
    ),
    OddFile(
        "a byte that is not UTF-8.csv",
        b"id,text\n1,glad\n2,caf\xe9\n3,sad\n",
        [["id", "text"], ["1", "glad"], ["2", "caf\ufffd"], ["3", "sad"]],
        unreadable=(2,),
    ),
    _utf8(
        "an unquoted comma.csv",
        "id,text\n1,glad\n2,oh, no\n3,sad\n",
        ["id", "text"],
        ["1", "glad"],
        ["2", "oh, no"],
        ["3", "sad"],
        unreadable=(2,),
    ),
    _utf8(
        "a quote that is never closed.csv",
        'id,text\n1,glad\n2,"sad\n3,sad\n',
        ["id", "text"],
        ["1", "glad"],
        ['2,"sad', ""],
        ["3", "sad"],
        unreadable=(2,),
        also_right=(["2", '"sad'],),
    ),
    _utf8(
        "quoted tabs and newlines.tsv", 'id\ttext\n1\t"a\tb"\n2\t"c\nd"\n', ["id", "text"], ["1", "a\tb"], ["2", "c\nd"]
    ),
    _utf8(
        "digits of numbers.jsonl",
        '{"text": "a", "n": 12345678901234567890.123, "e": 1e400}\n{"text": "b", "n": 1.0, "e": -0}\n',
        ["text", "n", "e"],
        ["a", "12345678901234567890.123", "1e400"],
        ["b", "1.0", "-0"],
    ),
    _utf8(
        "an integer of 5,000 digits.jsonl", f'{{"text": "a", "n": {"7" * 5000}}}\n', ["text", "n"], ["a", "7" * 5000]
    ),
    _utf8(
        "Unicode line separators.jsonl",
        '{"text": "a\u2028b\u0085"}\n{"text": "c\x7f"}\n',
        ["text"],
        ["a\u2028b\u0085"],
        ["c\x7f"],
    ),
    _utf8(
        "half an emoji.jsonl",
        '{"text": "a"}\n{"text": "b\\ud83d"}\n{"text": "c"}\n',
        ["text"],
        ["a"],
        ["b\ud83d"],
        ["c"],
    ),
    _utf8(
        "a key only in the second object.jsonl",
        '{"text": "a"}\n{"text": "b", "new": "x"}\n',
        ["text", "new"],
        ["a", ""],
        ["b", "x"],
    ),
    _utf8(
        "a key that occurs twice.jsonl",
        '{"text": "a", "n": "1"}\n{"text": "b", "n": "1", "n": "2"}\n',
        ["text", "n"],
        ["a", "1"],
        ['{"text": "b", "n": "1", "n": "2"}', ""],
        unreadable=(2,),
    ),
]
