"""Damaged and hostile versions of a file that is well: bytes, numbers, words, pieces. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

Damage = Callable[[Random, bytes], bytes]

# What people who mean harm, and programs that mean well, write where a number or a name should stand.
WORDS = (
    b"1000000000",
    b"65535",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"1e308",
    b"nan",
    b"inf",
    b"1e999",
    b"{",
    b"}",
    b"{" * 200,
    b"[" * 3000,
    b"\0",
    b"\xff\xfe",
    b"=1+1",
    b"<script>alert(1)</script>",
    b"../../../../etc/passwd",
    b"/etc/passwd",
    b"&lol;",
    b'<!DOCTYPE a [<!ENTITY lol SYSTEM "file:///etc/passwd">]>',
    b'"',
    b"null",
    b"{}",
    b"[]",
    b"\n",
    "μ高".encode(),
    b"a" * 5000,
)
MOST = 4  # kinds of damage at once
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(rb"[A-Za-z_]{3,}")
_EDGES = (0, 1, 127, 128, 255)
_HEAD = 512  # bytes


def damaged(seeds: list[bytes], *, text: bool) -> st.SearchStrategy[bytes]:
    """Files made of ``seeds``; in ``text`` also numbers and words are exchanged.

    Hypothesis draws the dice and they do the rest: a draw for each byte would take longer than the readers.
    """
    kinds: list[Damage] = [_flip, _cut, _insert, _repeat]
    # Bytes that move let most files fail at once; what stays in its place is read further.
    kinds += [_exchange(_NUMBER), _exchange(_NUMBER), _exchange(_WORD)] if text else [_flip] * 4

    def make(dice: Random) -> bytes:
        content = dice.choice(seeds)
        for kind in dice.choices(kinds, k=dice.choice((1, 1, 2, MOST))):
            content = kind(dice, content)
        return content

    return st.builds(make, st.randoms(use_true_random=True))


def _flip(dice: Random, content: bytes) -> bytes:
    """Other bytes, every other time near the beginning, where headers are."""
    if not content:
        return content
    changed = bytearray(content)
    reach = dice.choice([min(_HEAD, len(content)), len(content)])
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(reach)] = dice.choice((*_EDGES, dice.randrange(256)))
    return bytes(changed)


def _cut(dice: Random, content: bytes) -> bytes:
    return content[: dice.randint(0, len(content))]


def _insert(dice: Random, content: bytes) -> bytes:
    place = dice.randint(0, len(content))
    word = dice.choice((dice.choice(WORDS), dice.randbytes(dice.randint(0, 16))))
    return content[:place] + word + content[place:]


def _repeat(dice: Random, content: bytes) -> bytes:
    first, second = sorted(dice.randint(0, len(content)) for _ in range(2))
    piece = content[first:second][:2000]
    return content[:second] + piece * dice.randint(1, 20) + content[second:]


def _exchange(what: re.Pattern[bytes]) -> Damage:
    def exchange(dice: Random, content: bytes) -> bytes:
        found = list(what.finditer(content))
        if not found:
            return content
        start, end = dice.choice(found).span()
        return content[:start] + dice.choice(WORDS) + content[end:]

    return exchange
