"""Whether a name (a variable, a key, an option) promises a secret; knows no value."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from chaos_otel.privacy.patterns import Pattern, words


class Suspicion(IntEnum):
    """How much a name says: with WEAK, the value decides too."""

    NONE = 0
    WEAK = 1
    STRONG = 2


# Variables that are in many environments, look like secrets and are none.
HARMLESS_VARIABLES = words("""
    AWS_SHARED_CREDENTIALS_FILE CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE DBUS_SESSION_BUS_ADDRESS
    DBUS_SESSION_BUS_PID DESKTOP_SESSION GDMSESSION GIT_ASKPASS GNOME_KEYRING_CONTROL
    GNOME_KEYRING_PID GOOGLE_APPLICATION_CREDENTIALS GPG_AGENT_INFO GPG_KEY GPG_TTY ITERM_SESSION_ID
    KEYTIMEOUT KRB5CCNAME LSCOLORS OLDPWD PASSWORD_STORE_DIR PWD SECURITYSESSIONID SESSION_MANAGER
    SESSIONNAME SSH_AGENT_PID SSH_ASKPASS SSH_AUTH_SOCK STY SUDO_ASKPASS TERM_SESSION_ID
    TOKENIZERS_PARALLELISM XAUTHORITY XDG_SESSION_CLASS XDG_SESSION_COOKIE XDG_SESSION_DESKTOP
    XDG_SESSION_ID XDG_SESSION_PATH XDG_SESSION_TYPE ZELLIJ_SESSION_NAME
    """)

_WORDS = Pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_STRONG_WORD = Pattern(
    r"(?:[a-z]*(?:passw(?:or)?d|passwort|passphrase|passcode|secret|token|credential"
    r"|(?:api|access|secret|private|account|auth|encryption|signing|master|shared|license)key"
    r"|connectionstring|connstr)"
    r"|cred|cookie|authorization|psk|pw"
    r"|[a-z]{0,8}(?:key|store)pass|(?:my|pg|db|mysql|user|root|admin|ssh|ftp|smtp|mail|redis|ldap|sudo)?(?:pass|pwd)"
    r")s?"
)
_WEAK_WORD = Pattern(r"auth|bearer|jwt|signature|sig|hmac|[a-z]{0,6}sess(?:ion)?(?:id)?")

# "access key", "stripe key": the word before "key" makes it one.
_KEY_OWNERS = words("""
    access account admin aes algolia anthropic api app application auth azure basic aws cf cipher
    client cloudflare cohere consumer crypto datadog dd decryption deploy django encrypt encryption
    firebase flask function gcp gemini github gitlab google grafana groq heroku hetzner hf hmac
    honeycomb huggingface influx jwt laravel licence license linode mailgun master mistral newrelic
    npm openai openrouter opsgenie pagerduty private pgp
    pypi rails relic restricted role rollbar root rsa
    secret sendgrid sentry server service session shared sign signing slack ssh storage stripe
    subscription tls totp twilio user vault vultr webhook wrapping
    """)

# "token_count", "password_file", "secret.py": what comes after says that it is only about a secret.
_ABOUT_AFTER = words("""
    age agent alg algorithm allowed arn at audience audiences backend budget bytes c cache cc cert
    changed check checked checker class client com conf configured cost count counter counts cpp
    created crt cs css days description dir disabled enabled endpoint engine env error errors
    exists expiration expire expired expires expiry extension failed field fields file files folder
    format found free generated go h header headers helper hint hints host hours id ids index info
    ini io issuer java js json kind kt label left len length lib library lifetime limit limits list
    loaded local location log manager max md method min missing mode mount ms name names net
    needed ok on org parser path paths pem period php plugin policies policy port position
    present prompt provider py quota rate rb ref reference refs region requests required reset
    response review reviewer rotated rotation rs scan scanner scope scopes seconds server
    service sh size sizes sock socket state stats status stdin store strength svc tf time timeout
    tmpl total toml ts ttl txt type types updated uri url usage used utils valid validation
    validator validity var variable version versions volume window xml yaml yml
    """)
_ABOUT_BEFORE = words("""
    available avg bound cached completion continuation context count input max mean min n next num
    number output page pagination per prompt pull reasoning remaining sync total used
    """)
# Test output is full of "PASS: test_login": alone, these need more than a colon behind them.
SHOUTED = words("PASS Pass PWD Pwd PW Pw")
_ABOUT_FIRST = words("""
    allow ask disable enable generate has hide is need needs no prompt require requires show skip
    use with without
""")


@lru_cache(maxsize=2048)
def suspicion(name: str) -> Suspicion:
    """Judge a name as it stands in text: any case, camelCase, joined by `_`, `-`, `.`, blanks."""
    spelled = [word[0] for word in _WORDS.finditer(name[:256])]
    lower = [word.lower() for word in spelled]
    for place in range(len(lower) - 1, -1, -1):
        if found := _word(lower, place):
            break
    else:
        return Suspicion.NONE
    return Suspicion.NONE if _only_about(lower, place) else found


def variable_is_secret(name: str) -> bool:
    """Whether an environment variable's value is to be treated as a secret wherever it turns up."""
    return name not in HARMLESS_VARIABLES and _any_case(name)


def _any_case(name: str) -> bool:
    return bool(suspicion(name) or suspicion(name.lower()))


def _word(lower: list[str], place: int) -> Suspicion:
    word, before = lower[place], lower[place - 1] if place else ""
    if _STRONG_WORD.fullmatch(word):
        return Suspicion.STRONG
    if word in ("key", "keys") and before in _KEY_OWNERS:
        return Suspicion.STRONG
    if word in ("string", "str") and before in ("connection", "conn"):
        return Suspicion.STRONG
    if (word == "pat" and before) or _WEAK_WORD.fullmatch(word):
        return Suspicion.WEAK
    return Suspicion.NONE


def _only_about(lower: list[str], place: int) -> bool:
    after = lower[place + 1 :]
    if lower[place] == "secret" and after == ["id"]:
        return False  # Vault's AppRole: the role id is a name, the secret id a password
    if lower[place].startswith("sess") and after == ["id"]:
        return False
    if not _ABOUT_AFTER.isdisjoint(after) or lower[0] in _ABOUT_FIRST:
        return True
    return place > 0 and lower[place - 1] in _ABOUT_BEFORE
