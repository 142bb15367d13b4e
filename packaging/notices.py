#!/usr/bin/env python3
"""Writes the licences of everything that is in the binary, for the archive, the wheel and the Debian package.

    packaging/notices.py > THIRD-PARTY-NOTICES.txt

Asks cargo for the crates that a release is built from, and copies the licence files that lie in their sources. A crate
without one is listed with the licence that it declares. deny.toml says which licences may be among them.
"""

import json
import pathlib
import subprocess
import sys

FEATURES = "mysql,object-store,otel,spark"
NAMES = ("license", "licence", "copying", "notice", "unlicense", "copyright")
# The tables of `churnctl demo`.
DATA = """The tables of `churnctl demo` are IBM's Telco customer churn sample in the form of `wa_churn` of the R package
modeldata 1.1.0, MIT licence, copyright the authors of modeldata.
"""


def crates():
    """Returns the packages of the release, by name and version: what is built in, not what builds or tests."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--features", FEATURES]
    metadata = json.loads(subprocess.check_output(command))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    wanted, todo = set(), [metadata["resolve"]["root"]]
    while todo:
        this = todo.pop()
        if this in wanted:
            continue
        wanted.add(this)
        for dependency in nodes[this]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    ours = set(metadata["workspace_members"])
    found = [packages[one] for one in wanted - ours]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def texts(package):
    """Returns the licence files of a package."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and file.name.lower().startswith(NAMES)]
    return [file.read_text(encoding="utf-8", errors="replace").strip() for file in files]


def main():
    out = sys.stdout
    out.write("churnctl is under the Apache License 2.0 (LICENSE). In its binary are the following works of others.\n\n")
    out.write(DATA)
    users = {}
    for package in crates():
        name = f"{package['name']} {package['version']} ({package['license'] or 'see below'})"
        for text in texts(package) or [f"No licence file in the crate; it declares {package['license']}."]:
            users.setdefault(text, []).append(name)
    for text, names in sorted(users.items(), key=lambda entry: entry[1]):
        out.write("\n" + "=" * 80 + "\n" + "\n".join(names) + "\n" + "-" * 80 + "\n" + text + "\n")


if __name__ == "__main__":
    main()
