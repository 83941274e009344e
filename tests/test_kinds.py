"""The files that people have for a Shortcut: what is read, and what is said of the others."""

from __future__ import annotations

import base64
import hashlib
import json
import plistlib
import random
import struct
import zlib
from pathlib import Path

import pytest

from sashimi.errors import BadInput
from sashimi.program import compile, decompile, parse, read, write
from sashimi.program.commands import check_files, decompile_files, lint_files
from sashimi.program.plist import kinds
from sashimi.program.plist.store import from_bytes, read_noted, to_bytes

PROGRAM = parse('SHORTCUT "A"\nACTION showresult Text="x"\nACTION vibrate\n')
PLIST = compile(PROGRAM)
BINARY = to_bytes(PLIST)
XML = to_bytes(PLIST, plistlib.FMT_XML)


def entry(path: str, data: bytes, magic: bytes = b"AA01") -> bytes:
    """One file of an Apple Archive, with fields of several types before its data."""
    name = path.encode()
    fields = b"TYP1F" + b"PATP" + struct.pack("<H", len(name)) + name + b"UID2\x01\x00"
    fields += b"MTMT" + bytes(12) + b"XATA\x03\x00" + b"DATB" + struct.pack("<I", len(data))
    return magic + struct.pack("<H", 6 + len(fields)) + fields + b"abc" + data


def archive(data: bytes) -> bytes:
    """A folder's entry without data, and a Shortcut's file."""
    folder = b"TYP1D" + b"PATP\x00\x00"
    return b"AA01" + struct.pack("<H", 6 + len(folder)) + folder + entry("Shortcut.wflow", data)


def signed(
    data: bytes,
    packing: str = "e",
    size: int = 64,
    count: int = 4,
    checksum: int = 2,
    profile: int = 0,
) -> bytes:
    """An ``AEA1`` file: segments of ``size`` bytes, ``count`` a cluster; its MACs are made up."""
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    width = {0: 0, 1: 8, 2: 32}[checksum]
    body = b""
    for first in range(0, len(pieces), count):
        heads, stored = b"", b""
        for piece in pieces[first : first + count]:
            packed = pack(piece, packing)
            packed = packed if len(packed) < len(piece) else piece
            heads += struct.pack("<II", len(piece), len(packed))
            heads += hashlib.sha256(piece).digest()[:width]
            stored += packed
        heads = heads.ljust(count * (8 + width), b"\0")
        body += heads + b"M" * 32 + b"S" * 32 * count + stored
    auth = plistlib.dumps({"SigningCertificateChain": [b"made up"]}, fmt=plistlib.FMT_BINARY)
    head = (
        b"AEA1" + struct.pack("<II", profile, len(auth)) + auth + b"s" * 128 + b"k" * 64 + b"m" * 32
    )
    root = struct.pack("<QQII", len(data), 0, size, count) + packing.encode() + bytes([checksum])
    return head + root.ljust(48, b"\0") + b"c" * 32 + body


def pack(piece: bytes, packing: str) -> bytes:
    if packing == "e":
        return pytest.importorskip("liblzfse").compress(piece)
    return zlib.compress(piece) if packing == "z" else piece


@pytest.mark.parametrize(("size", "count"), [(64, 4), (1000, 256), (7, 1)])
@pytest.mark.parametrize("packing", ["e", "z", "-"])
def test_signed_files_are_read(tmp_path: Path, packing: str, size: int, count: int) -> None:
    path = tmp_path / "a.shortcut"
    for checksum in (0, 1, 2):
        path.write_bytes(signed(archive(XML), packing, size, count, checksum))
        assert read_noted(path) == (PLIST, [kinds.UNVERIFIED])
    assert decompile(read(path)) == PROGRAM


def test_a_whole_segment_of_lzfse_is_unpacked(tmp_path: Path) -> None:
    long = to_bytes(
        compile(parse(f'SHORTCUT "A"\nACTION gettext WFTextActionText="{"so " * 9000}"\n'))
    )
    whole = signed(archive(long), size=2**20, count=256)
    assert len(whole) < len(long) and from_bytes(whole) == plistlib.loads(long)


def test_an_archive_alone_is_read() -> None:
    assert from_bytes(archive(BINARY)) == PLIST
    assert from_bytes(entry("a.plist", BINARY, b"YAA1")) == PLIST


SIGNED = signed(archive(BINARY), "z")
WRONG_ARCHIVES = {
    "profile 1": signed(archive(BINARY), "z", profile=1),
    "cut short": signed(archive(BINARY), "-")[:-20],
    "damaged": SIGNED[:100],
    "packed as 'b'": signed(archive(BINARY), "b"),
    "without one Shortcut": signed(entry("a.txt", b"x"), "-"),
    "holds no Apple Archive": signed(b"x" * 100, "-"),
    "bytes": SIGNED.replace(struct.pack("<Q", len(archive(BINARY))), struct.pack("<Q", 2**40), 1),
}


@pytest.mark.parametrize("why", WRONG_ARCHIVES)
def test_other_archives_are_refused_in_words(why: str) -> None:
    with pytest.raises(BadInput, match=why):
        from_bytes(WRONG_ARCHIVES[why])


def test_damaged_archives_give_a_plist_or_bad_input() -> None:
    chance = random.Random(3)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(3000):
        data = bytearray(chance.choice((SIGNED, archive(BINARY), signed(archive(XML), "e", 99))))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            from_bytes(bytes(data[: chance.choice((None, chance.randrange(len(data))))]))
        except BadInput:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert min(outcomes.values()) > 100


RECORD = {"recordName": "A1", "fields": {"name": {"value": "Tea"}, "shortcut": {"value": {}}}}


def held(value: object) -> bytes:
    return json.dumps({**RECORD, "fields": {"shortcut": {"value": value}}}).encode()


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (json.dumps(PLIST).encode(), kinds.FROM_JSON),
        (json.dumps(PLIST["WFWorkflowActions"]).encode(), kinds.ONLY_ACTIONS),
        (plistlib.dumps(PLIST["WFWorkflowActions"]), kinds.ONLY_ACTIONS),
        (held(base64.b64encode(BINARY).decode()), kinds.FROM_LINK),
        (held({"data": base64.b64encode(SIGNED).decode()}), kinds.UNVERIFIED),
        (held(PLIST), kinds.FROM_LINK),
    ],
)
def test_what_is_no_plist_and_holds_one_is_read(tmp_path: Path, data: bytes, note: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    found, notes = read_noted(path)
    assert note in notes and decompile(found).body == PROGRAM.body


OTHERS = {
    "an empty file": b" \n",
    "HTML, a web page": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!DOCTYPE HTML><html></html>',
    "downloadURL, https://example.org/x": held({"downloadURL": "https://example.org/x"}),
    "records/0123456789abcdef0123456789abcdef": b"https://www.icloud.com/shortcuts/0123456789abcdef0123456789abcdef\n",
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
    "Automator": plistlib.dumps({"AMApplicationVersion": "2", "actions": []}),
    "NSKeyedArchiver": plistlib.dumps({"$archiver": "NSKeyedArchiver", "$top": {}}),
    "its keys are CFBundleName": plistlib.dumps({"CFBundleName": "x"}),
    "holds a str": plistlib.dumps("x"),
    "null": b'{"WFWorkflowActions": [null]}',
    "damaged JSON": b'{"WFWorkflowActions": [',
    "old text format": b"{ WFWorkflowActions = ( ); }",
    "ZIP": b"PK\x03\x04....",
    "sashimi compile": b'SHORTCUT "A"\n',
    "too deeply": b"[" * 5000 + b"]" * 5000,
    "no signed Shortcut": b"hello",
}


@pytest.mark.parametrize("why", OTHERS)
def test_other_files_are_named_with_a_remedy(tmp_path: Path, why: str, capsys) -> None:
    path = tmp_path / "Tea timer.shortcut"
    path.write_bytes(OTHERS[why])
    assert decompile_files([str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"sashimi: {path}: ") and why in err and err.count(str(path)) == 1


def test_check_and_lint_take_plists(tmp_path: Path, capsys) -> None:
    path = str(tmp_path / "a.shortcut")
    write(compile(parse('SHORTCUT "A"\nACTION showresult Text=$never\n')), path)
    assert check_files([path]) == 1
    assert "$never is used before it is set" in capsys.readouterr().out
    assert lint_files([path]) == 0
    (tmp_path / "b.json").write_text(json.dumps(compile(parse('SHORTCUT "A"\nACTION gettxt\n'))))
    assert lint_files([str(tmp_path / "b.json")]) == 1
    assert "'gettxt' -> 'gettext'" in capsys.readouterr().out
    assert lint_files([str(tmp_path / "b.json")], fix=True) == 2
    assert "decompile" in capsys.readouterr().err


def test_a_plist_without_a_name_has_the_files(tmp_path: Path, capsys) -> None:
    path = tmp_path / "Tea timer.plist"
    path.write_bytes(plistlib.dumps({"WFWorkflowActions": PLIST["WFWorkflowActions"]}))
    assert decompile_files([str(path)]) == 0
    assert capsys.readouterr().out.startswith('SHORTCUT "Tea timer"\n')
