#!/usr/bin/env python3
"""Runs the build steps of the Dockerfile on this machine, where no container engine is.

What it proves: the files that .dockerignore lets through are enough to build, the commands of the build stage run,
what the last stage copies from it exists, and the binary starts as the image's unprivileged user with the image's
environment and passes the image's own health check. What it cannot prove: anything about the base images.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent


def instructions(text):
    """(name, arguments) of every instruction, continuation lines joined, comments left out."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    for line in filter(str.strip, joined.splitlines()):
        name, _, arguments = line.strip().partition(" ")
        yield name.upper(), arguments.strip()


def stages(text):
    """The instructions of each stage by its name; the last has the name of its base image."""
    found = {}
    for name, arguments in instructions(text):
        if name == "FROM":
            base, *alias = re.split(r"\s+as\s+", arguments, flags=re.IGNORECASE)
            current = found.setdefault(alias[0] if alias else base, [])
        else:
            current.append((name, arguments))
    return found


def context():
    """The top-level names that the build sees: all but those that the ignore file names."""
    rules = [line.strip() for line in (REPO / ".dockerignore").read_text().splitlines()]
    rules = [line for line in rules if line and not line.startswith("#")]
    assert not any(set(rule) & set("!/*?[") for rule in rules), "this script understands only top-level names"
    return [path for path in REPO.iterdir() if path.name not in rules]


def build(steps, root):
    """Runs a stage with `root` in place of /. Returns nothing; fails as the command fails."""
    folder = root
    for name, arguments in steps:
        if name == "WORKDIR":
            folder = root / arguments.lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
        elif name == "COPY" and arguments == ". .":
            for path in context():
                copy = shutil.copytree if path.is_dir() else shutil.copy2
                copy(path, folder / path.name)
        elif name == "RUN":
            # Absolute paths under the WORKDIR are the image's, not this machine's.
            command = re.sub(r"(?<![\w.])/src(?=/|\s|$)", str(folder), arguments)
            print("RUN", command, flush=True)
            subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True)
        else:
            sys.exit(f"build-steps: {name} {arguments}: not understood")


def start(steps, root):
    """Starts what the last stage describes and asks its health check."""
    last = dict(steps)
    for name, arguments in steps:
        if name == "COPY":
            source = arguments.removeprefix("--from=build").split()[0]
            where = root / source.lstrip("/") if source.startswith("/src/") else Path(source)
            assert where.exists(), f"COPY --from=build {source}: not there"
    assert "VOLUME" in last, "no volume for the data"
    user, group = map(int, last["USER"].split(":"))
    assert user != 0, "the image runs as root"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        os.chmod(data, 0o755)
        own = Path(data, "data")
        own.mkdir(mode=0o700)
        binary = shutil.copy2(root / "src/fasti", Path(data, "fasti"))
        privileged = os.getuid() == 0
        if privileged:
            os.chown(own, user, group)
        variables = dict(item.split("=", 1) for item in shlex.split(last["ENV"]))
        variables |= {"FASTI_LISTEN": f"0.0.0.0:{port}", "FASTI_DATA_DIR": str(own)}
        assert variables.keys() == {item.split("=", 1)[0] for item in shlex.split(last["ENV"])}
        identity = {"user": user, "group": group, "extra_groups": []} if privileged else {}
        options = {"env": variables, "cwd": "/", **identity}
        server = subprocess.Popen([binary, *json.loads(last["CMD"])], **options)
        try:
            health = json.loads(last["HEALTHCHECK"].split(" CMD ")[1])
            for _ in range(50):
                time.sleep(0.2)
                if subprocess.run([binary, *health[1:]], **options, stderr=subprocess.DEVNULL).returncode == 0:
                    break
            else:
                sys.exit("build-steps: the health check never passed")
        finally:
            server.terminate()
        assert server.wait(40) == 0, f"SIGTERM ended it with status {server.returncode}"


def main():
    root = REPO / "target" / "docker-check"
    found = stages((REPO / "Dockerfile").read_text())
    first, *_, last = found.values()
    # The build output stays for the next run; the sources are always new.
    for path in (root / "src").glob("*") if root.exists() else []:
        if path.name != "target":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    build(first, root)
    start(last, root)
    print("build-steps: built, started as the image's user, healthy, stopped")


if __name__ == "__main__":
    main()
