"""The address of a repository as it may be recorded: where it is, not who reads it."""

from __future__ import annotations

import re

_URL = r"(?:https?|ssh|git|git\+ssh)://(?:[^@/]*@)?([^@/?#]+)(/[^?#]*)?"
_SCP = r"(?:[^@/:]+@)?([A-Za-z0-9._-]+):(?!/)([^?#]+)"


def repository_url(remote: str) -> str:
    """`https://HOST/PATH` for any way to write a remote; empty for what is no address on a network.

    Without user, password, query and `.git`, as `vcs.repository.url.full` asks for. A remote that
    is a folder gives nothing: its path may say who works here.
    """
    remote = remote.strip()
    if match := re.fullmatch(_URL, remote):
        host, path = match[1], match[2] or ""
        if not remote.startswith("http"):
            host = host.partition(":")[0]  # the port of ssh is none of a browser's
    elif "://" not in remote and (match := re.fullmatch(_SCP, remote)):
        host, path = match[1], f"/{match[2]}"
    else:
        return ""
    path = path.rstrip("/").removesuffix(".git")
    return "" if any(ord(letter) <= 32 for letter in host + path) else f"https://{host}{path}"
