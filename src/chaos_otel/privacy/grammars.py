"""Which words of which commands are secrets: the table, and nothing that reads it.

To add a command: one line in `GRAMMARS`, and the beginning of its name in `NAMES`.
"""

from __future__ import annotations

from typing import NamedTuple

from chaos_otel.privacy.patterns import words


class Grammar(NamedTuple):
    """What the words after a command's name mean.

    `following`: the word after one of these options is a secret. `glued`: what is glued to one of
    these is. `pair`: either way, if `mark` is in it (`user:password`). `behind`: what comes behind
    this inside any word that is no option.
    """

    following: tuple[str, ...] = ()
    glued: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    mark: str = ":"
    behind: str = ""


# The grammar of commands, each named by the last part of its path, or by its last two words.
_FAMILIES = {
    """
    7z mariadb mariadb-admin mariadb-dump mycli mysql mysqladmin mysqlcheck mysqldump mysqlimport
    mysqlsh mysqlshow
    """: Grammar(glued=("-p",)),
    """
    login mongo mongodump mongoexport mongoimport mongorestore mongosh sshpass
    """: Grammar(("-p",), glued=("-p",)),
    "ldapadd ldapdelete ldapmodify ldapsearch ldapwhoami": Grammar(("-w",), glued=("-w",)),
    "ldappasswd": Grammar(("-w", "-s", "-a"), glued=("-w",)),
    "rpcclient smbclient smbget": Grammar(pair=("-U", "--user"), mark="%"),
    "snmpget snmpset snmpwalk": Grammar(("-A", "-X", "-c")),
    "bcp ipmitool sqlcmd unzip zip": Grammar(("-P",), glued=("-P",)),
    "keydb-cli redis-cli valkey-cli": Grammar(("-a", "--pass"), glued=("-a",)),
    "curl": Grammar(
        ("--oauth2-bearer", "--pass", "--proxy-pass", "--tlspassword", "-b", "--cookie"),
        pair=("-u", "--user", "-U", "--proxy-user", "-E", "--cert"),
    ),
    "http https": Grammar(pair=("-a", "--auth")),
    "lftp": Grammar(pair=("-u",), mark=","),
    "keytool": Grammar(("-storepass", "-keypass")),
    "openssl": Grammar(("-K", "-k"), behind="pass:"),
    "sqlplus": Grammar(behind="/"),
    "doctl": Grammar(("-t",)),
    "config:set": Grammar(behind="="),
}
GRAMMARS = {name: grammar for names, grammar in _FAMILIES.items() for name in words(names)} | {
    "secret set": Grammar(("-b", "--body"), behind="="),
    "secrets set": Grammar(behind="="),
}

# One of these (in lower case) is in each line of text that is worth splitting into words …
TRIGGERS = (" -", " set ", "config:set", "sqlplus")
# … and one of these too.
NAMES = (
    r"\b(?:7z|bcp|config:set|curl|doctl|from-literal|htpasswd|https? |ipmitool|keydb-cli|keytool"
    r"|ldap|lftp|login|mariadb|mongo|mycli|mysql|openssl|redis-cli|rpcclient|set|smb|snmp|sqlcmd"
    r"|sqlplus|sshpass|unzip|valkey-cli|zip)"
)
