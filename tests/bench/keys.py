#!/usr/bin/env python3
"""How long a key takes to the screen while an answer streams into a long chat, beside an echo program in the same run.

  keys.py [target/release/riffle] [--lines 20000] [--rate 500] [--keys 400]

A letter is typed on a pseudo-terminal of 120x40, and the time is taken until the read that brings its bytes. The answers
come from a server on 127.0.0.1 in a process of its own; the chat is made anew in a folder of its own. Only Python's own
modules are needed.
"""

import argparse
import fcntl
import json
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LETTER = "Ж".encode()
WORDS = "the tent holds well in wind and rain when its poles are set low with *care* and `four` pegs\n\n".split(" ")


class Server(BaseHTTPRequestHandler):
    """Streams tokens at a rate, for ever or until the other side is gone."""

    protocol_version = "HTTP/1.1"
    rate = 500
    pieces = [word + " " for word in WORDS]

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        start, sent = time.perf_counter(), 0
        try:
            while True:
                due = int((time.perf_counter() - start) * self.rate)
                for at in range(sent, due):
                    token = {"choices": [{"index": 0, "delta": {"content": self.pieces[at % len(self.pieces)]}}]}
                    self.wfile.write(f"data: {json.dumps(token)}\n\n".encode())
                sent = max(sent, due)
                time.sleep(1 / self.rate)
        except OSError:
            pass


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, command, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.late = b""

    def read_until(self, wanted, seconds=20):
        """The time of the read that brought this; what came before the call does not count."""
        seen, end = b"", time.perf_counter() + seconds
        while True:
            left = end - time.perf_counter()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise SystemExit(f"never on the screen: {wanted!r}; last: {seen[-400:]!r}")
            seen = seen[-64:] + os.read(self.fd, 65536)
            if wanted in seen:
                return time.perf_counter()

    def drain(self, seconds):
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                os.read(self.fd, 65536)

    def press(self, count):
        """Presses a letter so many times; the times in ms, shortest first."""
        times = []
        for at in range(count):
            self.drain(random.uniform(0.015, 0.045))
            start = time.perf_counter()
            os.write(self.fd, LETTER)
            times.append((self.read_until(LETTER) - start) * 1000)
            if at % 40 == 39:
                os.write(self.fd, b"\x15")
        return sorted(times)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def chat(lines):
    """A chat of about so many lines, as `riffle history import` reads it."""
    answer = "\n\n".join(
        ["## What to take", " ".join(WORDS[:-1]) * 3, "- one thing\n- another\n- a third", "```\nlet x = 1;\nlet y = 2;\n```",
         "| tent | grams |\n|---|---|\n| Ridgeline | 1100 |\n| Basecamp | 3050 |"] * 2)
    messages = []
    for turn in range(lines // 40):
        messages.append({"id": f"q{turn}", "role": "user", "text": f"And number {turn}?"})
        messages.append({"id": f"a{turn}", "role": "assistant", "text": answer})
    return {"id": "long", "title": "A long chat", "messages": messages}


def row(what, times, floor=None):
    def at(share, values):
        return values[round((len(values) - 1) * share)]
    p50, p99 = at(0.5, times), at(0.99, times)
    above = "" if floor is None else f"   p99 above the floor {p99 - at(0.99, floor):6.2f}, must 16"
    print(f"{what:<44} p50 {p50:6.2f}   p99 {p99:6.2f}   most {times[-1]:6.2f}{above}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary", nargs="?", default="target/release/riffle")
    options.add_argument("--lines", type=int, default=20_000)
    options.add_argument("--rate", type=int, default=500)
    options.add_argument("--keys", type=int, default=400)
    options.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = options.parse_args()
    if options.echo:
        tty.setraw(0)
        os.write(1, b"ready")
        while letter := os.read(0, 64):
            os.write(1, letter)
        return
    if options.serve:
        Server.rate = options.rate
        server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
        print(server.server_port, flush=True)
        server.serve_forever()
        return
    binary = os.path.abspath(options.binary)
    command = [sys.executable, "-S", "-E", os.path.abspath(__file__)]
    server = subprocess.Popen([*command, "--serve", "--rate", str(options.rate)], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as home:
            measure(options, binary, command, port, home)
    finally:
        server.terminate()
        server.wait()


def measure(options, binary, command, port, home):
    env = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "KEY": "sk-none"}
    flags = ["--data-dir", home + "/data"]
    with open(home + "/chat.json", "w", encoding="utf-8") as file:
        json.dump(chat(options.lines), file)
    subprocess.run([binary, "history", "import", *flags, home + "/chat.json"], env=env, check=True, capture_output=True)
    echo = Terminal([*command, "--echo"], env)
    echo.read_until(b"ready")
    floor = echo.press(options.keys)
    flags += ["--continue", "--api", "openai-chat", "--base-url", f"http://127.0.0.1:{port}/v1", "--api-key-env", "KEY",
              "--model", "m", "--no-tools"]
    screen = Terminal([binary, *flags], env)
    screen.read_until(b"Basecamp")
    screen.drain(1)
    idle = screen.press(options.keys)
    os.write(screen.fd, b"\x15tell me\r")
    screen.drain(1)
    streaming = screen.press(options.keys)
    floor = sorted(floor + echo.press(options.keys))
    echo.end()
    screen.end()
    print(f"ms from a key to its bytes, {options.lines} lines, {options.rate} tokens/s")
    row("echo program (before and after)", floor)
    row("riffle, nothing streams", idle, floor)
    row("riffle, an answer streams", streaming, floor)


if __name__ == "__main__":
    main()
