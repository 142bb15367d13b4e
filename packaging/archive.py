#!/usr/bin/env python3
"""Packs a binary with manuals, completions and licences; the same input gives the same bytes.

    packaging/archive.py target/x86_64-unknown-linux-musl/dist/churnctl x86_64-unknown-linux-musl THIRD-PARTY-NOTICES.txt dist

Writes churnctl-VERSION-TARGET.tar.gz into the last folder. SOURCE_DATE_EPOCH is the time of everything in it.
"""

import gzip
import io
import os
import pathlib
import re
import sys
import tarfile


def main():
    binary, target, notices, out = (pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]))
    root = pathlib.Path(__file__).resolve().parent.parent
    version = re.search(r'^version = "([^"]+)"', (root / "Cargo.toml").read_text(), re.M)[1]
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    name = f"churnctl-{version}-{target}"
    files = {"churnctl": binary, "THIRD-PARTY-NOTICES.txt": notices}
    files.update({one: root / one for one in ("README.md", "CHANGELOG.md", "LICENSE")})
    for folder in ("man", "completions"):
        files.update({f"{folder}/{file.name}": file for file in sorted((root / folder).iterdir())})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for inside, file in sorted(files.items()):
            member = tarfile.TarInfo(f"{name}/{inside}")
            data = file.read_bytes()
            member.size, member.mtime = len(data), time
            member.mode = 0o755 if inside == "churnctl" else 0o644
            archive.addfile(member, io.BytesIO(data))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.tar.gz"
    path.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=time))
    print(path)


if __name__ == "__main__":
    main()
