"""The four check sums of the pretend boards and scanners, written from their protocols."""

from __future__ import annotations

from functools import reduce


def xor8(data: bytes) -> int:
    """All bytes combined by exclusive or."""
    return reduce(lambda left, right: left ^ right, data, 0)


def sum8(data: bytes) -> int:
    """The low byte of the sum."""
    return sum(data) & 0xFF


def crc16_modbus(data: bytes) -> bytes:
    """CRC-16/MODBUS as sent: low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = _MODBUS[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc.to_bytes(2, "little")


def crc16_xmodem(data: bytes) -> bytes:
    """CRC-16/XMODEM as sent: high byte first."""
    crc = 0
    for byte in data:
        crc = _XMODEM[(crc >> 8) ^ byte] ^ crc << 8 & 0xFFFF
    return crc.to_bytes(2, "big")


def _modbus_entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def _xmodem_entry(value: int) -> int:
    value <<= 8
    for _ in range(8):
        value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


_MODBUS = tuple(_modbus_entry(value) for value in range(256))
_XMODEM = tuple(_xmodem_entry(value) for value in range(256))
