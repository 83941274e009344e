"""One file of named arrays, packed and mapped: the trained network as it is shipped.

Bytes: `MAGIC`, the length of the header (uint32, little-endian), the sha256 of all that follows,
the header (JSON), the payload. The header names the architecture, for each array its kind, shape,
place and, for trits, scale, and for the facts that the reader needs (JSON, deflated) their place
and size. Everything is checked before memory is taken, and nothing in a file is ever executed.

Kinds: ``trits`` five to a byte times one scale; ``int8`` with one float32 scale a row in front;
``float16``, ``float32``, ``int32`` and ``bool`` (bits) as they are.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sashimi.errors import BadInput
from sashimi.files import atomic
from sashimi.runtime import trits

MAGIC = b"SASHIMI\x03"
BEGIN = len(MAGIC) + 4 + 32
"""Where the header begins."""
HEADER_LIMIT = 1 << 20
"""Bytes that a header may claim."""
FACTS_LIMIT = 1 << 26
"""Bytes that facts may claim to be once they are inflated."""
ALIGN = 64


@dataclass(frozen=True)
class Packed:
    """A file's arrays by name, its facts, and its size in bytes."""

    path: Path
    architecture: str
    facts: Mapping[str, Any]
    entries: Mapping[str, Mapping[str, Any]]
    payload: np.ndarray  # (bytes,) uint8, mapped

    facts_size: tuple[int, int]  # bytes in the file, and inflated

    def bytes_of(self, prefix: str = "") -> int:
        """Bytes of the arrays whose names begin so."""
        return sum(size_of(e) for name, e in self.entries.items() if name.startswith(prefix))

    def array(self, name: str) -> np.ndarray:
        """An array, weights of every kind as float32. Raises KeyError for no such name."""
        entry = self.entries[name]
        start = entry["start"]
        raw = self.payload[start : start + size_of(entry)]
        return decoded(raw, entry)


def size_of(entry: Mapping[str, Any]) -> int:
    """Bytes that an array of this kind and shape takes."""
    count = math.prod(entry["shape"])
    match entry["kind"]:
        case "trits":
            return trits.packed_size(count)
        case "int8":
            return 4 * entry["shape"][0] + count
        case "bool":
            return -(-count // 8)
        case "float16":
            return 2 * count
        case _:
            return 4 * count


def decoded(raw: np.ndarray, entry: Mapping[str, Any]) -> np.ndarray:
    """The array that the bytes ``raw`` (uint8) hold."""
    shape = tuple(entry["shape"])
    match entry["kind"]:
        case "trits":
            return trits.unpack(raw, shape) * np.float32(entry["scale"])
        case "int8":
            scales = raw[: 4 * shape[0]].view("<f4")
            values = raw[4 * shape[0] :].view(np.int8).reshape(shape[0], -1)
            return (values * scales[:, None]).reshape(shape)
        case "bool":
            return np.unpackbits(raw, count=math.prod(shape)).astype(bool).reshape(shape)
        case "float16":
            return raw.view("<f2").astype(np.float32).reshape(shape)
        case "float32":
            return raw.view("<f4").reshape(shape)
        case _:
            return raw.view("<i4").reshape(shape)


def encoded(kind: str, array: np.ndarray) -> tuple[bytes, dict[str, Any]]:
    """The bytes of an array and its entry, all but its place.

    ``trits`` takes an array of -s, 0 and +s for one s > 0; ``int8`` rounds each row to 255 steps of
    its largest magnitude. Raises ValueError for what the kind cannot hold.
    """
    entry: dict[str, Any] = {"kind": kind, "shape": list(array.shape)}
    match kind:
        case "trits":
            scale = float(np.abs(array).max(initial=0.0)) or 1.0
            signs = np.sign(array).astype(np.int8)
            if not np.array_equal((signs * np.float32(scale)).astype(array.dtype), array):
                raise ValueError("not of one magnitude: no trits")
            return trits.pack(signs).tobytes(), entry | {"scale": scale}
        case "int8":
            rows = array.reshape(len(array), -1).astype(np.float32)
            scales = np.abs(rows).max(1, initial=0.0) / 127
            steps = np.rint(rows / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
            return scales.astype("<f4").tobytes() + steps.tobytes(), entry
        case "bool":
            return np.packbits(array.reshape(-1)).tobytes(), entry
        case "float16" | "float32" | "int32":
            names = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}
            return np.ascontiguousarray(array.astype(names[kind])).tobytes(), entry
    raise ValueError(f"no kind {kind!r}")


def write(
    path: str | Path,
    architecture: str,
    arrays: Mapping[str, tuple[str, np.ndarray]],
    facts: Mapping[str, Any],
) -> str:
    """Writes named (kind, array) pairs and plain ``facts``; returns the sha256 of both."""
    payload, entries = bytearray(), {}
    for name, (kind, array) in arrays.items():
        payload += bytes(-len(payload) % ALIGN)
        raw, entry = encoded(kind, array)
        entries[name] = entry | {"start": len(payload)}
        payload += raw
    plain = _json(facts)
    deflated = zlib.compress(plain, 9)
    place = {"start": len(payload), "size": len(deflated), "inflated": len(plain)}
    payload += deflated
    header = {"architecture": architecture, "facts": place, "arrays": entries}
    text = _json(header)
    text += b" " * (-(BEGIN + len(text)) % ALIGN)
    digest = hashlib.sha256(text + payload)
    with atomic(path) as temporary:
        size = len(text).to_bytes(4, "little")
        temporary.write_bytes(MAGIC + size + digest.digest() + text + payload)
    return digest.hexdigest()


def read(path: str | Path, architectures: Collection[str], remedy: str) -> Packed:
    """The file at ``path``, of one of these architectures, mapped into memory, every size and the
    digest checked.

    Raises BadInput that names the file, what is wrong, and ``remedy``, the command that makes it.
    """
    path = Path(path)

    def refuse(why: str) -> BadInput:
        return BadInput(f"{path} {why}: make it again with '{remedy}'")

    if not path.is_file():
        told = "is a folder" if path.is_dir() else "is missing"
        raise BadInput(f"{path} {told}: make it with '{remedy}'")
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(BEGIN)
        if first[: len(MAGIC)] != MAGIC:
            told = "of another version" if first[:7] == MAGIC[:7] else "no packed network"
            raise refuse(f"is {told} (expected {MAGIC!r}, found {first[: len(MAGIC)]!r})")
        length = int.from_bytes(first[len(MAGIC) : len(MAGIC) + 4], "little")
        if length > HEADER_LIMIT or BEGIN + length > size:
            raise refuse(f"is cut short or damaged: a header of {length} bytes in a file of {size}")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    body = np.frombuffer(mapped, np.uint8, offset=BEGIN)
    if hashlib.sha256(body.data).digest() != first[len(MAGIC) + 4 :]:
        raise refuse("is damaged: its digest is not the one that it states")
    try:
        header, payload = json.loads(body[:length].tobytes()), body[length:]
        known, entries, place = header["architecture"], header["arrays"], header["facts"]
        _check(entries, len(payload))
        if known not in architectures:
            wanted = " or ".join(map(repr, architectures))
            raise refuse(f"holds a network of architecture {known!r}, not {wanted}")
        facts = _inflated(payload, place)
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise refuse(f"is damaged ({error})") from error
    sizes = place["size"], place["inflated"]
    return Packed(path, known, facts, entries, payload, sizes)


def _json(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _inflated(payload: np.ndarray, place: Mapping[str, int]) -> Any:
    """The facts at a place. Raises ValueError where they are not as large as is said."""
    start, size, plain = place["start"], place["size"], place["inflated"]
    if not 0 <= start <= start + size <= len(payload) or not 0 < plain <= FACTS_LIMIT:
        raise ValueError(f"facts take {size} bytes at {start}, {plain} inflated")
    reader = zlib.decompressobj()
    text = reader.decompress(payload[start : start + size].tobytes(), plain)
    if len(text) != plain or not (reader.eof or not reader.decompress(reader.unconsumed_tail, 1)):
        raise ValueError(f"facts are not the {plain} bytes that the header states")
    return json.loads(text)


def _check(entries: Mapping[str, Any], room: int) -> None:
    """Raises ValueError for an array of no known kind, of no shape, or out of the payload."""
    for name, entry in entries.items():
        shape = entry["shape"]
        if entry["kind"] not in ("trits", "int8", "bool", "float16", "float32", "int32"):
            raise ValueError(f"{name} is of no known kind")
        if not all(isinstance(n, int) and 0 <= n <= room * 8 for n in shape) or not shape:
            raise ValueError(f"{name} has no possible shape")
        start, size = entry["start"], size_of(entry)
        if not isinstance(start, int) or start < 0 or start + size > room:
            raise ValueError(f"{name} takes {size} bytes at {start}, the file has {room}")
