#!/usr/bin/env python3
"""What `churnctl` adds to the statements that it gives Spark: `profile` of a table, and the same
statements by Spark's own client in one session, turn by turn. The statements are those that a relay
between the two saw; it also tells how long Spark waited for us: from an answer to what we said next,
from the start to the first word, from the last answer to the end. Prints wall times, best of all
rounds, their ratio, and the waiting. Asserts nothing.

    pip install 'pyspark[connect]'
    benches/spark.py target/release/churnctl 127.0.0.1:15002 table=parquet./data/table.parquet [ROUNDS]
"""

import socket
import subprocess
import sys
import threading
import time
import warnings

warnings.filterwarnings("ignore")
from pyspark.sql import SparkSession
from pyspark.sql.connect.proto import base_pb2

churnctl, server, rest = sys.argv[1:4]
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
host, port = server.rsplit(":", 1)


def profile(where):
    command = [churnctl, "profile", f"sc://{where}?{rest}", "-o", "/dev/null", "-q"]
    begin = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


class Waiting:
    """Seconds that passed while it was our turn."""

    def __init__(self):
        self.seconds, self.since, self.lock = 0.0, time.monotonic(), threading.Lock()

    def turn(self, ours):
        """Begins our turn or ends it."""
        with self.lock:
            now = time.monotonic()
            if self.since is not None:
                self.seconds += now - self.since
            self.since = now if ours else None


def relay(listener, seen, waiting):
    """Hands bytes on in both directions and keeps those of the client."""
    client, _ = listener.accept()
    upstream = socket.create_connection((host, int(port)))

    def pump(source, sink, keep):
        # Frames of HTTP/2; that of the client begins with a preface.
        rest, skip = bytearray(), 24 if keep else 0
        while data := source.recv(1 << 16):
            if keep:
                seen.extend(data)
            rest.extend(data)
            del rest[:skip]
            skip = 0
            while len(rest) >= 9 and len(rest) >= 9 + int.from_bytes(rest[:3], "big"):
                kind, flags = rest[3], rest[4]
                # Headers of a request end our turn, the end of an answer begins it.
                if keep and kind == 1:
                    waiting.turn(ours=False)
                elif not keep and kind in (0, 1) and flags & 1:
                    waiting.turn(ours=True)
                del rest[: 9 + int.from_bytes(rest[:3], "big")]
            sink.sendall(data)
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=pump, args=(upstream, client, False))
    back.start()
    pump(client, upstream, True)
    back.join()


def statements(seen):
    """The SQL of the requests to execute in what a client of HTTP/2 sent, after its preface."""
    streams, at = {}, 24
    while at + 9 <= len(seen):
        length = int.from_bytes(seen[at : at + 3], "big")
        stream = int.from_bytes(seen[at + 5 : at + 9], "big") & 0x7FFFFFFF
        if seen[at + 3] == 0:
            streams.setdefault(stream, bytearray()).extend(seen[at + 9 : at + 9 + length])
        at += 9 + length
    for message in streams.values():
        request = base_pb2.ExecutePlanRequest()
        try:
            request.ParseFromString(bytes(message[5:]))
        except Exception:  # a message of another kind
            continue
        if request.tags and request.plan.root.sql.query:
            yield request.plan.root.sql.query


def watched():
    listener, seen = socket.create_server(("127.0.0.1", 0)), bytearray()
    waiting = Waiting()
    thread = threading.Thread(target=relay, args=(listener, seen, waiting))
    thread.start()
    wall = profile("127.0.0.1:%d" % listener.getsockname()[1])
    waiting.turn(ours=False)
    thread.join()
    return wall, waiting.seconds, seen


profile(server)
wall, waited, seen = watched()
queries = list(statements(bytes(seen)))
spark = SparkSession.builder.remote(f"sc://{server}").getOrCreate()


def replay():
    begin = time.monotonic()
    for query in queries:
        spark.sql(query).collect()
    return time.monotonic() - begin


ours, theirs = [], []
for _ in range(rounds):
    ours.append(profile(server))
    theirs.append(replay())
print(
    f"{len(queries)} statements  churnctl {min(ours):.2f} s  client {min(theirs):.2f} s  "
    f"ratio {min(ours) / min(theirs):.3f}"
)
print("churnctl", *(f"{x:.2f}" for x in ours), " client", *(f"{x:.2f}" for x in theirs))
print(f"waited for churnctl: {waited:.2f} s of {wall:.2f} s, {waited / wall:.1%}")
