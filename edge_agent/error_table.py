"""The one table of error codes: English, 中文, the likely cause and the next step for a person.

To add a code: one row here, beside its neighbours. A test holds the table and the code of every package
together, both ways, and `docs/errors.md` is written from it. A row whose code is gone from the code goes too;
its number is never used again for something else.
"""

from __future__ import annotations

from typing import NamedTuple


class Exit:
    """Exit codes of `lockerctl`: contract section 1."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    AGENT_UNREACHABLE = 5
    SILENT = 6
    PARTLY = 7
    BUSY = 8
    BAD_CONFIG = 9
    DEGRADED = 10
    INTERRUPTED = 130


class Row(NamedTuple):
    """One code. `english` and `chinese` say what is the matter; `exit_code` is how `lockerctl` ends on it."""

    code: str
    english: str
    chinese: str
    cause: str
    next_step: str
    exit_code: int = Exit.FAILED


_ROWS = (
    # BUS: between the port and a board (raised by drivers/)
    Row(
        "BUS-100",
        "Something failed between the port and a board",
        "串口與鎖控板之間發生錯誤",
        "An error of the operating system or of pyserial that has no code of its own.",
        "Read the sentence beside the code; run `lockerctl bus scan`.",
    ),
    Row(
        "BUS-101",
        "The port does not exist",
        "找不到串口裝置",
        "The adapter is unplugged, or the configured name is not the one the adapter got.",
        "Plug the adapter in, or start the gateway; compare `port` with `ls -l /dev/serial/by-path`.",
        Exit.NOT_FOUND,
    ),
    Row(
        "BUS-102",
        "No permission to open the port",
        "無權開啟串口",
        "The present user is not in the group that owns the device.",
        "Run as the locker's own user, or join the device's group (usually `dialout`) and log in again.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "BUS-103",
        "Another program holds the port",
        "串口被其他程式佔用",
        "A second agent, another lockerctl, ModemManager, brltty or a terminal program has the port open.",
        "See who holds it with `fuser -v PORT`, end that program, and try again.",
        Exit.BUSY,
    ),
    Row(
        "BUS-104",
        "The port was lost while in use",
        "串口使用中斷線",
        "The adapter was unplugged, or the supply sagged and the USB bus was reset.",
        "Check the adapter's plug and the supply; the bus comes back by itself once the port is there.",
    ),
    Row(
        "BUS-105",
        "This name is not a serial line that can be used",
        "此名稱不是可用的串口",
        "A file or a directory is configured as a port, or the serial gateway refuses the connection.",
        "Give a serial device or socket://host:port in locker.toml; start the gateway if there is one.",
        Exit.NOT_FOUND,
    ),
    Row(
        "BUS-110",
        "The board does not answer",
        "鎖控板無應答",
        "No power at the board, A and B swapped, wrong address or baud rate, or a broken cable.",
        "Check the board's power lamp and the A/B wires; find its address with `lockerctl bus scan`.",
        Exit.SILENT,
    ),
    Row(
        "BUS-111",
        "The board's answer is damaged or of the wrong kind",
        "鎖控板應答損壞或格式不符",
        "Noise on a long cable, a missing terminator, two boards with one address, or the wrong `driver`.",
        "Run `lockerctl bus watch`; check the 120 ohm terminators, the shield, the board's address.",
    ),
    Row(
        "BUS-112",
        "The board refused the request",
        "鎖控板拒絕請求",
        "The channel does not exist on this board, or its firmware does not know the request.",
        "Compare `channels` and `driver` in locker.toml with the board's label; run `lockerctl board info`.",
        Exit.BUSY,
    ),
    Row(
        "BUS-113",
        "The line echoes something else than was sent",
        "線路回波與發送內容不符",
        "Two programs or two masters talk at once, or the adapter is faulty.",
        "Take every other master off the bus; try another adapter.",
    ),
    Row(
        "BUS-114",
        "Another board answers here than the one configured",
        "應答的鎖控板與設定不符",
        "Boards or ports were swapped, or a board was replaced by another model.",
        "Compare `lockerctl bus scan` with locker.toml; put the boards right or change the configuration.",
    ),
    Row(
        "BUS-115",
        "The board's inputs drive its relays, so unlocking is refused",
        "繼電器板處於聯動模式，拒絕開鎖",
        "The board is in linkage, toggle or edge mode: a door contact would fire a lock.",
        "Set every input mode of the board to normal with its maker's tool, then power it off and on.",
        Exit.BUSY,
    ),
    Row(
        "BUS-116",
        "The bus has too many requests waiting",
        "匯流排請求過多",
        "A board answers very slowly or not at all, and requests pile up behind it.",
        "Find the silent board with `lockerctl bus scan`; try again afterwards.",
        Exit.BUSY,
    ),
    # DOOR: a door, its lock or its sensor
    Row(
        "DOOR-201",
        "The door did not open",
        "箱門未打開",
        "The latch is jammed, the door is held shut, or the lock's cable is off.",
        "Press the door lightly and unlock again; then look at the latch and the lock's plug.",
    ),
    Row(
        "DOOR-202",
        "Nobody knows whether the door opened",
        "無法得知箱門是否打開",
        "The unlock may have reached the board, but no sensor answered afterwards. It was not sent again.",
        "Go and look at the door; then check the board with `lockerctl board info`.",
        Exit.SILENT,
    ),
    # FLOW: what a person asked for is not possible now (refusals of edge_agent.domain)
    Row(
        "FLOW-300",
        "The flow does not know this event here",
        "流程狀態與事件不符",
        "A touch or a sensor event came that this step does not expect; nothing was changed.",
        "Go back to the first screen; report the sentence beside the code if it comes again.",
    ),
    Row(
        "FLOW-301",
        "No compartment fits",
        "沒有合適的空格口",
        "Every compartment of that size or larger holds a parcel, is out of service or has unknown contents.",
        "Take a smaller parcel first, or verify compartments with unknown contents.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-302",
        "The carrier may not deposit here",
        "快遞企業無投遞權限",
        "The carrier's contract is missing, not begun or over.",
        "Let the back office check the carrier's contract for this locker.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "FLOW-303",
        "This waybill is inside already",
        "運單號重複",
        "The parcel was deposited before and not yet collected, or the label was scanned twice.",
        "Look the waybill up; scan the other label if the parcel carries two.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-304",
        "The courier may not do this",
        "快遞員無此權限",
        "The courier is unknown, blocked, of another carrier, or too new for this right.",
        "Let the back office check the courier's entry.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "FLOW-305",
        "The recipient's consent is missing",
        "未取得收件人同意",
        "Nothing says that the recipient agreed to a locker, and the carrier does not vouch for it.",
        "Ask the recipient, or deliver to the door.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "FLOW-306",
        "The quota is used up",
        "配額已用完",
        "The carrier's share of doors, or the limit of remote grants, is reached.",
        "Wait until doors are free again, or let the back office raise the quota.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-307",
        "That does not fit the present situation",
        "操作與目前狀態不符",
        "The parcel or compartment has moved on since the question was asked.",
        "Look at the compartment's present state and decide again.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-308",
        "No parcel has this code",
        "取件碼不正確",
        "A digit was mistyped, or the code is spent or replaced.",
        "Type the newest code; support can send another one.",
        Exit.NOT_FOUND,
    ),
    Row(
        "FLOW-309",
        "Too many wrong tries",
        "錯誤次數過多，暫時鎖定",
        "Codes were typed wrongly several times in a row at this screen.",
        "Wait for the time shown; the QR code at the scanner still works.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-310",
        "The door was tried as often as allowed",
        "開門次數已達上限",
        "The latch is jammed or the sensor is faulty.",
        "Call the hotline; a technician opens the compartment.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-311",
        "The lock's coil has to rest",
        "鎖具線圈需要冷卻",
        "The same lock was pulsed moments ago.",
        "Wait a few seconds and try again.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-312",
        "The compartment cannot be used",
        "格口不可使用",
        "It is out of service, faulty, or nobody knows what is inside.",
        "Verify it or put it back in service, or take another one.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-313",
        "Deposits are stopped",
        "已暫停投遞",
        "The back office stopped them, the disk is nearly full, or the cabinet is not accepted yet.",
        "See the health page for the cause; pickups go on.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-314",
        "The time to open it again is over",
        "重開時限已過",
        "A door may be opened again only within a few minutes and by the same person.",
        "Ask support for a new code.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-315",
        "The door was not seen closed",
        "未偵測到箱門關閉",
        "The door is ajar, or its sensor does not answer.",
        "Press the door until it clicks.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-316",
        "The door was not seen open",
        "未偵測到箱門打開",
        "It never opened, so nothing can have been put in or taken out.",
        "Try the door again, or choose another compartment.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-317",
        "This is not a waybill number",
        "運單號格式不正確",
        "Another barcode of the label was scanned, or the label is damaged.",
        "Scan the waybill's own barcode, or type the number.",
        Exit.USAGE,
    ),
    Row(
        "FLOW-318",
        "The code is taken",
        "取件碼已被佔用",
        "Another live stay has this code, or no free one was found.",
        "Let the back office issue another code.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-319",
        "There is no such thing here",
        "找不到相符的紀錄",
        "The parcel, compartment, courier or fault is not known on this locker.",
        "Check the number; the parcel may be in another locker.",
        Exit.NOT_FOUND,
    ),
    Row(
        "FLOW-320",
        "This is not permitted",
        "不允許此操作",
        "The policy of this locker or the person's role forbids it.",
        "Ask somebody with the right to do it.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "FLOW-321",
        "The code is in use at this moment",
        "取件碼正在使用中",
        "Another visit is under way with the same code.",
        "Wait until that visit has ended.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-322",
        "The retention period is over",
        "保管期限已過",
        "The parcel was not collected in time and waits to be taken back.",
        "Ask the carrier or support.",
        Exit.BUSY,
    ),
    Row(
        "FLOW-323",
        "The phone number is missing",
        "缺少收件人電話",
        "This locker's codes need the phone's last four digits.",
        "Type the recipient's number.",
        Exit.USAGE,
    ),
    Row(
        "FLOW-324",
        "Parcels with cash on delivery are not taken",
        "不受理代收貨款快件",
        "Nobody can collect the money here.",
        "Deliver the parcel by hand.",
        Exit.NOT_ALLOWED,
    ),
    # STORE: the ledger, its disk and the records beside it
    Row(
        "STORE-401",
        "The record of a direct unlock cannot be written",
        "無法寫入直接開鎖紀錄",
        "The state directory is not writable for this user, or its disk is full or read-only.",
        "Run as the locker's own user or free the disk. On a work bench without a ledger: `unlock --bench`.",
    ),
    Row(
        "STORE-402",
        "The ledger could not write; nothing was accepted",
        "流水無法寫入，未接受任何操作",
        "A write or sync on the ledger's disk failed.",
        "Run `lockerctl doctor`; look at the kernel log for the disk; replace the card if it repeats.",
    ),
    Row(
        "STORE-403",
        "The ledger's disk is full",
        "流水磁碟已滿",
        "Logs, backups or something foreign filled the device.",
        "Free space on the state directory's device; deposits start again by themselves.",
    ),
    Row(
        "STORE-404",
        "The ledger's disk is read-only",
        "流水磁碟為唯讀",
        "The kernel remounted the device after an error, or the files belong to another user.",
        "Check the device and its mount; then restart the agent.",
    ),
    Row(
        "STORE-405",
        "The ledger is damaged",
        "流水檔案已損壞",
        "A worn card or a cut in power changed what was written.",
        "The file was set aside. Restore with `lockerctl backup restore`; replace the card.",
    ),
    Row(
        "STORE-406",
        "The ledger was written by a newer program",
        "流水由較新的程式寫入",
        "The program was set back to an older version.",
        "Install the newer version again, or restore a backup that this version made.",
    ),
    Row(
        "STORE-407",
        "The ledger is missing",
        "流水檔案不見了",
        "Keys or backups say that there was one: the card was changed or the file removed.",
        "Restore with `lockerctl backup restore`. Never start with an empty one while parcels are inside.",
    ),
    Row(
        "STORE-408",
        "The ledger's schema could not be brought up to date",
        "流水結構升級失敗",
        "The migration was interrupted or met something unexpected; the old schema is untouched.",
        "Start the agent again; if it repeats, keep the file and call support.",
    ),
    Row(
        "STORE-409",
        "Another process holds the ledger",
        "流水被其他程序佔用",
        "A second agent or a technician's tool has the file open.",
        "Stop the other process; use `lockerctl` through the agent's socket.",
    ),
    Row(
        "STORE-410",
        "The journal's chain is broken",
        "流水鏈斷裂",
        "A row was changed, removed or added from outside.",
        "Keep the file; run `lockerctl journal verify`; call support.",
    ),
    Row(
        "STORE-411",
        "This SQLite is too old",
        "SQLite 版本過舊",
        "The program was installed without its own SQLite.",
        "Install the locker's package as a whole; do not use the system's SQLite.",
    ),
    Row(
        "STORE-412",
        "There is no backup to restore from",
        "沒有可還原的備份",
        "No backup was made yet, or none passed its check.",
        "Look on the configured backup targets; else call support.",
    ),
    Row(
        "STORE-413",
        "The backup does not open",
        "備份無法開啟",
        "Another key made it, or the file is damaged.",
        "Try the next older one, or the operator's recovery key.",
    ),
    Row(
        "STORE-414",
        "A key file is missing or open to others",
        "密鑰檔案遺失或權限過寬",
        "A file under `keys` was removed, shortened or its mode changed.",
        "Restore the file from the backup; set mode 0600. Never make a new one.",
    ),
    Row(
        "STORE-415",
        "The ledger takes no writes",
        "流水暫停寫入",
        "Its disk failed before; deposits are stopped.",
        "See the alarm that came first; pickups go on only with a second journal.",
    ),
    Row(
        "STORE-416",
        "The second journal cannot be used",
        "第二流水無法使用",
        "Its device is missing or full, or its chain is broken.",
        "Check the device named in `[storage] second_journal`.",
    ),
    Row(
        "STORE-417",
        "The tables differ from the journal",
        "資料表與流水不一致",
        "The file was changed from outside, or a rule changed without its migration.",
        "Run `lockerctl journal rebuild`; keep the old file; call support.",
    ),
    Row(
        "STORE-418",
        "The state directory cannot be used",
        "狀態目錄無法使用",
        "It is missing, or this user may not read and write it.",
        "Make it with the locker's own user as owner.",
    ),
    Row(
        "STORE-419",
        "The sealed data does not open",
        "密封資料無法開啟",
        "It was erased on time, or another key sealed it.",
        "Nothing to do where it was erased; else check the keys.",
    ),
    Row(
        "STORE-420",
        "The ledger is too busy",
        "流水過於繁忙",
        "The disk answers slowly and work piles up.",
        "Run `lockerctl doctor`; check the disk.",
    ),
    Row(
        "STORE-421",
        "The list cannot be taken",
        "清單無法匯入",
        "A line of the file is not what was expected; nothing of it was taken.",
        "Correct the line that the message names.",
    ),
    # CONF: locker.toml
    Row(
        "CONF-600",
        "The configuration has problems",
        "設定檔有問題",
        "One or more entries cannot be used; each is listed with its place and reason.",
        "Correct the listed entries and run `lockerctl config check FILE`.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-601",
        "The configuration file cannot be read",
        "無法讀取設定檔",
        "The name is wrong, or the present user may not read it.",
        "Give the file with --config FILE, or set LOCKER_CONFIG.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-602",
        "The file is not TOML",
        "設定檔不是有效的 TOML",
        "A quote, a bracket or an equals sign is missing, or the file was saved only in part.",
        "Go to the named line and correct it.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-603",
        "Unknown key",
        "未知的設定鍵",
        "A typing slip, or a key of another version.",
        "Use the suggested key, or take the line out.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-604",
        "A required key is missing",
        "缺少必要的設定鍵",
        "A section was begun but not completed.",
        "Add the key; `docs/configuration.md` shows every section whole.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-605",
        "A value has the wrong type or is not one of the allowed words",
        "設定值的型別不符或不在允許範圍",
        "A number in quotes, a word where a list belongs, or a misspelt choice.",
        "Write a value of the named kind.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-606",
        "A value is out of range",
        "設定值超出範圍",
        "The figure is not possible for this kind of board, port or rule.",
        "Choose a value inside the named bounds.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-607",
        "A name is used that is not defined",
        "引用了未定義的名稱",
        "A bus, board, size or door is misspelt or its section is missing.",
        "Correct the name or add the section.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-608",
        "A name is used twice",
        "名稱重複",
        "Two sections of one kind have the same name, or two use one port.",
        "Give each its own.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-609",
        "A door number is used twice",
        "箱門編號重複",
        "Two runs of compartments overlap, or a single compartment repeats a number of a run.",
        "Number each door as printed on it, once.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-610",
        "Two boards of one bus would answer to the same address",
        "同一匯流排上的鎖控板地址衝突",
        "The same address was given twice, or two families share one address space.",
        "Set another address on one board's switch and in locker.toml.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-611",
        "A channel is used by two doors",
        "一個通道被兩個箱門使用",
        "Two runs overlap, or two doors are sensed by one input.",
        "Give each door its own channel and its own sensor input.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-612",
        "A door has no sensor",
        "箱門沒有感測器",
        "The board has no inputs, or the sensor given senses presence and not the door.",
        "Name a board with inputs in `sensor`, sensing `latch` or `door`.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-613",
        "Boards on two buses could be mistaken for one another",
        "兩條匯流排上的鎖控板無法區分",
        "They have the same family and address, so swapped ports could not be noticed.",
        "Set another address on one of them. If impossible: `twin = true` on both, with by-path ports.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-614",
        "A bus needs exactly one of `port` and `network`",
        "匯流排須且只能設定 port 或 network 之一",
        "Both were given, or neither.",
        "Keep `port` for a serial device, `network` for a gateway on the LAN.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-615",
        "The map of doors is not possible",
        "箱門配置圖不成立",
        "Numbers and channels do not pair off, a run is not rising, or the columns leave a door out.",
        "Correct the run or the column as named.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-616",
        "The time zone is unknown",
        "未知的時區",
        "It is misspelt, or the system's time-zone data is missing.",
        "Write a name such as Asia/Hong_Kong.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-617",
        "The screen would be served beyond this machine",
        "螢幕服務位址超出本機",
        "`kiosk.listen` is not a loopback address.",
        "Use 127.0.0.1:PORT.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-618",
        "The pulse is outside what lock or board can take",
        "開鎖脈衝超出允許範圍",
        "Too short to pull the latch, or long enough to burn the coil.",
        "Use the lock's data sheet: 200 to 500 ms for solenoids, about 1000 ms for motor locks.",
        Exit.BAD_CONFIG,
    ),
    Row(
        "CONF-619",
        "No driver has this name",
        "沒有此名稱的驅動程式",
        "The name is misspelt, or the package that brings the driver is not installed.",
        "Use one of the names in the message, or install the maker's package.",
        Exit.BAD_CONFIG,
    ),
    # CTRL: the technician's tool and its socket
    Row(
        "CTRL-700",
        "The tool itself failed",
        "工具本身發生錯誤",
        "A fault in this program.",
        "Report the sentence beside the code together with the command you typed.",
    ),
    Row(
        "CTRL-701",
        "The agent does not answer",
        "控制程式無應答",
        "The agent holds the locker's state, but its socket is missing, full or hung.",
        "Look at `systemctl status locker-agent`; restart it, or stop it and use --direct.",
        Exit.AGENT_UNREACHABLE,
    ),
    Row(
        "CTRL-702",
        "You may not use the agent's socket",
        "無權使用控制介面",
        "The present user is not in the group that owns the socket.",
        "Run with sudo, or add yourself to the group of the socket and log in again.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "CTRL-703",
        "The hardware is in use",
        "硬體正在使用中",
        "The agent, or another lockerctl, holds the state lock of this locker.",
        "Wait until it is done; to get past the agent leave --direct out, or `systemctl stop locker-agent`.",
        Exit.BUSY,
    ),
    Row(
        "CTRL-704",
        "Not confirmed",
        "未經確認",
        "The question was answered with no, or there is no terminal to ask at.",
        "Repeat with --yes if you mean it.",
        Exit.NOT_ALLOWED,
    ),
    Row(
        "CTRL-705",
        "There is no such thing",
        "找不到指定的對象",
        "A board, channel, bus, scanner or code was named that the configuration does not have.",
        "Use one of the names in the message.",
        Exit.NOT_FOUND,
    ),
    Row(
        "CTRL-706",
        "The request does not fit the operation",
        "請求與操作不符",
        "A value of the wrong kind, or a client of another version.",
        "See `lockerctl VERB --help`; compare `lockerctl version` on both sides.",
        Exit.USAGE,
    ),
    Row(
        "CTRL-707",
        "This agent does not offer the operation",
        "此控制程式不提供該操作",
        "The agent is of another version, or the operation works only with --direct.",
        "Compare `lockerctl version` with the agent's; or stop the agent and use --direct.",
        Exit.NOT_FOUND,
    ),
)

EXPLANATIONS: dict[str, Row] = {row.code: row for row in _ROWS}


def explain(code: str) -> Row | None:
    """The row of a code, written in any case; None for a code that does not exist."""
    return EXPLANATIONS.get(code.strip().upper())


def exit_code_of(code: str) -> int:
    """How `lockerctl` ends on this code."""
    row = EXPLANATIONS.get(code)
    return row.exit_code if row else Exit.FAILED
