#!/usr/bin/env python3
"""Checks a ledger's public log with nothing but its files and Python's standard library.

    python3 examples/verify-ledger.py <data>/ledger [verifier key]

Reads `checkpoint`, the entry bundles and the hash tiles (C2SP tlog-tiles), computes every hash anew (RFC 6962) and
compares the tiles and the root. The Ed25519 signature is checked too where the package `cryptography` is installed and
the verifier key (`sallyport ledger key`) is given.
"""
import base64
import hashlib
import json
import os
import sys

WIDTH = 256


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(tree_root(hashes[:split]), tree_root(hashes[split:]))


def number_path(number):
    groups = []
    while True:
        groups.insert(0, "%03d" % (number % 1000))
        number //= 1000
        if number == 0:
            return "/".join(["x" + group for group in groups[:-1]] + groups[-1:])


def read(folder, kind, number, width):
    name = os.path.join(folder, "tile", str(kind), number_path(number))
    with open(name if width == WIDTH else "%s.p/%d" % (name, width), "rb") as file:
        return file.read()


def widths(count):
    """How many hashes or entries each tile or bundle has."""
    full, rest = divmod(count, WIDTH)
    return [WIDTH] * full + ([rest] if rest else [])


def entries_of(bundle):
    at = 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        yield bundle[at + 2 : at + 2 + length]
        at += 2 + length


def check_signature(note, key):
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return "not checked (no package cryptography)"
    name, _, encoded = key.split("+", 2)
    text, _, lines = note.partition("\n\n")
    for line in lines.splitlines():
        _, signer, signature = line.split(" ")
        if signer == name:
            public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
            public.verify(base64.b64decode(signature)[4:], (text + "\n").encode())
            return "good"
    raise SystemExit("the checkpoint is not signed by this key")


def main(folder, key=None):
    with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as file:
        note = file.read()
    origin, size, root = note.split("\n")[:3]
    size = int(size)

    hashes, kinds = [], {}
    for number, width in enumerate(widths(size)):
        entries = list(entries_of(read(folder, "entries", number, width)))
        if len(entries) != width:
            raise SystemExit("bundle %d holds %d entries, not %d" % (number, len(entries), width))
        for entry in entries:
            hashes.append(leaf_hash(entry))
            kind = json.loads(entry).get("kind", "a payload in a file of its own")
            kinds[kind] = kinds.get(kind, 0) + 1

    level, row = 0, hashes
    while row:
        for number, width in enumerate(widths(len(row))):
            if read(folder, level, number, width) != b"".join(row[number * WIDTH : number * WIDTH + width]):
                raise SystemExit("tile %d of level %d is not what its entries make" % (number, level))
        full = len(row) // WIDTH
        row = [tree_root(row[i * WIDTH : (i + 1) * WIDTH]) for i in range(full)]
        level += 1

    if base64.b64encode(tree_root(hashes)).decode() != root:
        raise SystemExit("the root of the entries is not the one that was signed")
    signature = check_signature(note, key) if key else "not checked (no key given)"
    print("intact: %d entries on %s, signature %s" % (size, origin, signature))
    for kind, count in sorted(kinds.items()):
        print("  %6d %s" % (count, kind))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
