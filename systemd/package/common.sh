# Common lines of the maintainer scripts.
set -eu

STATE=/var/lib/locker
LEDGER=$STATE/ledger.db
VENV=/usr/lib/locker/venv
CONFIG=/etc/locker/locker.toml
SCHEMA=@SCHEMA@ # of this version's ledger
RUNNING=/run/locker-edge.was-running

say() { echo "locker-edge: $*" >&2; }

booted() { [ -d /run/systemd/system ]; }

# The schema of the ledger on this machine, from SQLite's header (user_version, bytes 60 to 63); 0 where there is none.
ledger_schema() {
	if [ -s "$LEDGER" ]; then
		od -An -tu1 -j60 -N4 "$LEDGER" | { read -r a b c d; echo $(((a << 24) + (b << 16) + (c << 8) + d)); }
	else
		echo 0
	fi
}

as_agent() { runuser --user locker-agent -- "$@"; }
