"""Public check digits of waybill numbers. Each function takes the whole number, check digit included."""

from __future__ import annotations

S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
FEDEX_WEIGHTS = (3, 1, 7)
MOD_37 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"


def s10(number: str) -> bool:
    """UPU S10: two letters, eight digits, check digit, country."""
    return s10_check(number[2:10]) == int(number[10])


def s10_check(serial: str) -> int:
    """Weighted sum modulo 11; of the two results that are no digit, 10 is written 0 and 11 is written 5."""
    total = sum(weight * int(digit) for weight, digit in zip(S10_WEIGHTS, serial, strict=True))
    rest = 11 - total % 11
    return {10: 0, 11: 5}.get(rest, rest)


def gs1_mod10(number: str) -> bool:
    """GS1 (SSCC, FedEx Ground): weights 3 and 1 from the right, modulo 10."""
    digits = [int(c) for c in reversed(number)]
    total = sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return total % 10 == 0


usps = gs1_mod10  # the same rule, published under the carrier's own name


def ups(number: str) -> bool:
    """After `1Z`: letters count (ASCII - 63) modulo 10, every second place is doubled."""
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in number[2:-1]]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
    return number[-1].isdigit() and -total % 10 == int(number[-1])


def fedex_express(number: str) -> bool:
    """Weights 3, 1, 7 up to the twelfth place (1, 7, 3 for the 14 digits inside the long code), modulo 11 modulo 10."""
    body = number[:-1]
    offset = 1 if len(body) == 13 else 0
    total = sum(int(c) * FEDEX_WEIGHTS[(place + offset) % 3] for place, c in enumerate(body))
    return total % 11 % 10 == int(number[-1])


def dhl_express(number: str) -> bool:
    """The number without its last digit, modulo 7."""
    return int(number[:-1]) % 7 == int(number[-1])


def dpd(number: str) -> bool:
    """ISO 7064 modulo 37, 36 over 27 characters; the check character comes last."""
    carry = 36
    for character in number[:-1]:
        carry = (carry + MOD_37.index(character)) % 36 or 36
        carry = carry * 2 % 37
    return (carry + MOD_37.index(number[-1])) % 36 == 1
