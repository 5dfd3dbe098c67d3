#!/usr/bin/env python3
"""Finds the functions that run with each delta of a streaming answer, and writes the linker script that lays them next to
each other.

  CARGO_PROFILE_RELEASE_STRIP=false cargo build --release
  link_order.py [target/release/riffle] [--seconds 20] [--rate 50] > assets/build/streaming.ld

The program runs under valgrind's callgrind on a pseudo-terminal, beside a server on 127.0.0.1; valgrind and binutils' nm
are needed. The script names functions without the hash that tells one build from another, so that it stays true as long as
they keep their names; a name that is gone is ignored.
"""

import argparse
import collections
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import ThreadingHTTPServer

import keys

PARAGRAPH = ["The", *(" " + word for word in "trail tent keeps a light frame under heavy rain while warm air moves".split()), "."]
CODE = ["```rust\n", "fn", " stay", "(n", ": u32", ")", " {\n", "    let", " rate", " = 48", ";", "\n", "}\n", "```\n\n"]
LIST = ["-", " check", " the", " pegs", "\n", "-", " the", " poles", ",", " too", "\n\n"]
TABLE = ["|", " tent", " |", " grams", " |\n", "|---|---|\n", "| Ridgeline", " | 1100", " |\n\n"]
ANSWER = [*PARAGRAPH * 4, "\n\n", *CODE, *PARAGRAPH * 4, "\n\n", *LIST, *PARAGRAPH * 4, "\n\n", *TABLE]
# A function of which there are more instances than this is laid apart, and left out where they are larger than that: most
# of them are others' than those that run.
INSTANCES, TOGETHER, BYTES = 4, 3_000, 25_000
# Polls every task.
ALWAYS = "task3raw4poll"
# What runs only in the thread that draws, once a frame, and in the one that writes the history.
DRAWING, WRITING = "Session11draw_if_due", "writer5Actor"


def named(symbol):
    """A symbol without the hash of its build."""
    return re.sub(r"17h[0-9a-f]{16}E.*$", "17h*", symbol)


def calls_in(path):
    """How often each function was called, and by which ones, from callgrind's notes of one thread."""
    names, calls, called_by = {}, collections.Counter(), collections.defaultdict(dict)
    caller = callee = None
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if found := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
                is_call, number, name = found.groups()
                if name:
                    names[number] = named(re.sub(r"'\d+$", "", name))
                if is_call:
                    callee = names[number]
                else:
                    caller = names[number]
                    calls[caller] += 0
            elif line.startswith("calls="):
                count = int(line[len("calls="):].split()[0])
                calls[callee] += count
                called_by[caller][callee] = called_by[caller].get(callee, 0) + count
    return calls, called_by


def along(calls, called_by, roots):
    """Functions in the order in which they call each other, from the roots on."""
    order, rest = [], [*calls, *reversed(roots)]
    seen = set()
    while rest:
        name = rest.pop()
        if name not in seen:
            seen.add(name)
            order.append(name)
            rest.extend(sorted(called_by.get(name, {}), key=lambda callee: called_by[name][callee]))
    return order


def run(binary, port, seconds, folder):
    """Runs the program under callgrind, with an answer that streams in for so long, if at all; gives what was called in its
    threads that draw and that write the history."""
    env = {"HOME": folder, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "KEY": "sk-none"}
    valgrind = subprocess.run(["which", "valgrind"], check=True, capture_output=True, text=True).stdout.strip()
    screen = keys.Terminal(
        [valgrind, "--tool=callgrind", "--separate-threads=yes", "--demangle=no", f"--callgrind-out-file={folder}/notes",
         f"--log-file={folder}/log", binary, "--data-dir", folder + "/data", "--api", "openai-chat", "--base-url",
         f"http://127.0.0.1:{port}/v1", "--api-key-env", "KEY", "--model", "m", "--no-tools"], env)
    screen.read_until(b"riffle", 120)
    screen.drain(5)
    if seconds > 0:
        os.write(screen.fd, b"tell me\r")
        screen.drain(seconds)
    os.kill(screen.pid, signal.SIGTERM)
    try:
        screen.drain(120)
    except OSError:
        pass
    os.waitpid(screen.pid, 0)
    threads = [calls_in(path) for path in glob.glob(folder + "/notes-*")]
    return [next(thread for thread in threads if any(mark in name for name in thread[0])) for mark in (DRAWING, WRITING)]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary", nargs="?", default="target/release/riffle")
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--rate", type=int, default=50)
    options = options.parse_args()
    sizes = collections.defaultdict(list)
    symbols = subprocess.run(["nm", "-S", "--defined-only", options.binary], check=True, capture_output=True, text=True)
    for line in symbols.stdout.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in "tTwW":
            sizes[named(fields[3])].append(int(fields[1], 16))
    keys.Server.rate, keys.Server.pieces = options.rate, ANSWER
    server = ThreadingHTTPServer(("127.0.0.1", 0), keys.Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runs = []
    for seconds in (0, options.seconds):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(run(os.path.abspath(options.binary), server.server_port, seconds, folder))
    (idle_drawing, idle_writing), (drawing, writing) = runs
    # What a start and an end take does not count.
    drawn, written = drawing[0] - idle_drawing[0], writing[0] - idle_writing[0]
    frames = next(count for name, count in drawn.items() if DRAWING in name)
    often, seldom, shared = [], [], []
    roots = [name for name in drawing[0] if "current_thread7Context8run_task" in name]
    for name in dict.fromkeys(along(*drawing, roots) + along(*writing, [])):
        size = sum(sizes.get(name, []))
        a_frame = max(drawn[name], written[name]) / frames
        if size == 0 or a_frame < 0.01 or not name.startswith(("_ZN", "sqlite3")):
            continue
        if len(sizes[name]) > INSTANCES and size > TOGETHER:
            if size <= BYTES or ALWAYS in name:
                shared.append(name)
        elif a_frame >= 0.5:
            often.append(name)
        else:
            seldom.append(name)
    total = sum(sum(sizes[name]) for name in often + shared + seldom)
    print(f"{frames} frames; {len(often)} functions often, {len(shared)} of many kinds, {len(seldom)} seldom; {total} bytes",
          file=sys.stderr)
    print("/* The functions that run while an answer streams in: often, of many kinds, seldom. Written by")
    print("   tests/bench/link_order.py; the output section is found by its name in `readelf -S`. */")
    print("SECTIONS {\n  .text.streaming : {")
    for name in often + shared + seldom:
        print(f"    *(.text.{name})")
    print("  }\n}\nINSERT BEFORE .text;")


if __name__ == "__main__":
    main()
