"""Signed Shortcuts: the file inside an Apple archive that is signed and not encrypted.

``AEA1``, profile 0 (``hkdf_sha256_hmac__none__ecdsa_p256``), in little-endian order: the header
(magic, profile in 3 bytes, a byte, size of the authentication data), that data, a signature (128
bytes), a seed and a salt (32 each), the root header's MAC (32), the root header (48), the first
cluster's MAC (32); then clusters: a header a segment (its size, its stored size, a checksum), the
next cluster's MAC, a MAC a segment, the segments. Inside is an Apple Archive (``AA01``): entries
of a header with typed fields, and the bytes that its fields announce. Layouts after
theapplewiki.com, "Apple Encrypted Archive", and github.com/kinnay/AEA, docs/formats.

Nothing is verified: neither the signature nor a MAC.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable, Iterator

from sashimi.errors import BadInput

MAGIC = b"AEA1"
ARCHIVES = (b"AA01", b"YAA1")
MAX_BYTES = 64 * 2**20
"""Most bytes that are unpacked."""

_SIGNATURE, _SEED, _SALT, _MAC = 128, 32, 32, 32
_ROOT = struct.Struct("<QQIIcB22x")
_CHECKSUMS = {0: 0, 1: 8, 2: 32}
"""Bytes of a checksum, by its kind: none, MurmurHash64, SHA-256."""

_FIXED = {"1": 1, "2": 2, "4": 4, "8": 8, "S": 8, "T": 12, "*": 0}
_FIXED |= {"F": 4, "G": 20, "H": 32, "I": 48, "J": 64}
_BLOBS = {"A": 2, "B": 4, "C": 8}
"""Bytes of an archive's field, by its type; of a blob, those of the size of what follows."""


def unsigned(data: bytes) -> bytes:
    """The Shortcut's plist in a signed file or in an Apple Archive; ``BadInput`` if there is none.

    The signature is not verified.
    """
    try:
        archive = b"".join(_segments(data)) if data.startswith(MAGIC) else data
        files = dict(_entries(archive))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise BadInput(f"a damaged Apple archive ({error}); export the Shortcut again") from None
    inside = [name for name in files if name.endswith((".wflow", ".plist", ".shortcut"))]
    if len(inside) != 1:
        held = ", ".join(files) or "nothing"
        raise BadInput(f"an Apple archive without one Shortcut inside: it holds {held[:200]}")
    return files[inside[0]]


def _segments(data: bytes) -> Iterator[bytes]:
    """What each segment of an ``AEA1`` file holds, unpacked."""
    profile, auth = struct.unpack_from("<II", data, 4)
    if profile & 0xFFFFFF:
        raise BadInput(
            f"an encrypted Apple archive (AEA1, profile {profile & 0xFFFFFF}): only its key opens "
            "it; share the Shortcut again as a file for anyone"
        )
    at = 12 + auth + _SIGNATURE + _SEED + _SALT + _MAC
    size, _, _, count, packing, checksum = _ROOT.unpack_from(data, at)
    unpack = _unpacker(packing.decode("latin-1"))
    if size > MAX_BYTES or checksum not in _CHECKSUMS:
        raise BadInput(f"a damaged Apple archive: its header says {size:,} bytes; export it again")
    at += _ROOT.size + _MAC
    left = size
    while left > 0:
        heads, width = at, 8 + _CHECKSUMS[checksum]
        at += count * width + _MAC + count * _MAC
        if count < 1 or at > len(data):
            raise BadInput("an Apple archive that was cut short; export or download it again")
        for number in range(count):
            plain, stored = struct.unpack_from("<II", data, heads + number * width)
            piece = data[at : at + stored]
            if left <= 0 or not plain:
                break
            made = piece if plain == stored else unpack(piece)
            if len(piece) < stored or len(made) != plain:
                raise BadInput("an Apple archive that was cut short; export or download it again")
            yield made
            at += stored
            left -= plain


def _unpacker(packing: str) -> Callable[[bytes], bytes]:
    if packing == "e":
        return _lzfse
    known = {"-": bytes, "z": zlib.decompress, "x": lzma.decompress}
    if packing not in known:
        raise BadInput(
            f"a signed Shortcut packed as {packing!r}: only LZFSE, zlib, LZMA and none are read"
        )
    return _checked(known[packing])


def _checked(unpack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def checked(piece: bytes) -> bytes:
        try:
            return unpack(piece)
        except (zlib.error, lzma.LZMAError) as error:
            raise BadInput(f"a damaged Apple archive ({error}); export it again") from None

    return checked


def _lzfse(piece: bytes) -> bytes:
    try:
        import liblzfse
    except ImportError:
        raise BadInput(
            "a signed Shortcut packed with LZFSE: 'pip install pyliblzfse' lets it be read"
        ) from None
    try:
        return liblzfse.decompress(piece)
    except (liblzfse.error, MemoryError):  # it says that for some damaged blocks, at once
        raise BadInput("a damaged Apple archive (LZFSE); export it again") from None


def _entries(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Path and data of each entry of an Apple Archive that has both."""
    at = 0
    while at + 6 <= len(archive):
        if archive[at : at + 4] not in ARCHIVES:
            raise BadInput("a signed file that holds no Apple Archive; export the Shortcut again")
        (length,) = struct.unpack_from("<H", archive, at + 4)
        path, blobs = _fields(archive, at + 6, at + length)
        at += max(length, 6)
        for key, size in blobs:
            if key == "DAT" and path is not None:
                if at + size > len(archive):
                    raise BadInput("an Apple archive that was cut short; export it again")
                yield path, archive[at : at + size]
            at += size


def _fields(archive: bytes, at: int, end: int) -> tuple[str | None, list[tuple[str, int]]]:
    """The path in an entry's header, and key and size of each blob behind it."""
    path, blobs = None, []
    while at + 4 <= end:
        key, kind = archive[at : at + 3].decode("latin-1"), chr(archive[at + 3])
        at += 4
        if kind in _BLOBS:
            width = _BLOBS[kind]
            blobs.append((key, int.from_bytes(archive[at : at + width], "little")))
            at += width
        elif kind == "P":
            (size,) = struct.unpack_from("<H", archive, at)
            if key == "PAT":
                path = archive[at + 2 : at + 2 + size].decode("utf-8")
            at += 2 + size
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise BadInput(f"an Apple archive with a field of unknown type {kind!r}")
    return path, blobs
