"""Falco's condition language, as far as rules here use it: parsed strictly, and evaluated.

Grammar: ``or`` of ``and`` of an optional ``not`` before parentheses, a macro or a comparison. A
comparison with a field that an event does not have is false, as in Falco.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]
Condition = Callable[[Event], bool]

FIELDS = frozenset({
    "evt.type", "evt.rawres", "evt.res", "evt.is_open_write", "evt.is_open_read",
    "fd.name", "fd.num", "fd.typechar", "fd.sport", "fd.sip", "fd.snet",
    "proc.name", "proc.pname", "proc.exepath", "proc.cmdline", "proc.tty",
    "proc.is_exe_upper_layer", "user.uid",
    "container.id", "container.name", "container.image.repository",
    "k8s.ns.name", "k8s.pod.name", "k8s.pod.label",
})  # fmt: skip
_TOKEN = re.compile(r"""\s*(?:([(),])|(!=|>=|<=|=|>|<)|"([^"]*)"|'([^']*)'|([^\s(),=!<>"']+))""")
_WORDS = {"and", "or", "not"}
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    ">": lambda value, wanted: float(value) > float(wanted),
    ">=": lambda value, wanted: float(value) >= float(wanted),
    "<": lambda value, wanted: float(value) < float(wanted),
    "<=": lambda value, wanted: float(value) <= float(wanted),
    "contains": lambda value, wanted: wanted in value,
    "startswith": lambda value, wanted: value.startswith(wanted),
    "endswith": lambda value, wanted: value.endswith(wanted),
}
_LIST_TESTS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "in": lambda value, wanted: value in wanted,
    "pmatch": lambda value, wanted: any(f"{value}/".startswith(f"{one}/") for one in wanted),
}


class ConditionError(ValueError):
    """A condition that Falco would refuse."""


def base_field(name: str) -> str:
    """A field without the argument in its brackets."""
    return name.partition("[")[0]


class Parser:
    """Parses conditions of one file, whose macros and lists come before they are used."""

    def __init__(self) -> None:
        self.macros: dict[str, Condition] = {}
        self.lists: dict[str, list[str]] = {}
        self.used: set[str] = set()

    def parse(self, text: str) -> Condition:
        self._tokens = self._split(text)
        condition = self._any()
        if self._tokens:
            raise ConditionError(f"left over: {self._tokens[0][1]}")
        return condition

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        tokens, position, text = [], 0, text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ConditionError(f"at {text[position : position + 20]!r}")
            sign, operator, double, single, word = match.groups()
            quoted = double if double is not None else single
            for kind, value in (
                ("sign", sign), ("operator", operator), ("quoted", quoted), ("word", word),
            ):  # fmt: skip
                if value is not None:
                    tokens.append((kind, value))
            position = match.end()
        return tokens

    def _next(self, *wanted: str) -> str:
        if not self._tokens or (wanted and self._tokens[0][1] not in wanted):
            found = self._tokens[0][1] if self._tokens else "the end"
            raise ConditionError(f"{found} where {' or '.join(wanted) or 'something'} is due")
        return self._tokens.pop(0)[1]

    def _is(self, *values: str) -> bool:
        return bool(self._tokens) and self._tokens[0] in [
            (kind, value) for value in values for kind in ("word", "sign", "operator")
        ]

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._is("or"):
            self._next()
            parts.append(self._all())
        return lambda event: any(part(event) for part in parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._is("and"):
            self._next()
            parts.append(self._one())
        return lambda event: all(part(event) for part in parts)

    def _one(self) -> Condition:
        if self._is("not"):
            self._next()
            inner = self._one()
            return lambda event: not inner(event)
        if self._is("("):
            self._next()
            inner = self._any()
            self._next(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        name = self._next()
        if name in _WORDS or not re.fullmatch(r"[a-z_][a-z0-9_.]*(\[[^\]]+\])?", name):
            raise ConditionError(f"{name} is neither a field nor a macro")
        if "." not in name:
            if name not in self.macros:
                raise ConditionError(f"there is no macro {name}")
            self.used.add(name)
            return self.macros[name]
        if base_field(name) not in FIELDS:
            raise ConditionError(f"there is no field {name}")
        operator = self._next(*_TESTS, *_LIST_TESTS)
        if operator in _LIST_TESTS:
            wanted = self._items()
            return lambda event: name in event and _LIST_TESTS[operator](str(event[name]), wanted)
        value = self._value()
        if base_field(name) == "fd.snet":
            network = ipaddress.ip_network(value)
            return lambda event: (
                "fd.sip" in event and (ipaddress.ip_address(event["fd.sip"]) in network)
            )
        return lambda event: name in event and _TESTS[operator](str(event[name]), value)

    def _items(self) -> list[str]:
        self._next("(")
        items: list[str] = []
        while True:
            value = self._value()
            if value in self.lists:
                self.used.add(value)
            elif re.fullmatch(r"[a-z]+(_[a-z]+)+", value):
                raise ConditionError(f"there is no list {value}")
            items += self.lists.get(value, [value])
            if self._next(",", ")") == ")":
                return items

    def _value(self) -> str:
        if self._is(*_WORDS, "(", ")", ",", *_TESTS):
            raise ConditionError(f"{self._next()} where a value is due")
        return self._next()
