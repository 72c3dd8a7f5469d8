"""Runs Autobahn's cases of the WebSocket protocol, but for those of extensions, against an echo server.

Usage: autobahn.py ECHO_PROGRAM. The program prints its address and ends with its standard input.
"""

import asyncio
import os
import subprocess
import sys

from kosoku import FailureError, run_fuzzingclient

# Compression (RFC 7692), which the server does not offer.
EXTENSIONS = ["12.*", "13.*"]

CASES = 301

PASSED = {"OK", "INFORMATIONAL"}


async def run(address):
    """Results of all cases, failed ones included."""
    try:
        return await run_fuzzingclient(address, exclude_cases=EXTENSIONS, concurrency=4)
    except FailureError as error:
        print(f"cases failed: {error}", file=sys.stderr)
        sys.exit(1)


def main():
    echo = subprocess.Popen(
        [sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        results = asyncio.run(run(echo.stdout.readline().strip()))
    finally:
        echo.stdin.close()
        echo.wait()
    bad = [
        (result.case_id, result.behavior.value, result.behavior_close.value)
        for result in results
        if result.behavior.value not in PASSED or result.behavior_close.value not in PASSED
    ]
    if bad:
        sys.exit(f"cases failed: {bad}")
    if len(results) != CASES:
        sys.exit(f"{len(results)} cases were run, not {CASES}")
    print(f"{len(results)} cases passed", flush=True)
    # At once: a thread of kosoku's own that still runs while the interpreter ends aborts the process.
    os._exit(0)


main()
