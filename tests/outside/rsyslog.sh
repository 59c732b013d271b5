#!/bin/bash
# A real rsyslogd with a configuration of its own, for tests that send syslog.
#
#   rsyslog.sh start FOLDER   prints the port, the same for TCP and UDP on 127.0.0.1
#   rsyslog.sh stop FOLDER
#
# FOLDER/raw.log holds each message as it arrived; FOLDER/parsed.jsonl holds one JSON object per
# message with what rsyslog itself read from it (RFC 5424): pri, timestamp, hostname, app, procid,
# msgid, structured, msg. Needs no root. Not here: TLS.
set -euo pipefail

usage() {
    echo "usage: rsyslog.sh start|stop FOLDER" >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)

free_port() {
    /usr/bin/python3 - <<'PYTHON'
import socket
while True:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            continue
        print(tcp.getsockname()[1])
        break
PYTHON
}

configuration() {
    cat <<CONFIGURATION
global(workDirectory="$folder" maxMessageSize="64k" parser.permitSlashInProgramName="on")
module(load="imtcp")
module(load="imudp")
input(type="imtcp" address="127.0.0.1" port="$1")
input(type="imudp" address="127.0.0.1" port="$1")
template(name="raw" type="string" string="%rawmsg%\n")
template(name="parsed" type="list" option.jsonf="on") {
    property(outname="pri" name="pri" format="jsonf")
    property(outname="timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="hostname" name="hostname" format="jsonf")
    property(outname="app" name="app-name" format="jsonf")
    property(outname="procid" name="procid" format="jsonf")
    property(outname="msgid" name="msgid" format="jsonf")
    property(outname="structured" name="structured-data" format="jsonf")
    property(outname="msg" name="msg" format="jsonf")
}
action(type="omfile" file="$folder/raw.log" template="raw")
action(type="omfile" file="$folder/parsed.jsonl" template="parsed")
CONFIGURATION
}

listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start() {
    local program port
    program=$(PATH=$PATH:/usr/sbin:/sbin command -v rsyslogd) || {
        echo "rsyslogd is missing: install rsyslog" >&2
        exit 1
    }
    port=$(free_port)
    configuration "$port" >"$folder/rsyslog.conf"
    : >"$folder/raw.log"
    : >"$folder/parsed.jsonl"
    "$program" -n -f "$folder/rsyslog.conf" -i "$folder/rsyslog.pid" \
        </dev/null >"$folder/rsyslogd.out" 2>&1 &
    for _ in $(seq 100); do
        if listens "$port"; then
            echo "$port"
            return
        fi
        sleep 0.05
    done
    echo "rsyslogd does not listen on port $port:" >&2
    cat "$folder/rsyslogd.out" >&2
    exit 1
}

stop() {
    local pid
    pid=$(cat "$folder/rsyslog.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.05
    done
    kill -9 "$pid"
}

case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
