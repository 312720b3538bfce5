"""Puts a small service into ./target, and asks whether it answers until it does.

chaos-otel run -- pyinfra inventory.py deploy.py -y
"""

from io import StringIO

from pyinfra import host
from pyinfra.operations import files, python, server

CONFIG = "port = 8080\nworkers = 2\n"

files.directory(name="Make the folder", path="target")
files.put(name="Write the settings", src=StringIO(CONFIG), dest="target/service.toml")
# found as it should be: unchanged, wherever a host really looks
files.put(name="Write them again", src=StringIO(CONFIG), dest="target/service.toml")


def migrate():
    """Operations that are called by an operation stand below it."""
    for number in (1, 2):
        server.shell(
            name=f"Migration {number}", commands=[f"echo {number} >>target/schema; echo done"]
        )


python.call(name="Migrate", function=migrate)

ASK = "echo x >>target/asked; echo asked $(wc -l <target/asked); test $(wc -l <target/asked) = 3"
server.shell(name="Ask whether it answers", commands=[ASK], _retries=4, _retry_delay=0)

if host.name == "@local":
    server.shell(name="Remove the old release", commands=["rmdir target/old"], _ignore_errors=True)
