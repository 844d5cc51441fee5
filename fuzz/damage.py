"""Damaged and hostile versions of a file that is well: bytes, numbers, words, pieces. Knows no format."""

from __future__ import annotations

import re

from hypothesis import strategies as st

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


def damaged(seeds: list[bytes], *, text: bool) -> st.SearchStrategy[bytes]:
    """Files made of ``seeds``; in ``text`` also numbers and words are exchanged."""
    kinds = [_flip, _cut, _insert, _repeat]
    kinds += [_exchange(_NUMBER), _exchange(_NUMBER), _exchange(_WORD)] if text else []

    @st.composite
    def make(draw: st.DrawFn) -> bytes:
        content = draw(st.sampled_from(seeds))
        for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=MOST)):
            content = kind(draw, content)
        return content

    return make()


def _flip(draw: st.DrawFn, content: bytes) -> bytes:
    """Other bytes, mostly near the beginning, where headers are."""
    if not content:
        return content
    changed = bytearray(content)
    reach = draw(st.sampled_from([min(512, len(content)), len(content)]))
    for place in draw(st.lists(st.integers(0, reach - 1), min_size=1, max_size=8)):
        changed[place] = draw(st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255))
    return bytes(changed)


def _cut(draw: st.DrawFn, content: bytes) -> bytes:
    return content[: draw(st.integers(0, len(content)))]


def _insert(draw: st.DrawFn, content: bytes) -> bytes:
    place = draw(st.integers(0, len(content)))
    return content[:place] + draw(st.sampled_from(WORDS) | st.binary(max_size=16)) + content[place:]


def _repeat(draw: st.DrawFn, content: bytes) -> bytes:
    first, second = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
    piece = content[first:second][:2000]
    return content[:second] + piece * draw(st.integers(1, 20)) + content[second:]


def _exchange(what: re.Pattern[bytes]):  # noqa: ANN202 (a kind of damage)
    def exchange(draw: st.DrawFn, content: bytes) -> bytes:
        found = list(what.finditer(content))
        if not found:
            return content
        start, end = draw(st.sampled_from(found)).span()
        return content[:start] + draw(st.sampled_from(WORDS)) + content[end:]

    return exchange
