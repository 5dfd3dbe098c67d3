#!/usr/bin/env python3
"""What `riffle serve` adds to a delta, and what it costs.

usage: serve.py [--riffle target/release/riffle] [--streams 16] [--rate 100] [--seconds 10]

A model server on a loopback port writes the time into each token. Clients read the same streams once from the model
server itself (the floor: Python, sockets, the machine) and once through `riffle serve`, by `/stream` and by
`/v1/chat/completions`. Prints for each way the ms from a token's writing to its reading, and what `serve` used of a core.
"""
import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--riffle", default="target/release/riffle")
parser.add_argument("--streams", type=int, default=16)
parser.add_argument("--rate", type=int, default=100, help="tokens a second of each stream")
parser.add_argument("--seconds", type=float, default=10)
TOKEN = "bench"


async def answer(reader, writer, rate, seconds):
    """One streamed answer whose tokens are the times at which they were written."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    if length:
        await reader.readexactly(int(length[0].split(b":")[1]))
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    start = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0, start + number / rate - time.monotonic()))
        delta = {"choices": [{"index": 0, "delta": {"content": f"@{time.monotonic():.6f} "}}]}
        writer.write(b"data: " + json.dumps(delta).encode() + b"\n\n")
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    writer.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")
    await writer.drain()
    writer.close()


def model_server(port, rate, seconds):
    async def serve():
        server = await asyncio.start_server(lambda r, w: answer(r, w, rate, seconds), "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()
    asyncio.run(serve())


async def read_one(port, request, late):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    while line := await reader.readline():
        now = time.monotonic()
        at = line.find(b"@")
        if at >= 0:
            late.append(now - float(line[at + 1:at + 15].split()[0]))
        if b"[DONE]" in line:
            break
    writer.close()


def request(place, body=None):
    head = f"Host: 127.0.0.1:%d\r\nAuthorization: Bearer {TOKEN}\r\n"
    if body is None:
        return f"GET {place} HTTP/1.1\r\n{head}\r\n"
    body = json.dumps(body)
    return (f"POST {place} HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name, port, text, streams, pid=None):
    async def all_of_them():
        late = []
        await asyncio.gather(*[read_one(port, (text % port).encode(), late) for _ in range(streams)])
        return sorted(late)
    used, start = cpu(pid) if pid else 0, time.monotonic()
    late = asyncio.run(all_of_them())
    took = time.monotonic() - start
    if not late:
        raise SystemExit(f"{name}: no token came")
    quantile = {q: late[int(len(late) * q)] * 1000 for q in (0.5, 0.99)}
    cost = f"   {100 * (cpu(pid) - used) / took:5.1f} % of a core" if pid else ""
    print(f"{name:24} {streams:3} streams {len(late):6} tokens   p50 {quantile[0.5]:6.2f}   p99 {quantile[0.99]:6.2f} ms{cost}")
    return quantile


def main():
    options = parser.parse_args()
    port = multiprocessing.Value("i", 0)
    upstream = multiprocessing.Process(target=model_server, args=(port, options.rate, options.seconds), daemon=True)
    upstream.start()
    while not port.value:
        time.sleep(0.01)
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], "RIFFLE_SERVE_TOKEN": TOKEN}
        command = [options.riffle, "--data-dir", f"{home}/data", "--base-url", f"http://127.0.0.1:{port.value}/v1",
                   "--model", "m", "--no-tools", "serve", "--listen", "127.0.0.1:0"]
        serve = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        served = int(serve.stdout.readline().strip().rsplit(":", 1)[1])
        try:
            chat = {"model": f"127.0.0.1:{port.value}/m", "stream": True,
                    "messages": [{"role": "user", "content": "hi"}]}
            for streams in (1, options.streams):
                floor = measure("model server", port.value, request("/v1/chat/completions", chat), streams)
                for name, text in (("/stream", request("/stream?question=hi")),
                                   ("/v1/chat/completions", request("/v1/chat/completions", chat))):
                    through = measure(name, served, text, streams, serve.pid)
                    added = {q: through[q] - floor[q] for q in through}
                    print(f"{'':24} added: p50 {added[0.5]:.2f} ms, p99 {added[0.99]:.2f} ms")
        finally:
            serve.terminate()
            serve.wait()
            upstream.terminate()


main()
