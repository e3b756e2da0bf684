"""The four check sums of the built-in families, over plain bytes.

CRC-16/Modbus runs on the scan path, so it is table-driven; CRC-16/XMODEM is the standard library's.
"""

from __future__ import annotations

import binascii
from functools import reduce
from operator import xor

MODBUS_POLYNOMIAL = 0xA001  # 0x8005 with its bits reversed: the line sends the lowest bit first


def _modbus_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (MODBUS_POLYNOMIAL if value & 1 else 0)
    return value


MODBUS_TABLE = tuple(_modbus_entry(value) for value in range(256))


def xor8(data: bytes) -> int:
    """Exclusive or of all bytes: blind to swapped bytes and to equal bit errors in two bytes."""
    return reduce(xor, data, 0)


def sum8(data: bytes) -> int:
    """Low byte of the sum of all bytes: blind to swapped bytes."""
    return sum(data) & 0xFF


def crc16_modbus(data: bytes) -> int:
    """CRC-16/Modbus; on the wire the low byte comes first."""
    table, crc = MODBUS_TABLE, 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


def crc16_xmodem(data: bytes) -> int:
    """CRC-16 CCITT with start value 0; on the wire the high byte comes first."""
    return binascii.crc_hqx(data, 0)
